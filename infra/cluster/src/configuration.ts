import {
  API_PORT,
  CLUSTER_DOMAIN,
  DNS_SERVICE_ADDRESS,
  NODE_ADDRESS,
  NODE_NAME,
  POD_NETWORK,
  SERVICE_NETWORK,
} from './addresses.js';
import type { ClusterLayout } from './layout.js';

/** Who calls the API server, and as whom: the names that Kubernetes' own roles are bound to. */
export const CALLERS = {
  admin: { user: 'admin', groups: ['system:masters'] },
  controllers: { user: 'system:kube-controller-manager', groups: [] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  kubelet: { user: `system:node:${NODE_NAME}`, groups: ['system:nodes'] },
  proxy: { user: 'system:kube-proxy', groups: [] },
} as const;

export type Caller = keyof typeof CALLERS;
export type Tokens = Record<Caller, string>;

/** The API server's file of tokens: token, user, user id, groups. */
export function tokenFile(tokens: Tokens): string {
  return Object.entries(CALLERS)
    .map(([caller, { user, groups }]) => `${tokens[caller as Caller]},${user},${user},"${groups.join(',')}"\n`)
    .join('');
}

export interface KubeconfigOptions {
  readonly server: string;
  readonly token: string;
  readonly certificateAuthority: string;
}

/** JSON is YAML, so every file here is written as JSON. */
export function kubeconfig({ server, token, certificateAuthority }: KubeconfigOptions): string {
  return json({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'dailydoco',
        // From outside the server is met at a loopback port, which its certificate does not name.
        cluster: { server, 'certificate-authority': certificateAuthority, 'tls-server-name': 'kubernetes' },
      },
    ],
    users: [{ name: 'me', user: { token } }],
    contexts: [{ name: 'dailydoco', context: { cluster: 'dailydoco', user: 'me', namespace: 'default' } }],
    'current-context': 'dailydoco',
  });
}

export const PAUSE_IMAGE = 'dailydoco.dev/pause:1';
export const DNS_IMAGE = 'dailydoco.dev/coredns:1';

/** Containerd with its state in the private /run of the cluster and no registry. */
export function containerdConfig(layout: ClusterLayout): string {
  return `version = 2
root = "${layout.containerdDir}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "${layout.containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  # Not every machine has this one among its cgroup hierarchies.
  disable_hugetlb_controller = true
  # Without CAP_SYS_RESOURCE, as in many virtual machines, nothing may be made less likely to be killed than this process is.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${layout.configDir}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`;
}

/**
 * Each pod hangs on the node by a pair of interfaces and a route, without a bridge: then every packet between pods is forwarded
 * by the node, where Services are translated and policies enforced.
 */
export function networkConfig(): string {
  return json({
    cniVersion: '0.4.0',
    name: 'dailydoco',
    plugins: [
      {
        type: 'ptp',
        mtu: 1500,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni/networks',
          ranges: [[{ subnet: POD_NETWORK }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  });
}

/** The group under which the kubelet keeps its pods, in every cgroup hierarchy. */
export const CGROUP = 'dailydoco-cluster';

export function kubeletConfig(layout: ClusterLayout): string {
  return json({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${CGROUP}`,
    enforceNodeAllocatable: [],
    containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
    // Nobody but the API server and the pods of this cluster can reach the kubelet's port.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    clusterDNS: [DNS_SERVICE_ADDRESS],
    clusterDomain: CLUSTER_DOMAIN,
    resolvConf: `${layout.configDir}/resolv.conf`,
    failSwapOn: false,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    // Images were loaded by hand and cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    podLogsDir: '/var/log/pods',
    volumePluginDir: '/run/kubelet-volume-plugins',
    nodeStatusUpdateFrequency: '5s',
    shutdownGracePeriod: '0s',
    logging: { verbosity: 1 },
  });
}

export function proxyConfig(layout: ClusterLayout): string {
  return json({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: POD_NETWORK,
    hostnameOverride: NODE_NAME,
    clientConnection: { kubeconfig: `${layout.configDir}/proxy.kubeconfig` },
    // These are the whole machine's, not the namespace's: left as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: { syncPeriod: '30s', minSyncPeriod: '200ms' },
  });
}

/** The arguments of each process, without its program's path. */
export function processArguments(layout: ClusterLayout): Record<ProcessName, readonly string[]> {
  const { configDir, certificatesDir } = layout;
  const serviceAccountKey = `${certificatesDir}/service-accounts.key`;
  const callers = (name: Caller) => `--kubeconfig=${configDir}/${name}.kubeconfig`;
  return {
    containerd: ['--config', `${configDir}/containerd.toml`],
    etcd: [
      `--data-dir=${layout.etcdDir}`,
      '--listen-client-urls=http://127.0.0.1:2379',
      '--advertise-client-urls=http://127.0.0.1:2379',
      '--listen-peer-urls=http://127.0.0.1:2380',
      // Its data end with the cluster, and a disk that others use is slow to sync.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    'kube-apiserver': [
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${NODE_ADDRESS}`,
      `--secure-port=${API_PORT}`,
      `--service-cluster-ip-range=${SERVICE_NETWORK}`,
      // No certificate is given: it makes one of its own, for its names and addresses.
      `--cert-dir=${certificatesDir}`,
      `--token-auth-file=${configDir}/tokens.csv`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      // The node's name resolves nowhere.
      '--kubelet-preferred-address-types=InternalIP',
      `--service-account-issuer=https://kubernetes.default.svc.${CLUSTER_DOMAIN}`,
      `--service-account-key-file=${serviceAccountKey}`,
      `--service-account-signing-key-file=${serviceAccountKey}`,
      '--v=1',
    ],
    'kube-controller-manager': [
      callers('controllers'),
      `--service-account-private-key-file=${serviceAccountKey}`,
      `--root-ca-file=${certificatesDir}/apiserver.crt`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      // A machine that compiles beside the cluster must not look like a lost node.
      '--node-monitor-grace-period=300s',
      '--v=1',
    ],
    'kube-scheduler': [callers('scheduler'), '--leader-elect=false', '--v=1'],
    kubelet: [
      `--config=${configDir}/kubelet.json`,
      callers('kubelet'),
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${NODE_ADDRESS}`,
      '--root-dir=/run/kubelet',
      '--cert-dir=/run/kubelet/pki',
    ],
    'kube-proxy': [`--config=${configDir}/proxy.json`],
  };
}

export type ProcessName =
  | 'containerd'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy';

export const PROCESSES: readonly ProcessName[] = [
  'containerd',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
];

/** Where programs inside the cluster's network find the API server. */
export const API_SERVER_INSIDE = `https://${NODE_ADDRESS}:${API_PORT}`;

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
