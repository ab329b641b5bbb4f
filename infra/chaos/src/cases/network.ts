import { setTimeout as wait } from 'node:timers/promises';
import { type Caller, type Line, SERVICES, type ServiceName } from '@dailydoco/local';
import type { NetworkFault } from '@dailydoco/testing';
import { askedOf, kindsOf } from '../traffic/kinds.js';
import type { Case, Phase, Stage } from './case.js';

const SLOW_MS = 1_000;
const LOSSY_MS = 1_000;
const STALLED_MS = 2_500;
const PARTED_MS = 5_000;
const NOTHING_MS = 3_000;
const SLOW_KAFKA_MS = 8_000;

/** Who calls whom, by gRPC or for the signing keys. Payouts asks viral-engine, too, but only when it reconciles at night. */
const NEIGHBOURS: readonly (readonly [ServiceName, ServiceName])[] = [
  ['identity', 'viral-engine'],
  ['viral-engine', 'identity'],
  ['viral-engine', 'website-builder'],
  ['payouts', 'identity'],
  ['analytics', 'identity'],
  ['analytics', 'website-builder'],
  ['website-builder', 'identity'],
  ['website-builder', 'viral-engine'],
  ['ai-gateway', 'identity'],
];

/** Who is cut from Kafka together, to save time: it shows in the ledger whose events were hit. */
const KAFKA_TRIOS: readonly (readonly ServiceName[])[] = [
  ['viral-engine', 'analytics', 'ai-gateway'],
  ['identity', 'payouts', 'website-builder'],
];

const NAMES: Readonly<Record<string, string>> = { postgres: 'Postgres', redis: 'Redis', kafka: 'Kafka' };

const healed = async ({ lines }: Stage): Promise<void> => lines.heal();

interface LineCase {
  /** One or more, whose lines to the same fail at the same time. */
  readonly from: readonly Caller[];
  readonly to: Line['to'];
  /** What may fail while nothing passes; while it is only slow or lossy, nothing may. */
  readonly mayFail: readonly string[];
}

function lineCase({ from, to, mayFail }: LineCase): Case {
  const phase = (title: string, fault: NetworkFault, lastsMs: number, allowed: readonly string[]): Phase => ({
    title,
    mayFail: allowed,
    run: async ({ lines }) => {
      for (const one of from) lines.suffer({ from: one, to }, fault);
      await wait(lastsMs);
    },
  });
  return {
    title: `${from.join(', ')} → ${NAMES[to] ?? to}`,
    fleet: 'laid',
    phases: (random) => {
      const latencyMs = Math.round(30 + 50 * random());
      const lossShare = 0.02 + 0.03 * random();
      return [
        phase('slow', { latencyMs, jitterMs: latencyMs / 2 }, SLOW_MS, []),
        phase('lossy', { lossShare }, LOSSY_MS, []),
        phase('stalled', { stalled: true }, STALLED_MS, mayFail),
        phase('parted', { partitioned: true }, PARTED_MS, mayFail),
      ];
    },
    end: healed,
  };
}

/** Every line slow at once is no fault of one service: all of Kafka, as when its disks are. */
const slowKafka: Case = {
  title: 'Kafka slow for all',
  fleet: 'laid',
  phases: (random) => [
    {
      title: 'slow',
      mayFail: [],
      run: async ({ lines }) => {
        const latencyMs = Math.round(300 + 300 * random());
        lines.suffer({ to: 'kafka' }, { latencyMs, jitterMs: 200, bytesPerSecond: 50_000 });
        await wait(SLOW_KAFKA_MS);
      },
    },
  ],
  end: healed,
};

/** A machine on which this one fails is too busy to judge by. */
const nothing: Case = {
  title: 'nothing (to compare)',
  fleet: 'laid',
  phases: () => [{ title: 'nothing', mayFail: [], run: () => wait(NOTHING_MS) }],
  end: healed,
};

/** Each service and each store, each neighbour, the gateway and each service: slow, lossy, stalled, parted. */
export const NETWORK_CASES: readonly Case[] = [
  nothing,
  ...SERVICES.map((from) => lineCase({ from: [from], to: 'postgres', mayFail: kindsOf(from) })),
  // Nobody waits for an event.
  ...KAFKA_TRIOS.map((from) => lineCase({ from, to: 'kafka', mayFail: [] })),
  // Who counts there counts for itself meanwhile.
  ...(['identity', 'gateway'] as const).map((from) => lineCase({ from: [from], to: 'redis', mayFail: [] })),
  // What is asked of a neighbour on a request's way is remembered, or can wait, unless it was never heard of.
  ...NEIGHBOURS.map(([from, to]) => lineCase({ from: [from], to, mayFail: askedOf(from, to) })),
  ...SERVICES.map((to) => lineCase({ from: ['gateway'], to, mayFail: kindsOf(to) })),
  slowKafka,
];
