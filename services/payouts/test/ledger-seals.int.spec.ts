import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { barrier, getStores } from '@dailydoco/testing';
import type { TenantId } from '../src/ids.js';
import { sealAll } from '../src/ledger/keep-ledger.module.js';
import { sealPage, walkSeals } from '../src/ledger/seal-journals.js';
import { oldestUnsealedSeconds, sealBreaks, SealStore } from '../src/ledger/seal.store.js';
import { type Books, startBooks } from './books.js';
import { Life } from './lives.js';
import { receivedOf } from './wire.js';

let books: Books;
/** Whoever may do anything: the triggers are off for these sessions. */
let intruder: ReturnType<typeof createPool>;
let store: SealStore;

beforeAll(async () => {
  books = await startBooks();
  store = new SealStore(books.pool, books.clock);
  const url = new URL((await getStores()).postgresUrl);
  url.pathname = new URL(books.appUrl).pathname;
  url.searchParams.set('options', '-c session_replication_role=replica');
  intruder = createPool({ connectionString: url.href, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
});

afterAll(async () => {
  await intruder.end();
  await books.stop();
});

let tenantId: TenantId;
beforeEach(() => {
  tenantId = books.newTenant();
});

const earn = () => books.earn(tenantId, books.newPerson(), '10.00');
const seal = () => sealAll(books, { whole: false });
const chain = () => store.after(tenantId, 0n, 1_000);
const breaks = () => sealBreaks(books.pool, tenantId, books.clock.now());
const at = async (number: number) => {
  const found = (await chain())[number - 1];
  if (found === undefined) throw new Error(`there is no seal ${number}`);
  return found;
};

describe('Journals', () => {
  it('are sealed in order, each once, by however many sealers', async () => {
    for (let n = 0; n < 3; n += 1) await earn();
    books.clock.advance(30_000);
    expect(await oldestUnsealedSeconds(books.pool, books.clock.now())).toBe(30);
    const page = () =>
      inDatabaseTransaction(books.pool, (tx) =>
        sealPage(new SealStore(tx, books.clock), tenantId, { whole: false, limit: 2 }),
      );
    await Promise.allSettled([page(), page(), page()]);
    while (await page());
    const seals = await chain();
    expect(seals.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
    expect(await oldestUnsealedSeconds(books.pool, books.clock.now())).toBe(0);
    expect([await breaks(), (await walkSeals(store, tenantId)).head.number]).toEqual([[], 6n]);
  });

  it('that commit late are sealed behind what was sealed meanwhile', async () => {
    const [written, sealedMeanwhile] = [barrier(2), barrier(2)];
    // In yen, whose accounts nobody else waits for.
    const life = new Life({
      tenantId,
      currency: currencyOf('JPY'),
      amountMicros: 2_000_000n,
      shares: [{ beneficiaryId: books.newPerson(), micros: 1_000_000n }],
    });
    const late = books.apply(receivedOf(life), async () => {
      await written();
      await sealedMeanwhile();
    });
    await written();
    books.clock.advance(60_000);
    await earn();
    await seal();
    expect(await chain()).toHaveLength(2);
    await sealedMeanwhile();
    await late;
    await seal();
    expect(await chain()).toHaveLength(3);
    expect(await breaks()).toEqual([]);
  });

  it('that committed too late for the quick look are found by the whole one, and told by reconciliation until then', async () => {
    await earn();
    await seal();
    const before = books.clock.now();
    books.clock.set(new Date(before.getTime() - 3_600_000));
    await earn();
    books.clock.set(before);
    await seal();
    expect(await breaks()).toEqual([
      { invariant: 'I3', subject: expect.stringMatching(/^journal /), detail: 'it was never sealed' },
      { invariant: 'I3', subject: expect.stringMatching(/^journal /), detail: 'it was never sealed' },
    ]);
    await sealAll(books, { whole: true });
    expect(await breaks()).toEqual([]);
  });
});

describe('A change behind the service’s back', () => {
  const changes: [what: string, sql: string, detail: RegExp][] = [
    [
      'an amount',
      'UPDATE posting SET amount_micros = amount_micros * 2 WHERE tenant_id = $1 AND journal_id = $2',
      /seal 2/,
    ],
    [
      'a running balance',
      'UPDATE posting SET balance_after_micros = 7 WHERE tenant_id = $1 AND journal_id = $2',
      /seal 2/,
    ],
    ['a posting that goes', 'DELETE FROM posting WHERE tenant_id = $1 AND journal_id = $2', /seal 2 does not fit/],
    ['an effective date', "UPDATE journal SET occurred_at = '2020-01-01' WHERE tenant_id = $1 AND id = $2", /seal 2/],
    ['a cause', "UPDATE journal SET reason = 'nothing' WHERE tenant_id = $1 AND id = $2", /seal 2 does not fit/],
    ['a journal that goes', 'DELETE FROM journal WHERE tenant_id = $1 AND id = $2', /number 2 and is not there/],
  ];

  it.each(changes)('is found and named: %s', async (_, sql, detail) => {
    await earn();
    await earn();
    await seal();
    const { journalId } = await at(2);
    await intruder.query(sql, [tenantId, journalId]);
    const found = [{ invariant: 'I3', subject: `journal ${journalId}`, detail: expect.stringMatching(detail) }];
    expect(await breaks()).toEqual(found);
    expect((await walkSeals(store, tenantId)).breaks).toEqual(found);
  });

  it('is found when the order is swapped, and when a seal goes', async () => {
    await earn();
    await earn();
    await seal();
    const [second, third] = [await at(2), await at(3)];
    // The key is checked row by row: one of them steps aside first.
    const move = 'UPDATE journal_seal SET journal_id = $3 WHERE tenant_id = $1 AND number = $2';
    await intruder.query(move, [tenantId, 2, books.newId()]);
    await intruder.query(move, [tenantId, 3, second.journalId]);
    await intruder.query(move, [tenantId, 2, third.journalId]);
    expect((await breaks()).map(({ subject }) => subject)).toEqual([
      `journal ${third.journalId}`,
      `journal ${second.journalId}`,
    ]);

    await intruder.query('DELETE FROM journal_seal WHERE tenant_id = $1 AND number = 2', [tenantId]);
    const details = (await breaks()).map(({ detail }) => detail);
    expect(details).toEqual(
      expect.arrayContaining(['of 4 seals only 3 are there', expect.stringContaining('seal 3 follows seal 1')]),
    );
  });
});
