import { setTimeout as wait } from 'node:timers/promises';
import { bringBack } from '@dailydoco/load';
import { type Fleet, type ManagedProcess, SERVICES } from '@dailydoco/local';
import { processTree, signalAll } from '../process-tree.js';
import { KINDS, kindsOf } from '../traffic/kinds.js';
import type { Case, Stage } from './case.js';

const STORE_DOWN_MS = 3_000;
const STOPPED_MS = 5_000;
const EVERYTHING = KINDS.map(({ name }) => name);

type StoreName = 'postgres' | 'redis' | 'kafka';

/** What a process takes down with it when it dies. */
const STORES: readonly { store: StoreName; title: string; mayFail: readonly string[] }[] = [
  { store: 'postgres', title: 'Postgres', mayFail: EVERYTHING },
  { store: 'redis', title: 'Redis', mayFail: [] },
  { store: 'kafka', title: 'Kafka', mayFail: [] },
];

const OWN = [
  ...SERVICES.map((name) => ({ name, mayFail: kindsOf(name), mayBeSilent: false })),
  { name: 'gateway', mayFail: EVERYTHING, mayBeSilent: true },
];

const nothing = (): Promise<void> => Promise.resolve();

function managed({ fleet }: Stage, name: string): ManagedProcess {
  const found = fleet.processes.get(name);
  if (found === undefined) throw new Error(`the fleet has no process ${name}`);
  return found;
}

function storeOf({ stores }: Fleet, name: StoreName) {
  const store = stores[name];
  if (store === undefined) throw new Error(`${name} is not ours`);
  return store;
}

/** The supervisor starts it again after 200 ms, as a cluster would; recovery is counted from the kill. */
function killed({ name, mayFail, mayBeSilent }: (typeof OWN)[number]): Case {
  const run = async (stage: Stage): Promise<void> => managed(stage, name).kill('SIGKILL');
  return {
    title: `kill -9 ${name}`,
    fleet: 'laid',
    phases: () => [{ title: 'killed', mayFail, mayBeSilent, run }],
    end: nothing,
  };
}

function storeKilled({ store, title, mayFail }: (typeof STORES)[number]): Case {
  return {
    title: `kill -9 ${title}`,
    fleet: 'laid',
    phases: () => [
      {
        title: 'down',
        mayFail,
        run: async ({ fleet }) => {
          await storeOf(fleet, store).kill('SIGKILL');
          await wait(STORE_DOWN_MS);
        },
      },
    ],
    end: ({ fleet }) => bringBack(storeOf(fleet, store)),
  };
}

/** It keeps its connections and answers nothing: what a frozen machine looks like. */
function stopped(parts: {
  title: string;
  mayFail: readonly string[];
  pidOf: (stage: Stage) => number | undefined;
}): Case {
  let frozen: number[] = [];
  return {
    title: `SIGSTOP ${parts.title}`,
    fleet: 'laid',
    phases: () => [
      {
        title: 'stopped',
        mayFail: parts.mayFail,
        run: async (stage) => {
          const pid = parts.pidOf(stage);
          if (pid === undefined) throw new Error(`${parts.title} does not run`);
          frozen = processTree(pid);
          signalAll(frozen, 'SIGSTOP');
          await wait(STOPPED_MS);
        },
      },
    ],
    end: async () => signalAll(frozen, 'SIGCONT'),
  };
}

/** Each process dies at once, and each freezes for a while. */
export const PROCESS_CASES: readonly Case[] = [
  ...OWN.map(killed),
  ...STORES.map(storeKilled),
  ...OWN.map(({ name, mayFail }) => stopped({ title: name, mayFail, pidOf: (stage) => managed(stage, name).pid })),
  ...STORES.map(({ store, title, mayFail }) =>
    stopped({ title, mayFail, pidOf: ({ fleet }) => storeOf(fleet, store).pid }),
  ),
];
