import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { type Books, startBooks } from './books.js';

let books: Books;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  books = await startBooks();
  owner = createPool({ connectionString: books.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  await books.earn(tenantId, personId, '100.00');
  const methodId = await books.addMethod(tenantId, personId);
  await books.request({ tenantId, personId, methodId, amount: '30.00' });
});

afterAll(async () => {
  await owner.end();
  await books.stop();
});

const refusal = (pool: typeof owner, sql: string) =>
  pool.query(sql).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

const [PERMISSION_DENIED, RESTRICTED, UNBALANCED, TWICE, CHECK] = ['42501', '23001', '23000', '23505', '23514'];

describe('I3 facts', () => {
  it.each([
    'account',
    'journal',
    'posting',
    'payout_step',
    'rail_report',
    'reconciliation_run',
    'reconciliation_break',
    'ledger_adjustment',
    'ledger_adjustment_decision',
    'ledger_period',
    'period_snapshot',
    'period_balance',
    'period_total',
    'journal_seal',
    'risk_tuning',
    'screening_list',
    'screening_hit',
    'screening_decision',
    'tax_record',
    'tax_policy',
    'break_step',
    'reconciliation_report',
    'usdc_attempt',
  ])('of %s cannot be changed by the service, nor by the owner of the table', async (table) => {
    for (const sql of [
      `UPDATE ${table} SET tenant_id = tenant_id`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ]) {
      expect([sql, await refusal(books.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
      expect([sql, await refusal(owner, sql)]).toEqual([sql, RESTRICTED]);
    }
  });

  it.each(['bank_file', 'bank_file_warning', 'bank_statement', 'bank_line'])(
    'of %s cannot be changed either',
    async (table) => {
      for (const sql of [`UPDATE ${table} SET tenant_id = tenant_id`, `DELETE FROM ${table}`]) {
        expect([sql, await refusal(books.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
        expect([sql, await refusal(owner, sql)]).toEqual([sql, RESTRICTED]);
      }
    },
  );

  it.each([
    'account_balance',
    'purchase_progress',
    'purchase_entry',
    'payout_method',
    'payout',
    'payout_finding',
    'payout_batch',
    'partner_dispute',
    'break_case',
    'reconciliation_request',
    'stripe_transfer',
    'usdc_wallet',
    'usdc_transfer',
  ])('of %s cannot be deleted', async (table) => {
    for (const sql of [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
      expect([sql, await refusal(books.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
      expect([sql, await refusal(owner, sql)]).toEqual([sql, RESTRICTED]);
    }
  });

  it.each(['amount_micros = 1', 'person_id = method_id', "currency = 'EUR'", 'requested_at = now()', 'id = method_id'])(
    'of a payout’s terms cannot be changed: %s',
    async (change) => {
      expect(await refusal(books.pool, `UPDATE payout SET ${change}`)).toBe(PERMISSION_DENIED);
      expect(await refusal(owner, `UPDATE payout SET ${change}`)).toBe(RESTRICTED);
    },
  );
});

describe('I1 the database itself', () => {
  const post = (amounts: string) =>
    `INSERT INTO posting (tenant_id, journal_id, account_id, amount_micros, position)
     SELECT a.tenant_id, '00000000-0000-4000-8000-000000000001', a.id, new.amount, 1000
     FROM (SELECT tenant_id, id, row_number() OVER () AS n FROM account) AS a
     JOIN unnest(ARRAY[${amounts}]::bigint[]) WITH ORDINALITY AS new (amount, n) USING (n)`;

  it('refuses postings that do not balance, and postings of nothing', async () => {
    expect(await refusal(books.pool, post('1'))).toBe(UNBALANCED);
    expect(await refusal(books.pool, post('5, -4'))).toBe(UNBALANCED);
    expect(await refusal(books.pool, post('0'))).toBe(CHECK);
  });
});

describe('A second journal', () => {
  it.each([
    ['purchase_id', 'purchase_id, purchase_sequence'],
    ['payout_id', 'payout_id, payout_step'],
  ])('for one cause is refused: %s', async (cause, columns) => {
    const sql = `INSERT INTO journal (tenant_id, id, event_type, currency, ${columns}, occurred_at, recorded_at)
      SELECT tenant_id, gen_random_uuid(), event_type, currency, ${columns}, now(), now()
      FROM journal WHERE ${cause} IS NOT NULL LIMIT 1`;
    expect(await refusal(books.pool, sql)).toBe(TWICE);
  });
});

describe('A row that cannot be', () => {
  it.each([
    [
      'a journal with two causes',
      `INSERT INTO journal (tenant_id, id, event_type, currency, purchase_id, purchase_sequence, payout_id, payout_step, occurred_at, recorded_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'USD', gen_random_uuid(), 1, gen_random_uuid(), 'x', now(), now()`,
    ],
    [
      'a journal without one',
      `INSERT INTO journal (tenant_id, id, event_type, currency, occurred_at, recorded_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'USD', now(), now()`,
    ],
    [
      'cash of a person',
      `INSERT INTO account SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'cash', 'USD', now()`,
    ],
    [
      'held money of the house',
      `INSERT INTO account SELECT t, gen_random_uuid(), t, 'held', 'USD', now() FROM gen_random_uuid() AS t`,
    ],
    ['a net below zero', 'UPDATE purchase_entry SET net_micros = -1'],
    ['a net on what is reversed', "UPDATE purchase_entry SET status = 'reversed'"],
    ['a status that there is not', "UPDATE payout SET status = 'paid'"],
  ])('is refused: %s', async (_, sql) => {
    expect(await refusal(books.pool, sql)).toBe(CHECK);
  });
});
