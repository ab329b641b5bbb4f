import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { createPool } from '@dailydoco/database';
import { PartitionStore } from '../src/events/partition.store.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  engine = await startEngine();
  owner = engine.poolOf(engine.ownerUrl);
  await new PartitionStore(engine.pool).ensure(['2026-06-01']);
});

afterAll(async () => {
  await owner.end();
  await engine.stop();
});

const refusal = (pool: typeof owner, sql: string) =>
  pool.query(sql).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

const PERMISSION_DENIED = '42501';
const RESTRICTED = '23001';

describe('Facts', () => {
  it.each(['event', 'event_20260601', 'metric_fact', 'chargeback_win'])(
    'of %s cannot be changed by the service, nor by the owner of the table',
    async (table) => {
      for (const sql of [`UPDATE ${table} SET tenant_id = tenant_id`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
        expect([sql, await refusal(engine.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
        expect([sql, await refusal(owner, sql)]).toEqual([sql, RESTRICTED]);
      }
    },
  );

  it('sums of hours cannot be deleted by the service', async () => {
    expect(await refusal(engine.pool, 'DELETE FROM metric_hour')).toBe(PERMISSION_DENIED);
  });

  it('tables cannot be made or dropped by the service, other than by the two functions', async () => {
    expect(await refusal(engine.pool, 'DROP TABLE event_20260601')).toBe(PERMISSION_DENIED);
    expect(await refusal(engine.pool, 'CREATE TABLE mine (id int)')).toBe(PERMISSION_DENIED);
  });
});
