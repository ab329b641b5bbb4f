import { setTimeout as wait } from 'node:timers/promises';
import { type Fleet, type Progress, SERVICES } from '@dailydoco/local';
import pg from 'pg';
import { bulkStream } from '../bench/bulk-stream.js';
import type { CallCost, Figures } from './capacity-model.js';
import { cpuSeconds } from './cpu-time.js';
import { runK6 } from './k6.js';
import type { LoadedFleet } from './loaded-fleet.js';
import { readFileSync } from 'node:fs';

/** A kind of call, the script's function that makes it, and how often: well below what the machine bears. */
interface Measured {
  readonly name: string;
  readonly call: string;
  readonly rate: number;
}

const CALLS: readonly Measured[] = [
  { name: 'site', call: 'viewSite', rate: 100 },
  { name: 'click', call: 'click', rate: 100 },
  { name: 'widget', call: 'clickWidget', rate: 60 },
  { name: 'events', call: 'sendEvents', rate: 40 },
  { name: 'reads', call: 'readCommissions', rate: 60 },
  { name: 'login', call: 'login', rate: 10 },
  { name: 'register', call: 'register', rate: 8 },
  { name: 'purchase', call: 'purchase', rate: 60 },
];

const SECONDS = 12;
const BULK_PURCHASES = 20_000;
const IDLE_SECONDS = 8;
/** After the last answer: clicks are written, events travel and are applied. */
const SETTLE_MS = 3_000;

type Reading = Readonly<Record<string, number>>;

/** Processor time of every part so far. */
function read(fleet: Fleet): Reading {
  const pids: Record<string, number | undefined> = {
    Postgres: fleet.stores.postgres?.pid,
    Redis: fleet.stores.redis?.pid,
    Kafka: fleet.stores.kafka?.pid,
  };
  for (const [name, { pid }] of fleet.processes) pids[name] = pid;
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, pid === undefined ? 0 : cpuSeconds(pid)]));
}

/** What each part used beyond what it uses when nobody asks for anything, per call. */
function costOf(parts: { before: Reading; after: Reading; idle: Reading; seconds: number; calls: number }): CallCost {
  const { before, after, idle, seconds, calls } = parts;
  const used = Object.entries(after).map(([name, total]) => {
    const beyond = total - (before[name] ?? 0) - seconds * (idle[name] ?? 0);
    return [name, Math.max(0, beyond) / calls];
  });
  return Object.fromEntries(used) as CallCost;
}

async function idleCost(fleet: Fleet): Promise<Reading> {
  const before = read(fleet);
  await wait(IDLE_SECONDS * 1_000);
  return costOf({ before, after: read(fleet), idle: {}, seconds: 0, calls: IDLE_SECONDS });
}

async function callCost(loaded: LoadedFleet, { name, call, rate }: Measured, idle: Reading): Promise<CallCost> {
  const scenario = { name: 'one_call', rate, calls: [] };
  const run = (seconds: number) => runK6({ ...loaded, scenario, rate, seconds, call });
  // Compiled, connected and cached before anything counts.
  await run(2);
  const startedAt = performance.now();
  const before = read(loaded.fleet);
  const figures = await run(SECONDS);
  await wait(SETTLE_MS);
  if (figures.errorRate > 0 || figures.failedChecks > 0) throw new Error(`${name}: not every answer was right`);
  const seconds = (performance.now() - startedAt) / 1_000;
  return costOf({ before, after: read(loaded.fleet), idle, seconds, calls: figures.all.count });
}

async function bulkCost(loaded: LoadedFleet, idle: Reading): Promise<{ cost: CallCost; databaseBytes: number }> {
  const { fleet, worldFile } = loaded;
  const world = JSON.parse(readFileSync(worldFile, 'utf8')) as { apiKey: string; buyers: { id: string }[] };
  const sizeBefore = await databaseBytes(fleet);
  const startedAt = performance.now();
  const before = read(fleet);
  await bulkStream({
    fleet,
    apiKey: world.apiKey,
    buyerIds: world.buyers.map(({ id }) => id),
    purchases: BULK_PURCHASES,
    externalIdPrefix: 'capacity',
    amountMicros: 79_000_000n,
    onAccepted: () => undefined,
    drained: async () => (await unpublished(fleet)) === 0,
  });
  await wait(SETTLE_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cost = costOf({ before, after: read(fleet), idle, seconds, calls: BULK_PURCHASES });
  return { cost, databaseBytes: (await databaseBytes(fleet)) - sizeBefore };
}

async function ask(url: string, text: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ value: string }>(text);
    return Number(rows[0]?.value);
  } finally {
    await client.end();
  }
}

async function databaseBytes(fleet: Fleet): Promise<number> {
  const sizes = await Promise.all(
    SERVICES.map((name) =>
      ask(fleet.addresses.databaseUrls[name].app, 'SELECT pg_database_size(current_database()) AS value'),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function unpublished(fleet: Fleet): Promise<number> {
  return ask(
    fleet.addresses.databaseUrls['viral-engine'].app,
    'SELECT count(*) AS value FROM messaging.outbox WHERE published_at IS NULL',
  );
}

/** Measures what each kind of call costs each part of the fleet. */
export async function measureCosts(
  loaded: LoadedFleet,
  progress: Progress,
): Promise<Pick<Figures, 'costs' | 'databaseBytesPerPurchase'>> {
  const idle = await progress.step(`${IDLE_SECONDS} s of nothing, to compare`, () => idleCost(loaded.fleet));
  const costs: Record<string, CallCost> = {};
  for (const measured of CALLS)
    costs[measured.name] = await progress.step(`${measured.rate} × ${measured.name} a second for ${SECONDS} s`, () =>
      callCost(loaded, measured, idle),
    );
  const { cost, databaseBytes: grown } = await progress.step(`${BULK_PURCHASES} purchases by gRPC stream`, () =>
    bulkCost(loaded, idle),
  );
  return { costs: { ...costs, bulk: cost }, databaseBytesPerPurchase: grown / BULK_PURCHASES };
}
