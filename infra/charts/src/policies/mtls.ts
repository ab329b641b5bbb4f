import {
  type Container,
  type KubernetesObject,
  type Labels,
  matches,
  nameOf,
  ofKind,
  podTemplates,
  type PodTemplate,
} from '../kubernetes.js';

// Who may call whom is said three times: as an address of a neighbour, as names in certificates, as a list of clients.

interface Peer {
  readonly pod: PodTemplate;
  readonly container: Container;
  /** Names in its certificate; none where it has no certificate. */
  readonly names: readonly string[];
  /** Names that it takes calls from. */
  readonly clients: readonly string[];
  readonly secured: boolean;
}

/** Where services that should speak over mTLS could not, or could without need; and probes that cannot be answered. */
export function mtlsProblems(objects: readonly KubernetesObject[]): string[] {
  const peers = podTemplates(objects).flatMap((pod) =>
    pod.spec.containers.flatMap((container) => peerOf(pod, container, objects)),
  );
  const calls = peers.flatMap((caller) => callsOf(caller, peers, objects));
  return [
    ...peers.flatMap(probeProblems),
    ...calls.flatMap(callProblems),
    ...peers.flatMap((peer) => needlessProblems(peer, calls)),
  ];
}

/** A process of ours that serves gRPC. */
function peerOf(pod: PodTemplate, container: Container, objects: readonly KubernetesObject[]): Peer[] {
  if (setting(container, 'GRPC_PORT') === undefined) return [];
  const secrets = (pod.spec.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []);
  const certificates = ofKind(objects, 'Certificate').map(
    ({ spec }) => spec as { secretName: string; dnsNames?: string[] },
  );
  const own = certificates.find(({ secretName }) => secrets.includes(secretName));
  const clients = setting(container, 'GRPC_TLS_CLIENTS')?.split(',') ?? [];
  const secured = setting(container, 'GRPC_TLS_CERT_FILE') !== undefined;
  return [{ pod, container, names: own?.dnsNames ?? [], clients, secured }];
}

function setting({ env = [] }: Container, name: string): string | undefined {
  return env.find((variable) => variable.name === name)?.value;
}

/** The kubelet has no certificate: it asks by gRPC where there is none, and by HTTP where there is. */
function probeProblems({ pod, container, secured }: Peer): string[] {
  return (['startupProbe', 'readinessProbe'] as const)
    .filter((probe) => (container[probe]?.grpc !== undefined) === secured)
    .map(
      (probe) =>
        `${nameOf(pod.owner)}: its ${probe} ${secured ? 'asks by gRPC, for which the kubelet has no certificate' : 'does not ask grpc.health.v1'}`,
    );
}

interface PeerCall {
  readonly caller: Peer;
  readonly callee: Peer;
  readonly host: string;
}

function callsOf(caller: Peer, peers: readonly Peer[], objects: readonly KubernetesObject[]): PeerCall[] {
  const addresses = (caller.container.env ?? []).filter(({ name }) => name.endsWith('_GRPC_ADDRESS'));
  return addresses.flatMap(({ value = '' }) => {
    const [host = ''] = value.split(':');
    const service = ofKind(objects, 'Service').find(({ metadata }) => metadata.name === host);
    if (service === undefined) return [];
    const { selector = {} } = service.spec as { selector?: Labels };
    const callee = peers.find(({ pod }) => matches(pod.labels, selector));
    return callee === undefined ? [] : [{ caller, callee, host }];
  });
}

function callProblems({ caller, callee, host }: PeerCall): string[] {
  const from = nameOf(caller.pod.owner);
  if (!callee.secured && !caller.secured) return [];
  if (!callee.secured || !caller.secured)
    return [`${from}: one end of its calls to ${host} has a certificate, and the other has none`];
  const problems: string[] = [];
  if (!callee.names.includes(host)) problems.push(`${from}: calls ${host}, which the certificate there does not name`);
  if (!caller.names.some((name) => callee.clients.includes(name)))
    problems.push(`${from}: calls ${host}, which does not take calls from it`);
  return problems;
}

function needlessProblems({ pod, clients, names }: Peer, calls: readonly PeerCall[]): string[] {
  const callers = calls.filter(({ callee }) => callee.pod === pod).flatMap(({ caller }) => caller.names);
  // A list must name somebody, so whom nobody calls names itself.
  const wanted = callers.length === 0 ? names : callers;
  return clients
    .filter((name) => !wanted.includes(name))
    .map((name) => `${nameOf(pod.owner)}: takes calls from ${name}, which has no need of it`);
}
