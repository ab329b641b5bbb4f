import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { measureBacklog } from '../src/network/backlog.store.js';
import { measureWaiting } from '../src/transparency/waiting.store.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let owner: ReturnType<typeof createPool>;

const APPEND_ONLY = [
  'purchase',
  'purchase_key',
  'purchase_metadata',
  'commission_change',
  'commission_decision',
  'dispute_step',
  'dispute_text',
  'refund',
  'chargeback_win',
  'refund_failure',
  'charge_sum',
  'charge_refund_failure',
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
  'fraud_tuning',
  'fraud_signal',
  'fraud_decision',
  'log_key',
  'log_leaf',
  'leaf_blinding',
  'log_checkpoint',
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

  it.each([
    'tenant_id = gen_random_uuid()',
    'id = gen_random_uuid()',
    'purchase_id = gen_random_uuid()',
    'beneficiary_id = purchase_id',
    "kind = 'website_bonus', level = 0",
    'level = 3',
    'rate_bps = 1',
    'boost_bps = 1',
    "currency = 'EUR'",
    'gross_micros = 1',
    "cuts = '[]'",
    "created_at = '2020-01-01'",
    "status = 'available', gross_micros = 1",
  ])('of a commission cannot be changed: %s', async (change) => {
    expect(await refusal(engine.pool, `UPDATE commission SET ${change}`)).toBe(PERMISSION_DENIED);
    expect(await refusal(owner, `UPDATE commission SET ${change}`)).toBe(RESTRICTED);
  });

  it.each(['commission', 'purchase_state', 'coupon', 'dispute'])('of %s cannot be deleted', async (table) => {
    expect(await refusal(engine.pool, `DELETE FROM ${table}`)).toBe(PERMISSION_DENIED);
    expect(await refusal(owner, `DELETE FROM ${table}`)).toBe(RESTRICTED);
    expect(await refusal(owner, `TRUNCATE ${table} CASCADE`)).toBe(RESTRICTED);
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

describe('A review', () => {
  it('that is closed stays closed, and none is deleted', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    const { id } = await engine.record(engine.order(tenantId, buyer!));
    await engine.pool.query(
      `INSERT INTO fraud_review (tenant_id, id, purchase_id, buyer_id, beneficiary_id, score, threshold, opened_at)
       VALUES ($1, $2, $2, $3, $4, 60, 60, now())`,
      [tenantId, id, buyer, referrer],
    );
    const set = (status: string) => `UPDATE fraud_review SET status = '${status}' WHERE tenant_id = '${tenantId}'`;
    expect(await refusal(engine.pool, set('cleared'))).toBe('done');
    expect(await refusal(engine.pool, set('open'))).toBe(RESTRICTED);
    expect(await refusal(owner, set('confirmed'))).toBe(RESTRICTED);
    expect(await refusal(engine.pool, 'UPDATE fraud_review SET score = 1')).toBe(PERMISSION_DENIED);
    expect(await refusal(engine.pool, 'DELETE FROM fraud_review')).toBe(PERMISSION_DENIED);
    expect(await refusal(owner, 'DELETE FROM fraud_review')).toBe(RESTRICTED);
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

describe('What is measured', () => {
  // A gauge that throws is a warning in the log and a number that is not there: no alert would ever hear of it.
  it('can be read: purchases that wait for the log, members that wait for the network', async () => {
    expect(await measureWaiting(engine.pool, 10)).toMatchObject({ purchases: expect.any(Number) });
    expect(await measureBacklog(engine.pool)).toEqual({ count: expect.any(Number), move: expect.any(Number) });
  });
});
