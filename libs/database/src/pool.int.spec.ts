import { DomainError } from '@dailydoco/errors';
import { createTestDatabase, eventually, startTcpProxy, type TcpProxy, type TestDatabase } from '@dailydoco/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { isTransientDatabaseError, LostCommitError } from './database-errors.js';
import { inDatabaseTransaction } from './database-transaction.js';
import { GroupWriter } from './group-writer.js';
import { createPool, type PoolOptions } from './pool.js';

const STATEMENT_TIMEOUT_MS = 300;
const ACQUIRE_TIMEOUT_MS = 250;
/** A machine that is busy with something else may be this much late. */
const SLACK_MS = 1_500;

let database: TestDatabase;
let proxy: TcpProxy;
let pool: Pool;
let logged: string[];

beforeAll(async () => {
  database = await createTestDatabase({ template: 'pool-limits', migrate: () => Promise.resolve() });
  const direct = createPool({
    connectionString: database.ownerUrl,
    max: 1,
    applicationName: 'spec',
    statementTimeoutMs: 5_000,
  });
  await direct.query('CREATE TABLE item (id bigint PRIMARY KEY)');
  await direct.end();
});
afterAll(() => database.drop());

beforeEach(async () => {
  const url = new URL(database.ownerUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  logged = [];
  pool = poolThroughProxy();
});
afterEach(async () => {
  proxy.heal();
  await pool.end();
  await proxy.close();
});

function poolThroughProxy(options: Partial<PoolOptions> = {}): Pool {
  const url = new URL(database.ownerUrl);
  url.port = String(proxy.port);
  const logger = {
    warn: (_: object, text: string) => void logged.push(text.split(':')[0] ?? ''),
    info: (_: object, text: string) => void logged.push(text.split(':')[0] ?? ''),
  } as unknown as NonNullable<PoolOptions['logger']>;
  return createPool({
    connectionString: url.href,
    max: 2,
    applicationName: 'pool-spec',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
    maxWaiting: 3,
    logger,
    ...options,
  });
}

async function timed<T>(call: Promise<T>): Promise<{ error: unknown; tookMs: number }> {
  const startedMs = performance.now();
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, tookMs: performance.now() - startedMs };
}

const reasonOf = (error: unknown): string => (error instanceof DomainError ? error.reason : String(error));

describe('a database that stalls', () => {
  it('costs a statement its time and a second, no more; the connection is not used again', async () => {
    await pool.query('SELECT 1');
    proxy.suffer({ stalled: true });
    const { error, tookMs } = await timed(pool.query('SELECT 1'));
    expect(isTransientDatabaseError(error)).toBe(true);
    expect(tookMs).toBeLessThan(STATEMENT_TIMEOUT_MS + 1_000 + SLACK_MS);
    proxy.heal();
    const { rows } = await eventually(() => pool.query('SELECT 2 AS two'));
    expect(rows).toEqual([{ two: 2 }]);
    expect(proxy.connections.total).toBeGreaterThanOrEqual(2);
  });

  it('during COMMIT leaves it open whether it took effect, and the writer asks once it is back', async () => {
    const writer = new GroupWriter<bigint, string>({
      name: 'pool-spec',
      commit: (ids) =>
        inDatabaseTransaction(pool, async (tx) => {
          await tx.query('INSERT INTO item SELECT unnest($1::bigint[])', [ids]);
          proxy.suffer({ stalled: true, direction: 'toClient' });
          return ids.map(() => 'committed');
        }),
      resolveAfterLostCommit: async (ids) => {
        proxy.heal();
        const { rows } = await eventually(() =>
          pool.query<{ id: bigint }>('SELECT id FROM item WHERE id = ANY ($1)', [ids]),
        );
        return ids.map((id) => (rows.some((row) => row.id === id) ? 'stands' : undefined));
      },
    });
    expect(await writer.submit(1n)).toBe('stands');
    await writer.close();
    proxy.suffer({});
    const work = inDatabaseTransaction(pool, async (tx) => {
      await tx.query('SELECT 1');
      proxy.suffer({ stalled: true, direction: 'toClient' });
    });
    await expect(work).rejects.toBeInstanceOf(LostCommitError);
  });
});

describe('a pool that is used up', () => {
  it('lets so many wait, so long, and refuses the rest at once', async () => {
    const held = await Promise.all([pool.connect(), pool.connect()]);
    const waiting = [1, 2, 3].map(() => timed(pool.query('SELECT 1')));
    expect(pool.waitingCount).toBe(3);
    const refused = await timed(pool.query('SELECT 1'));
    expect(reasonOf(refused.error)).toBe('OVERLOADED');
    expect(pool.waitingCount).toBe(3);
    for (const { error, tookMs } of await Promise.all(waiting)) {
      expect(reasonOf(error)).toBe('OVERLOADED');
      expect(tookMs).toBeLessThan(ACQUIRE_TIMEOUT_MS + SLACK_MS);
    }
    for (const client of held) client.release();
    // Our own load is no fault of the server's.
    for (let n = 0; n < 10; n += 1) await pool.query('SELECT 1');
    expect(logged).toEqual([]);
  });
});

describe('a database that is cut off', () => {
  it('is left alone after some failures, and used again soon after it is back', async () => {
    proxy.suffer({ partitioned: true });
    const first = await Promise.all(Array.from({ length: 5 }, () => timed(pool.query('SELECT 1'))));
    for (const { tookMs } of first) expect(tookMs).toBeLessThan(ACQUIRE_TIMEOUT_MS + SLACK_MS);
    await eventually(async () => {
      await timed(pool.query('SELECT 1'));
      expect(logged).toEqual(['the breaker opened']);
    });
    const dialled = proxy.connections.total;
    const quick = await Promise.all(Array.from({ length: 200 }, () => timed(pool.query('SELECT 1'))));
    expect(new Set(quick.map(({ error }) => reasonOf(error)))).toEqual(new Set(['UNAVAILABLE']));
    // Of two hundred at most one was the probe.
    expect(proxy.connections.total).toBeLessThanOrEqual(dialled + 1);
    proxy.heal();
    const { tookMs } = await timed(eventually(() => pool.query('SELECT 1')));
    expect(tookMs).toBeLessThan(2_000 + ACQUIRE_TIMEOUT_MS + SLACK_MS);
    expect(logged).toEqual(['the breaker opened', 'the breaker closed']);
  });

  it('is told by a callback, too, which is how `query` asks', async () => {
    proxy.suffer({ partitioned: true });
    const told = Promise.withResolvers<unknown>();
    pool.connect((error) => told.resolve(error));
    expect(isTransientDatabaseError(await told.promise)).toBe(true);
  });
});
