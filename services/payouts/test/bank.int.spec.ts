import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPurchaseId } from '../src/ids.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import type { Break } from '../src/reconciliation/break-case.js';
import { OutsideStore, outsideSources } from '../src/reconciliation/outside-checks.store.js';
import { type Books, startBooks } from './books.js';
import { START } from './lives.js';
import { type Place, soundRails, unguard } from './outside.js';

const HOUR = 3_600_000;
let books: Books;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  books = await startBooks();
  owner = createPool({ connectionString: books.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  await unguard(owner, 'rail_report', 'payout', 'payout_step', 'sandbox_payment', 'bank_line', 'bank_statement');
});

afterAll(async () => {
  await owner.end();
  await books.stop();
});

/** A statement of three days after the start, with these lines: [amount, report]. */
async function statement(place: Place, lines: [number, string | null][]): Promise<void> {
  const [fileId, id] = [books.newId(), books.newId()];
  place.ids['statement'] = id;
  await owner.query(
    `INSERT INTO bank_file (tenant_id, id, sha256, kind, message_id, size_bytes, imported_by, imported_at)
     VALUES ($1, $2, 'x', 'camt.053', 'm', 1, $2, $3)`,
    [place.tenantId, fileId, START],
  );
  const sum = lines.reduce((total, [micros]) => total + micros, 0);
  await owner.query(
    `INSERT INTO bank_statement (tenant_id, id, file_id, bank_id, account, currency, opening_micros, closing_micros, opened_on, closed_on, content_hash)
     VALUES ($1, $2, $3, 'first', 'DE00', 'EUR', 1000, $4, '2026-06-01', '2026-06-04', 'x')`,
    [place.tenantId, id, fileId, 1000 + sum],
  );
  await owner.query(
    `INSERT INTO bank_line (tenant_id, statement_id, line, booked_on, amount_micros, currency, report_id)
     SELECT $1, $2, n, '2026-06-02', micros, 'EUR', report FROM unnest($3::bigint[], $4::text[]) WITH ORDINALITY AS l (micros, report, n)`,
    [place.tenantId, id, lines.map(([micros]) => micros), lines.map(([, name]) => name)],
  );
}

/** A tenant of whom rails and bank say the same as the ledger. */
async function sound(): Promise<Place> {
  const place = await soundRails(books, owner);
  await statement(place, [
    [-900, 'settled settled'],
    [-500, 'returned settled'],
    [500, 'returned returned'],
    [-700, null],
  ]);
  return place;
}

const found = (place: Place) =>
  new OutsideStore(books.pool, new Map([['ach', 24]])).breaksBeside(place.tenantId, new Date(START.getTime() + HOUR));

/** What somebody does, and what is found by it: $1 is the tenant, $2 what the case is about. */
const CASES: [what: string, about: string, sql: string, breaks: [Break['invariant'], RegExp][]][] = [
  [
    'a line is missing in the statements',
    'settled',
    "DELETE FROM bank_line WHERE tenant_id = $1 AND report_id = 'settled settled' AND $2::uuid IS NOT NULL",
    [['B1', /it settled on 2026-06-01, and no statement has it/]],
  ],
  [
    'the bank booked less for a file',
    'batched',
    'UPDATE bank_line SET amount_micros = -699 WHERE tenant_id = $1 AND report_id IS NULL AND $2::uuid IS NOT NULL',
    [
      ['B1', /no statement has it/],
      ['B2', /-699 micros EUR on 2026-06-02/],
    ],
  ],
  [
    'the bank booked a payout twice',
    'settled',
    "INSERT INTO bank_line SELECT tenant_id, statement_id, 99, booked_on, value_date, amount_micros, currency, end_to_end_id, bank_reference, reason_code, counterparty, report_id FROM bank_line WHERE tenant_id = $1 AND report_id = 'settled settled' AND $2::uuid IS NOT NULL",
    [['B3', /2 lines of the bank make -1800/]],
  ],
  [
    'the bank booked a file as one and line by line',
    'batched',
    "INSERT INTO bank_line SELECT tenant_id, statement_id, 99, booked_on, value_date, amount_micros, currency, end_to_end_id, bank_reference, reason_code, counterparty, 'batched settled' FROM bank_line WHERE tenant_id = $1 AND report_id IS NULL AND $2::uuid IS NOT NULL",
    [['B3', /its payouts that settled come to 700 micros, and 0 more may; the bank booked -1400 for it/]],
  ],
  [
    'a statement is missing between two',
    'statement',
    "INSERT INTO bank_statement SELECT tenant_id, gen_random_uuid(), file_id, 'later', account, currency, closing_micros + 1, closing_micros + 1, '2026-06-05', '2026-06-05', 'y' FROM bank_statement WHERE tenant_id = $1 AND id = $2",
    [['B5', /the one before closed with -600 on 2026-06-04/]],
  ],
  [
    'a payout is called failed that the bank booked',
    'settled',
    "UPDATE payout SET status = 'failed' WHERE tenant_id = $1 AND id = $2",
    [
      ['R2', /it is failed; sepa says settled/],
      ['B3', /it is failed and pays 900 micros; 1 line of the bank make -900/],
    ],
  ],
];

describe('The bank beside the ledger', () => {
  it('says the same, and how far its word reaches is told', async () => {
    const place = await sound();
    expect(await found(place)).toEqual([]);
    expect(await outsideSources(books.pool, place.tenantId)).toContainEqual({
      name: 'bank DE00 EUR',
      compared: 4,
      upTo: new Date('2026-06-05T00:00:00Z'),
    });
  });

  it.each(CASES)('differs when %s', async (_, about, sql, breaks) => {
    const [place, other] = [await sound(), await sound()];
    const changed = await owner.query(sql, [place.tenantId, place.ids[about]]);
    expect(changed.rowCount).toBeGreaterThan(0);
    const differences = await found(place);
    expect(differences.map(({ invariant }) => invariant)).toEqual(breaks.map(([invariant]) => invariant));
    for (const [n, [, detail]] of breaks.entries()) expect(differences[n]!.detail).toMatch(detail);
    expect(await found(other)).toEqual([]);
  });

  it('B4 differs when something else moves cash where the bank tells, until it is named at a break', async () => {
    const [place, silent] = [await sound(), await soundRails(books, owner)];
    const move = (tenantId: Place['tenantId'], currency: string) =>
      inDatabaseTransaction(books.pool, (tx) =>
        new LedgerStore(tx, books).write([
          {
            tenantId,
            eventType: 'CashMoved',
            currency: currencyOf(currency),
            cause: { kind: 'purchase', purchaseId: asPurchaseId(books.newId()), sequence: 1n, refundId: undefined },
            reason: undefined,
            occurredAt: START,
            legs: [
              { personId: undefined, kind: 'cash', amountMicros: -300n },
              { personId: undefined, kind: 'bad_debt', amountMicros: 300n },
            ],
            mayOverdraw: true,
          },
        ]),
      );
    // No statement tells of dollars, and none of anything to the other tenant.
    await move(place.tenantId, 'USD');
    await move(silent.tenantId, 'EUR');
    expect(await found(place)).toEqual([]);
    expect((await found(silent)).map(({ invariant }) => invariant)).not.toContain('B4');
    await move(place.tenantId, 'EUR');
    const [difference, ...more] = await found(place);
    expect([difference?.invariant, difference?.detail, more]).toEqual([
      'B4',
      'it moves cash by -300 micros EUR, and neither a payout nor a break explains it',
      [],
    ]);
    const journalId = difference?.subject.replace('journal ', '');
    const breakId = books.newId();
    await owner.query(
      `INSERT INTO break_case (tenant_id, id, invariant, subject, detail, opened_at, opened_by_run, last_seen_at, last_run)
       VALUES ($1, $2, 'B2', 'a line', 'x', $3, $2, $3, $2)`,
      [place.tenantId, breakId, START],
    );
    await owner.query(
      `INSERT INTO break_step (tenant_id, break_id, position, kind, user_id, text, journal_ids, taken_at)
       VALUES ($1, $2, 1, 'corrected', $2, 'x', ARRAY[$3]::uuid[], $4)`,
      [place.tenantId, breakId, journalId, START],
    );
    expect(await found(place)).toEqual([]);
  });

  it('B1 waits for the statement that covers a payout', async () => {
    const place = await sound();
    await owner.query("DELETE FROM bank_line WHERE tenant_id = $1 AND report_id = 'settled settled'", [place.tenantId]);
    await owner.query("UPDATE bank_statement SET closed_on = '2026-06-03' WHERE tenant_id = $1", [place.tenantId]);
    expect(await found(place)).toEqual([]);
  });
});
