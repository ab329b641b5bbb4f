// Runs beside the cluster, outside its namespaces, from start to stop: starts the machine, keeps a loopback port for its API
// server, and clears away what ended namespaces leave behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_PORT, NODE_ADDRESS } from './addresses.js';
import { passage } from './door.js';
import { explainFailure } from './failure.js';
import type { InsideOptions } from './inside.js';
import { clusterLayout } from './layout.js';
import { makeCgroups, removeCgroups } from './machine.js';

/** What start hands over, as the one argument. */
export interface SupervisorOptions extends InsideOptions {
  readonly apiPort: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as SupervisorOptions;
const layout = clusterLayout(options.folder);
const say = (text: string) => process.stdout.write(`${new Date().toISOString()} ${text}\n`);

function startMachine(): ChildProcess {
  const { folder, kubernetes, etcd, token } = options;
  const inside = JSON.stringify({ folder, kubernetes, etcd, token } satisfies InsideOptions);
  const program = fileURLToPath(new URL('./inside.js', import.meta.url));
  const log = openSync(join(layout.logDir, 'machine.log'), 'a', 0o600);
  const namespaces = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--mount-proc', '--kill-child'];
  // tini is the first process inside: it reaps what containers leave to it.
  const child = spawn('unshare', [...namespaces, 'tini', '-s', '--', process.execPath, program, inside], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  return child;
}

/** The namespaces die with their first process, and with them every process, mount and interface of the cluster. */
async function end(machine: ChildProcess): Promise<void> {
  if (machine.exitCode === null && machine.signalCode === null) {
    const gone = new Promise<void>((resolve) => machine.once('exit', () => resolve()));
    // Its child is the namespaces' first process: that one is gone only when every process in there is.
    const first = firstChildOf(machine.pid);
    if (first === undefined) machine.kill('SIGKILL');
    else process.kill(first, 'SIGKILL');
    await gone;
  }
  await removeCgroupsWhenEmpty();
}

function firstChildOf(pid: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children[0] === undefined || children[0] === '' ? undefined : Number(children[0]);
  } catch {
    return undefined;
  }
}

const CGROUP_TRIES = 100;

async function removeCgroupsWhenEmpty(): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return removeCgroups();
    } catch (error) {
      // Killed processes leave their groups a moment later.
      if (tries === CGROUP_TRIES) {
        say(`cgroups are left: ${explainFailure(error)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

makeCgroups();
const machine = startMachine();
let ending = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void end(machine).then(() => process.exit(0));
  });
machine.on('exit', (code, signal) => {
  if (!ending) say(`the machine ended by itself (${signal ?? `exit code ${code}`}); see machine.log`);
});
await passage(layout.doorSocket, `${NODE_ADDRESS}:${API_PORT}`, options.apiPort);
