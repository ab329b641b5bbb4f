import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_NETWORK, SERVICE_NETWORK } from './addresses.js';
import { CGROUP } from './configuration.js';
import type { ClusterLayout } from './layout.js';
import { runToEnd } from './program.js';

const CGROUPS = '/sys/fs/cgroup';

/** Twenty times what a process has. */
const CPU_SHARES = 20_480;

/** Settings of the whole machine that a kubelet changes. Here it writes to files of its own instead. */
const KERNEL_SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Makes the cluster's machine out of fresh namespaces: private folders, a network without a way out. Runs inside them. */
export async function prepareMachine(layout: ClusterLayout): Promise<void> {
  await mountFolders(layout);
  await standInForKernelSettings();
  await makeNetwork();
}

async function mountFolders(layout: ClusterLayout): Promise<void> {
  const mount = (...args: string[]) => runToEnd('mount', args);
  // Sockets, pods' mounts and pod logs lie at the paths that the programs know by heart, seen by this cluster alone.
  await mount('-t', 'tmpfs', 'tmpfs', '/run');
  mkdirSync('/run/kubelet');
  await mount('--bind', layout.kubeletDir, '/run/kubelet');
  await mount('-t', 'tmpfs', 'tmpfs', '/var/log');
  mkdirSync('/var/log/pods');
  await mount('--bind', layout.podLogDir, '/var/log/pods');
  mkdirSync('/var/lib/cni', { recursive: true });
  await mount('-t', 'tmpfs', 'tmpfs', '/var/lib/cni');
}

async function standInForKernelSettings(): Promise<void> {
  mkdirSync('/run/kernel-settings');
  for (const setting of KERNEL_SETTINGS) {
    const real = join('/proc/sys', setting);
    if (!existsSync(real)) continue;
    const standIn = join('/run/kernel-settings', setting.replaceAll('/', '-'));
    writeFileSync(standIn, readFileSync(real));
    await runToEnd('mount', ['--bind', standIn, real]);
  }
}

async function makeNetwork(): Promise<void> {
  const ip = (text: string) => runToEnd('ip', text.split(' '));
  await ip('link set lo up');
  // A bridge without a port serves as the interface that carries the node's address.
  await ip('link add node0 type bridge');
  await ip(`addr add ${NODE_NETWORK} dev node0`);
  await ip('link set node0 up');
  // Never used by a packet: what goes to a Service is translated first, but only if there is a route at all.
  await ip(`route add ${SERVICE_NETWORK} dev node0`);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}

/** The hierarchies of cgroup v1, or the one of v2. */
function hierarchies(): string[] {
  if (existsSync(join(CGROUPS, 'cgroup.controllers'))) return [CGROUPS];
  return readdirSync(CGROUPS).map((name) => join(CGROUPS, name));
}

/** The group of the cluster in every hierarchy; the kubelet wants to find it. */
export function makeCgroups(): void {
  for (const hierarchy of hierarchies()) {
    const group = join(hierarchy, CGROUP);
    mkdirSync(group, { recursive: true });
    // A new cpuset group of v1 may use nothing until it is told what.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(hierarchy, file)) && existsSync(join(group, file)))
        writeFileSync(join(group, file), readFileSync(join(hierarchy, file)));
    // On v1 a group competes with each process of the machine as if it were one itself; this one holds some twenty pods.
    const shares = join(group, 'cpu.shares');
    if (existsSync(shares)) writeFileSync(shares, String(CPU_SHARES));
  }
}

/** Removes the groups once no process is left in them. */
export function removeCgroups(): void {
  for (const hierarchy of hierarchies()) removeGroup(join(hierarchy, CGROUP));
}

function removeGroup(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(join(folder, entry.name));
  rmdirSync(folder);
}
