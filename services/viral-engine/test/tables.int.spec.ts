import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let owner: ReturnType<typeof createPool>;

const APPEND_ONLY = [
  'purchase',
  'purchase_key',
  'purchase_metadata',
  'commission_change',
  'refund',
  'chargeback_win',
  'plan_version',
  'plan_archive',
  'buyer_plan_recurrence',
  'boost_change',
  'unattributed_purchase',
  'webhook_endpoint',
  'webhook_secret',
  'webhook_event',
  'invoice_payment',
  'charge_refund',
  'chargeback_excess',
  'referral_code',
  'link_owner_change',
  'registration_source',
  'registration_touch',
  'network_move',
];

beforeAll(async () => {
  engine = await startEngine();
  owner = createPool({ connectionString: engine.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  const tenantId = engine.newTenant();
  const [buyer] = await engine.line(tenantId, 2);
  await engine.record(engine.order(tenantId, buyer!, { metadata: { a: 1 } }));
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
  it.each(APPEND_ONLY)('of %s cannot be changed by the service, nor by the owner of the table', async (table) => {
    for (const sql of [
      `UPDATE ${table} SET tenant_id = tenant_id`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ]) {
      expect([table, sql, await refusal(engine.pool, sql)]).toEqual([table, sql, PERMISSION_DENIED]);
      expect([table, sql, await refusal(owner, sql)]).toEqual([table, sql, RESTRICTED]);
    }
  });

  it.each(['gross_micros = 1', 'beneficiary_id = purchase_id', 'level = 3', 'rate_bps = 1', "currency = 'EUR'"])(
    'of a commission cannot be changed: %s',
    async (change) => {
      expect(await refusal(engine.pool, `UPDATE commission SET ${change}`)).toBe(PERMISSION_DENIED);
      expect(await refusal(owner, `UPDATE commission SET ${change}`)).toBe(RESTRICTED);
    },
  );

  it.each(['commission', 'purchase_state'])('of %s cannot be deleted', async (table) => {
    expect(await refusal(engine.pool, `DELETE FROM ${table}`)).toBe(PERMISSION_DENIED);
    expect(await refusal(owner, `DELETE FROM ${table}`)).toBe(RESTRICTED);
    expect(await refusal(owner, `TRUNCATE ${table}`)).toBe(RESTRICTED);
  });
});

describe('Who a customer is', () => {
  it('never changes once it is said, and no customer is forgotten', async () => {
    const tenantId = engine.newTenant();
    const [user, other] = await engine.line(tenantId, 1);
    const set = (userId: string) =>
      `UPDATE customer SET user_id = '${userId}', mapped_by = 'spec', mapped_at = now() WHERE tenant_id = '${tenantId}'`;
    await engine.pool.query("INSERT INTO customer (tenant_id, customer_id) VALUES ($1, 'cus')", [tenantId]);
    expect(await refusal(engine.pool, set(user!))).toBe('done');
    expect(await refusal(engine.pool, set(other!))).toBe(RESTRICTED);
    expect(await refusal(owner, set(other!))).toBe(RESTRICTED);
    expect(await refusal(engine.pool, 'DELETE FROM customer')).toBe(PERMISSION_DENIED);
    expect(await refusal(owner, 'DELETE FROM customer')).toBe(RESTRICTED);
  });
});

describe('A commission', () => {
  it.each([
    ["net_micros = -1, status = 'pending'"],
    ['net_micros = gross_micros + 1'],
    ["status = 'reversed'"],
    ["status = 'held'"],
    ["status = 'paid'"],
    ["hold_causes = '{dispute}'"],
  ])('cannot come to %s', async (change) => {
    expect(await refusal(engine.pool, `UPDATE commission SET ${change}`)).toBe('23514');
  });
});
