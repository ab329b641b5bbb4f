import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';

/** Where a cluster keeps everything it writes. The folder is removed when the cluster stops. */
export interface ClusterLayout {
  readonly folder: string;
  readonly logDir: string;
  readonly etcdDir: string;
  readonly containerdDir: string;
  readonly kubeletDir: string;
  readonly podLogDir: string;
  readonly volumesDir: string;
  readonly configDir: string;
  readonly certificatesDir: string;
  readonly imagesDir: string;
  readonly containerdSocket: string;
  /** Opens connections to addresses inside the cluster for programs outside. */
  readonly doorSocket: string;
  readonly kubeconfig: string;
  readonly runFile: string;
}

/** Flows that a NetworkPolicy refused, one a line, in the log folder. */
export const REFUSED_LOG = 'refused-flows.log';

/** Unix sockets take a path of 107 bytes; the longest here is the door's. */
const LONGEST_SOCKET_PATH = 107;

export function clusterLayout(folder = join(repositoryRoot, '.local', 'cluster')): ClusterLayout {
  const layout = {
    folder,
    logDir: join(folder, 'log'),
    etcdDir: join(folder, 'etcd'),
    containerdDir: join(folder, 'containerd'),
    kubeletDir: join(folder, 'kubelet'),
    podLogDir: join(folder, 'log', 'pods'),
    volumesDir: join(folder, 'volumes'),
    configDir: join(folder, 'config'),
    certificatesDir: join(folder, 'certificates'),
    imagesDir: join(folder, 'images'),
    containerdSocket: join(folder, 'containerd.sock'),
    doorSocket: join(folder, 'door.sock'),
    kubeconfig: join(folder, 'kubeconfig'),
    runFile: join(folder, 'run.json'),
  };
  const longest = Math.max(layout.containerdSocket.length, layout.doorSocket.length);
  if (longest > LONGEST_SOCKET_PATH)
    throw new Error(
      `The repository's path is too long for Unix sockets (${longest} of ${LONGEST_SOCKET_PATH} bytes): clone it into a shorter path`,
    );
  return layout;
}

export function makeFolders(layout: ClusterLayout): void {
  mkdirSync(layout.folder, { recursive: true, mode: 0o711 });
  for (const folder of [
    layout.logDir,
    layout.etcdDir,
    layout.containerdDir,
    layout.kubeletDir,
    layout.podLogDir,
    layout.volumesDir,
    layout.configDir,
    layout.certificatesDir,
    layout.imagesDir,
  ])
    mkdirSync(folder, { recursive: true, mode: 0o711 });
}
