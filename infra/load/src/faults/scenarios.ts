import { setTimeout as wait } from 'node:timers/promises';
import { type Fleet, SERVICES } from '@dailydoco/local';

export interface Scenario {
  readonly title: string;
  /** Does the damage, and repairs what nothing else repairs. */
  readonly strike: (fleet: Fleet) => Promise<void>;
}

const KAFKA_DOWN_MS = 30_000;
const REDIS_DOWN_MS = 5_000;

/** A store as far as a fault needs it. */
interface Store {
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

function needed(store: Store | undefined, name: string): Store {
  if (store === undefined) throw new Error(`${name} was given from outside; it is not ours to kill`);
  return store;
}

/** After a kill -9 children of the store may hold its lock for a moment; a cluster would try again too. */
export async function bringBack(store: Store): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.restart();
      return;
    } catch (error) {
      if (attempt === 5) throw error;
      await wait(1_000);
    }
  }
}

function killed(title: string, pick: (fleet: Fleet) => Store | undefined, downMs = 0): Scenario {
  return {
    title,
    strike: async (fleet) => {
      const store = needed(pick(fleet), title);
      await store.kill('SIGKILL');
      await wait(downMs);
      await bringBack(store);
    },
  };
}

/** Kill -9 of any one process, Kafka down for 30 s, Postgres restarted. */
export const SCENARIOS: readonly Scenario[] = [
  { title: 'nothing (to compare)', strike: () => Promise.resolve() },
  ...[...SERVICES, 'gateway'].map((name) => ({
    title: `kill -9 ${name}`,
    strike: (fleet: Fleet) => {
      const managed = fleet.processes.get(name);
      if (managed === undefined) throw new Error(`the fleet has no process ${name}`);
      // The supervisor starts it again, as a cluster would.
      managed.kill('SIGKILL');
      return Promise.resolve();
    },
  })),
  killed('kill -9 Postgres', ({ stores }) => stores.postgres),
  killed('kill -9 Redis, down 5 s', ({ stores }) => stores.redis, REDIS_DOWN_MS),
  killed('kill -9 Kafka', ({ stores }) => stores.kafka),
  killed('Kafka down 30 s', ({ stores }) => stores.kafka, KAFKA_DOWN_MS),
  {
    title: 'Postgres restarted',
    strike: ({ stores }) => needed(stores.postgres, 'Postgres').restart(),
  },
];
