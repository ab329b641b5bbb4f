import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Edges, startEdges } from './edges.js';
import { openWorkshop, type Workshop } from './workshop.js';

let workshop: Workshop;
let edges: Edges;

const PERMISSION_DENIED = '42501';
const RESTRICTED = '23001';

beforeAll(async () => {
  workshop = await openWorkshop();
  edges = await startEdges(workshop);
  const as = await edges.person(workshop.newTenant(), workshop.newUser());
  const site = await edges.site(as);
  expect((await edges.publish(as, site.id)).status).toBe(200);
});

afterAll(async () => {
  await edges.stop();
  await workshop.stop();
});

const refusal = (pool: Workshop['pool'], sql: string) =>
  pool.query(sql).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

describe('Facts', () => {
  it.each(['release', 'release_file'])('of %s cannot be changed by the service, nor by the owner', async (table) => {
    for (const sql of [
      `UPDATE ${table} SET tenant_id = tenant_id`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ]) {
      expect([sql, await refusal(workshop.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
      expect([sql, await refusal(workshop.ownerPool, sql)]).toEqual([sql, RESTRICTED]);
    }
  });

  it.each([
    'UPDATE site SET owner_id = id',
    "UPDATE site SET slug = 'another'",
    'DELETE FROM site',
    'UPDATE write_key SET site_id = id',
    "UPDATE write_key SET key_sha256 = '\\x00'",
    'DELETE FROM write_key',
  ])('are not for the service to change: %s', async (sql) => {
    expect(await refusal(workshop.pool, sql)).toBe(PERMISSION_DENIED);
  });
});

describe('Every table', () => {
  it('names the tenant', async () => {
    const { rows } = await workshop.ownerPool.query<{ table_name: string }>(
      `SELECT t.table_name FROM information_schema.tables t
       WHERE t.table_schema = 'public' AND t.table_name IN ('site', 'release', 'release_file', 'write_key')
         AND NOT EXISTS (SELECT FROM information_schema.columns c
                         WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name
                           AND c.column_name = 'tenant_id' AND c.is_nullable = 'NO')`,
    );
    expect(rows).toEqual([]);
  });
});
