import { setTimeout as wait } from 'node:timers/promises';
import { type Fleet, SERVICES } from '@dailydoco/local';
import { parseDecimal } from '@dailydoco/money';
import pg from 'pg';
import type { World } from '../world.js';
import { compareEarnings } from './expected.js';

export interface Audit {
  /** Purchases that viral-engine has under the run's external ids. */
  readonly recorded: number;
  /** Money that should be on the partners' accounts and is not, in units of the currency. */
  readonly lost: string;
  /** Money that is there and should not. */
  readonly extra: string;
  /** Debit less credit over the whole ledger of the tenant. */
  readonly difference: string;
  /** Outbox rows not yet published, and events parked, in all databases. */
  readonly unpublished: number;
  readonly parked: number;
  /** Purchases as analytics counts them. */
  readonly analytics: number;
  readonly drainedMs: number;
}

const DRAIN_TIMEOUT_MS = 150_000;

interface Expectation {
  readonly purchases: number;
  /** In micros, by person of the chain. */
  readonly earnings: readonly bigint[];
  readonly token: string;
  readonly personTokens: readonly string[];
}

/** Waits until the ledger and analytics say what must be said, or time is up; then takes stock. */
export async function audit(fleet: Fleet, world: World, expected: Expectation): Promise<Audit> {
  const startedAt = Date.now();
  for (;;) {
    const found = await takeStock(fleet, world, expected).catch(() => undefined);
    const drainedMs = Date.now() - startedAt;
    const whole =
      found !== undefined && found.lost === '0.00' && found.unpublished === 0 && found.analytics === expected.purchases;
    if (whole || (found !== undefined && drainedMs > DRAIN_TIMEOUT_MS)) return { ...found, drainedMs };
    if (drainedMs > 2 * DRAIN_TIMEOUT_MS) throw new Error('the fleet did not answer the audit');
    await wait(250);
  }
}

async function takeStock(fleet: Fleet, world: World, expected: Expectation): Promise<Omit<Audit, 'drainedMs'>> {
  const { api, run } = world;
  const { token } = expected;
  const hour = 3_600_000;
  const query = new URLSearchParams({
    from: new Date(Date.now() - 2 * hour).toISOString(),
    to: new Date(Date.now() + hour).toISOString(),
  });
  const balances = await Promise.all(expected.personTokens.map((person) => pendingMicros(world, person)));
  const trial = await api.get<{ currencies: { difference: string }[] }>('/v1/ledger/trial-balance', { token });
  const metrics = await api.get<{ purchases: number }>(`/v1/metrics/viral?${query.toString()}`, { token });
  const backlog = await Promise.all(SERVICES.map((name) => backlogOf(fleet.addresses.databaseUrls[name].app)));
  return {
    recorded: await recordedPurchases(fleet, run),
    ...compareEarnings(expected.earnings, balances),
    difference: trial.currencies.map(({ difference }) => difference).join(', '),
    unpublished: backlog.reduce((sum, { unpublished }) => sum + unpublished, 0),
    parked: backlog.reduce((sum, { parked }) => sum + parked, 0),
    analytics: metrics.purchases,
  };
}

async function pendingMicros({ api }: World, token: string): Promise<bigint> {
  const { balances } = await api.get<{ balances: { currency: string; pending: { amount: string } }[] }>(
    '/v1/balances/me',
    { token },
  );
  return parseDecimal(balances.find(({ currency }) => currency === 'USD')?.pending.amount ?? '0.00') ?? 0n;
}

async function recordedPurchases(fleet: Fleet, run: string): Promise<number> {
  const [row] = await ask(
    fleet.addresses.databaseUrls['viral-engine'].app,
    'SELECT count(*)::int AS recorded FROM purchase_key WHERE external_id LIKE $1',
    [`${run}-%`],
  );
  return Number(row?.['recorded']);
}

async function backlogOf(url: string): Promise<{ unpublished: number; parked: number }> {
  const [row] = await ask(
    url,
    `SELECT (SELECT count(*)::int FROM messaging.outbox WHERE published_at IS NULL) AS unpublished,
            (SELECT count(*)::int FROM messaging.parked_event WHERE resolved_at IS NULL) AS parked`,
  );
  return { unpublished: Number(row?.['unpublished']), parked: Number(row?.['parked']) };
}

async function ask(url: string, text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}
