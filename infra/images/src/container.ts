import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, type RunOptions, tryRun } from './run.js';

export interface ContainerSpec {
  readonly root: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly userId: number;
  /** Shares the machine's network instead of having a loopback of its own. */
  readonly hostNetwork?: boolean;
  /** The root file system may be written to, as far as the user may. */
  readonly writableRoot?: boolean;
  /** Further folders kept in memory, as a volume would be; /tmp is always one. */
  readonly memory?: readonly string[];
}

const MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
];

/** What restricted pod security allows a process: no capability, no new privileges, a root file system it cannot write. */
export function runtimeSpec(container: ContainerSpec): object {
  const { root, args, environment, workingDir, userId, hostNetwork, writableRoot, memory = [] } = container;
  const none: string[] = [];
  return {
    ociVersion: '1.0.2',
    hostname: 'check',
    root: { path: root, readonly: writableRoot !== true },
    process: {
      terminal: false,
      user: { uid: userId, gid: userId },
      args,
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      cwd: workingDir,
      noNewPrivileges: true,
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 4096, hard: 4096 }],
    },
    mounts: [
      ...MOUNTS,
      ...['/tmp', ...memory].map((destination) => ({
        destination,
        type: 'tmpfs',
        source: 'tmpfs',
        // runc gives the mount the mode of the folder it hides, so it has to belong to the user, too.
        options: ['nosuid', 'nodev', 'mode=1777', `uid=${userId}`, `gid=${userId}`, 'size=512m'],
      })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        ...(hostNetwork === true ? [] : [{ type: 'network' }]),
      ],
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

/** Runs one container to its end with runc, in a folder that is removed afterwards. */
export async function runContainer(
  folder: string,
  id: string,
  container: ContainerSpec,
  options: Pick<RunOptions, 'timeoutMs' | 'onLine'> = {},
): Promise<Ran> {
  const bundle = join(folder, id);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeSpec(container)));
  const state = ['--root', join(folder, 'runc')];
  try {
    return await tryRun('runc', [...state, 'run', '--bundle', bundle, id], { timeoutMs: 60_000, ...options });
  } finally {
    // A container whose runc was killed lives on; this ends it. Of one that ended by itself nothing is left to delete.
    await tryRun('runc', [...state, 'delete', '--force', id]);
    rmSync(bundle, { recursive: true, force: true });
  }
}

/** Asks a running container to stop, as a cluster does. */
export function stopContainer(folder: string, id: string): Promise<Ran> {
  return tryRun('runc', ['--root', join(folder, 'runc'), 'kill', id, 'TERM']);
}
