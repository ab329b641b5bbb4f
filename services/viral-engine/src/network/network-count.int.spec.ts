import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sql } from '@dailydoco/database';
import { type Engine, startEngine } from '../../test/engine.js';
import { NetworkCountStore } from './network-count.store.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

/** Pages that the statements of some work touch, by Postgres' own account. */
async function pagesOf(work: (sql: Sql) => Promise<unknown>): Promise<number> {
  const asked: { text: string; values: unknown[] }[] = [];
  await work({
    query: (statement: unknown, values: unknown[] = []) => {
      asked.push({ text: String(statement), values });
      return engine.pool.query(String(statement), values);
    },
  } as Sql);
  let pages = 0;
  for (const { text, values } of asked) {
    const { rows } = await engine.pool.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
    const [{ Plan: plan }] = rows[0]['QUERY PLAN'];
    pages += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  }
  return pages;
}

describe('Purchases that are to be counted', () => {
  it('are found by their ids, however many there are, also where the database has no statistics yet', async () => {
    const tenantId = engine.newTenant();
    const people = await engine.line(tenantId, 30);
    const orders = Array.from({ length: 600 }, (_, n) => engine.order(tenantId, people[n % people.length]!));
    const purchases = await Promise.all(orders.map((order) => engine.record(order)));
    const refs = purchases.slice(-10).map(({ id: purchaseId }) => ({ tenantId, purchaseId }));
    const pages = await pagesOf((sql) => new NetworkCountStore(sql).readPurchases(refs));
    // A few for each: three tables by their keys, and what may be written aside.
    expect(pages).toBeLessThan(20 * refs.length);
  });
});
