import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDebianPackages } from '@dailydoco/stores';
import { ensureGoProgram, ensureTool } from '@dailydoco/tools';

/** Paths of what is built from Go's modules; what Debian packages is on the path. */
export interface Programs {
  readonly kubernetes: string;
  readonly etcd: string;
  readonly coredns: string;
  readonly pause: string;
  readonly helm: string;
}

// From src as from dist, both one level below the project.
const modules = fileURLToPath(new URL('../go/', import.meta.url));

const DEBIAN = [
  { program: 'containerd', debianPackage: 'containerd' },
  { program: 'runc', debianPackage: 'runc' },
  { program: 'nft', debianPackage: 'nftables' },
  { program: 'ip', debianPackage: 'iproute2' },
  { program: 'tini', debianPackage: 'tini' },
  { program: 'unshare', debianPackage: 'util-linux' },
];
// Plugins lie outside the path, so their folder is asked for.
const NETWORK_PLUGINS = { program: '../lib/cni/ptp', debianPackage: 'containernetworking-plugins' };

/** Everything the cluster runs: installed from Debian, or built once from pinned Go modules. The first time takes half an hour. */
export async function ensurePrograms(note: (text: string) => void): Promise<Programs> {
  const options = { onProgress: note };
  await ensureDebianPackages([...DEBIAN, NETWORK_PLUGINS], options);
  const build = (name: string, goPackage = '.') =>
    ensureGoProgram({ name, moduleFolder: join(modules, name), goPackage }, options);
  return {
    pause: await build('pause'),
    etcd: await build('etcd', 'go.etcd.io/etcd/server/v3'),
    coredns: await build('coredns'),
    kubernetes: await build('kubernetes'),
    helm: await ensureTool('helm', options),
  };
}
