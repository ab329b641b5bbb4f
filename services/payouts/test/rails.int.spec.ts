import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { asRunId } from '../src/ids.js';
import { saveReconciliation } from '../src/reconciliation/books.store.js';
import type { Break } from '../src/reconciliation/break-case.js';
import { OutsideStore, outsideSources } from '../src/reconciliation/outside-checks.store.js';
import { type Books, startBooks } from './books.js';
import { START } from './lives.js';
import { cashJournal, type Place, soundRails, unguard } from './outside.js';

const HOUR = 3_600_000;
let books: Books;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  books = await startBooks();
  owner = createPool({ connectionString: books.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  await unguard(owner, 'rail_report', 'payout', 'payout_step', 'sandbox_payment');
});

afterAll(async () => {
  await owner.end();
  await books.stop();
});

const sound = () => soundRails(books, owner);
const found = (place: Place, after = 24 * HOUR) =>
  new OutsideStore(books.pool, new Map([['ach', 24]])).breaksBeside(place.tenantId, new Date(START.getTime() + after));

/** What somebody does, and what is found by it: $1 is the tenant, $2 what the case is about. */
const CASES: [what: string, about: string, sql: string, breaks: [Break['invariant'], RegExp][]][] = [
  [
    'a rail tells of a payout that there is not',
    'settled',
    "UPDATE rail_report SET reference = gen_random_uuid(), applied = 'unknown_reference' WHERE tenant_id = $1 AND reference = $2",
    [
      ['R1', /settled, and there is no such payout/],
      ['R5', /sepa has told nothing/],
    ],
  ],
  [
    'the rail made a second payment of one payout',
    'settled',
    `WITH paid AS (UPDATE payout SET rail_reference = 'first' WHERE tenant_id = $1 AND id = $2)
     INSERT INTO rail_report (tenant_id, rail, report_id, reference, state, amount_micros, currency, rail_reference, occurred_at, received_at, applied)
     SELECT tenant_id, rail, 'again', reference, state, amount_micros, currency, 'second', occurred_at, received_at, 'contradiction'
     FROM rail_report WHERE tenant_id = $1 AND reference = $2`,
    [['R1', /it tells of the payment second; payout .* is the payment first/]],
  ],
  [
    'the sandbox has a payment of nobody',
    'sandbox',
    'UPDATE sandbox_payment SET reference = gen_random_uuid() WHERE tenant_id = $1 AND reference = $2',
    [
      ['R1', /the sandbox has it/],
      ['R5', /sandbox has told nothing/],
    ],
  ],
  [
    'a payout is called failed that the rail settled',
    'settled',
    "UPDATE payout SET status = 'failed' WHERE tenant_id = $1 AND id = $2",
    [['R2', /it is failed; sepa says settled/]],
  ],
  [
    'a payout is called settled that came back',
    'returned',
    "UPDATE payout SET status = 'settled' WHERE tenant_id = $1 AND id = $2",
    [['R2', /it is settled; sepa says returned/]],
  ],
  [
    'the rail says one thing and the opposite',
    'failed',
    "INSERT INTO rail_report SELECT tenant_id, rail, 'again', reference, 'settled', reason, amount_micros, currency, fee_micros, rail_reference, occurred_at, received_at, 'contradiction' FROM rail_report WHERE tenant_id = $1 AND reference = $2",
    [['R2', /ach says both settled and failed/]],
  ],
  [
    'the sandbox failed what is settled here',
    'sandbox',
    "UPDATE sandbox_payment SET outcome = 'failed' WHERE tenant_id = $1 AND reference = $2",
    [['R2', /the sandbox says failed/]],
  ],
  [
    'the rail paid another amount',
    'batched',
    'UPDATE rail_report SET amount_micros = 701 WHERE tenant_id = $1 AND reference = $2',
    [['R3', /tells of 701 micros EUR; payout .* pays 700 micros EUR/]],
  ],
  [
    'the rail paid another currency',
    'batched',
    "UPDATE rail_report SET amount_micros = 700, currency = 'USD' WHERE tenant_id = $1 AND reference = $2",
    [['R3', /700 micros USD/]],
  ],
  [
    'the sandbox paid what was withheld, too',
    'sandbox',
    'UPDATE sandbox_payment SET amount_micros = 50 WHERE tenant_id = $1 AND reference = $2',
    [['R3', /the sandbox has 50 micros EUR; the payout pays 49/]],
  ],
  [
    'the rail took a fee that is booked nowhere',
    'settled',
    'UPDATE rail_report SET fee_micros = 25 WHERE tenant_id = $1 AND reference = $2',
    [['R4', /told a fee of 25 micros; the payout has 0/]],
  ],
  [
    'the rail took a fee for what had ended here before',
    'settled',
    "UPDATE rail_report SET fee_micros = 25, applied = 'contradiction' WHERE tenant_id = $1 AND reference = $2",
    [['R4', /told a fee of 25 micros; the payout has 0/]],
  ],
  [
    'a payout has a fee without a journal',
    'settled',
    'UPDATE payout SET fee_micros = 25 WHERE tenant_id = $1 AND id = $2',
    [['R4', /its fee is 25 micros, its journals book 0/]],
  ],
  [
    'a report was lost',
    'batched',
    'DELETE FROM rail_report WHERE tenant_id = $1 AND reference = $2',
    [['R5', /it is settled, and sepa has told nothing of it/]],
  ],
];

describe('Rails beside the ledger', () => {
  it('say the same, and who was compared is told', async () => {
    const place = await sound();
    expect(await found(place)).toEqual([]);
    expect(await outsideSources(books.pool, place.tenantId)).toEqual([
      { name: 'rail ach', compared: 1, upTo: START },
      { name: 'rail sepa', compared: 4, upTo: START },
      { name: 'sandbox payments', compared: 1, upTo: START },
    ]);
  });

  it.each(CASES)('differ when %s', async (_, about, sql, breaks) => {
    const [place, other] = [await sound(), await sound()];
    const changed = await owner.query(sql, [place.tenantId, place.ids[about]]);
    expect(changed.rowCount).toBeGreaterThan(0);
    const differences = await found(place);
    expect(differences.map(({ invariant }) => invariant)).toEqual(breaks.map(([invariant]) => invariant));
    for (const [n, [, detail]] of breaks.entries()) expect(differences[n]!.detail).toMatch(detail);
    expect(await found(other)).toEqual([]);
  });

  it('R6 differ when a rail keeps a payout to itself for longer than it may', async () => {
    const place = await sound();
    expect(await found(place, 24 * HOUR)).toEqual([]);
    expect(await found(place, 24 * HOUR + 1)).toEqual([
      {
        invariant: 'R6',
        subject: `payout ${place.ids['underWay']}`,
        detail: 'it is with ach since 2026-06-01T12:00:00Z',
      },
    ]);
  });
});

describe('What differs by an amount of cash', () => {
  const run = async (place: Place) => {
    const now = new Date(START.getTime() + 24 * HOUR);
    const breaks = await found(place);
    const id = asRunId(books.newId());
    const outcome = breaks.length === 0 ? 'balanced' : 'breaks';
    const done = { id, tenantId: place.tenantId, outcome, compared: 0, inFlight: 0, breaks } as const;
    const dated = { ...done, incomplete: new Set<never>(), startedAt: now, finishedAt: now };
    await inDatabaseTransaction(books.pool, (tx) => saveReconciliation(tx, dated, books.newId));
    const { rows } = await books.pool.query<{ id: string; invariant: string }>(
      "SELECT id, invariant FROM break_case WHERE tenant_id = $1 AND status <> 'resolved' ORDER BY subject",
      [place.tenantId],
    );
    return rows;
  };
  const name = (place: Place, breakId: string, journal: string, position: number) =>
    owner.query(
      `INSERT INTO break_step (tenant_id, break_id, position, kind, user_id, text, journal_ids, taken_at)
       VALUES ($1, $2, $3, 'corrected', $2, 'x', ARRAY[$4]::uuid[], $5)`,
      [place.tenantId, breakId, position, place.ids[journal], new Date(START.getTime() + position)],
    );
  /** The rail paid 250 to nobody that is known here. */
  const paidToNobody = (place: Place, reportId: string) =>
    owner.query(
      `INSERT INTO rail_report (tenant_id, rail, report_id, reference, state, amount_micros, currency, occurred_at, received_at, applied)
       VALUES ($1, 'stripe', $2, gen_random_uuid(), 'settled', 250, 'EUR', $3, $3, 'unknown_reference')`,
      [place.tenantId, reportId, START],
    );

  it('is mended by journals of exactly that, and stays mended', async () => {
    const place = await sound();
    await paidToNobody(place, 'evt_1');
    const [theCase, ...more] = await run(place);
    expect([theCase!.invariant, more]).toEqual(['R1', []]);
    await cashJournal(place, 'tooLittle', { micros: 249 });
    await name(place, theCase!.id, 'tooLittle', 2);
    expect(await run(place)).toEqual([theCase]);
    await cashJournal(place, 'theRest', { micros: 1 });
    await name(place, theCase!.id, 'theRest', 3);
    // The run that no longer finds it adds a step of its own, after those that were written behind its back.
    await owner.query('UPDATE break_case SET steps = 9 WHERE id = $1', [theCase!.id]);
    expect(await run(place)).toEqual([]);
    expect(await run(place)).toEqual([]);
  });

  it('is not mended by what a payout moved, which stands for the payout already', async () => {
    const place = await sound();
    await paidToNobody(place, 'evt_1');
    const [theCase] = await run(place);
    await cashJournal(place, 'ofAPayout', { micros: 250, of: 'payout' });
    await name(place, theCase!.id, 'ofAPayout', 2);
    expect(await run(place)).toEqual([theCase]);
  });

  it('is not mended by a journal that mended something else', async () => {
    const place = await sound();
    await paidToNobody(place, 'evt_1');
    await paidToNobody(place, 'evt_2');
    const both = await run(place);
    expect(both).toHaveLength(2);
    await cashJournal(place, 'one', { micros: 250 });
    await name(place, both[0]!.id, 'one', 2);
    await name(place, both[1]!.id, 'one', 3);
    await owner.query('UPDATE break_case SET steps = 9 WHERE tenant_id = $1', [place.tenantId]);
    expect(await run(place)).toEqual([both[1]]);
  });
});
