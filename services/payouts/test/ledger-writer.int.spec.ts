import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { asPurchaseId, type TenantId, type UserId } from '../src/ids.js';
import type { Journal } from '../src/ledger/journal.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import { type Books, startBooks } from './books.js';

let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

/** Moves an amount between the house and the person's available balance. */
function journal(
  tenantId: TenantId,
  personId: UserId,
  amountMicros: bigint,
  { mayOverdraw = false, currency = 'USD' } = {},
): Journal {
  return {
    tenantId,
    eventType: 'CommissionsReleased',
    currency: currencyOf(currency),
    cause: { kind: 'purchase', purchaseId: asPurchaseId(books.newId()), sequence: 1n, refundId: undefined },
    reason: undefined,
    occurredAt: books.clock.now(),
    legs: [
      { personId: undefined, kind: 'commission_expense', amountMicros: -amountMicros },
      { personId, kind: 'available', amountMicros },
    ],
    mayOverdraw,
  };
}

/** Commits whatever the writer did, also when it refused. */
const write = (...journals: Journal[]): Promise<unknown> =>
  inDatabaseTransaction(
    books.pool,
    (tx) =>
      new LedgerStore(tx, books).write(journals).then(
        () => 'written',
        (error: unknown) => (error instanceof DomainError ? error.reason : error),
      ),
    { maxAttempts: 1 },
  );

const available = async (tenantId: TenantId, personId: UserId) =>
  (await books.balance(tenantId, personId))?.availableMicros ?? 0n;

/** What is wrong within the ledger itself; that there are no purchases behind these journals does not count. */
const brokenIn = async (tenantId: TenantId) =>
  (await books.breaks(tenantId)).map(({ invariant }) => invariant).filter((invariant) => invariant !== 'I4');

/** The running balances of a person's available account. */
async function running(tenantId: TenantId, personId: UserId): Promise<[bigint, string][]> {
  const { rows } = await books.pool.query<{ position: bigint; balance: string }>(
    `SELECT p.position, p.balance_after_micros AS balance FROM posting p
     JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE a.tenant_id = $1 AND a.owner_id = $2 ORDER BY p.position`,
    [tenantId, personId],
  );
  return rows.map(({ position, balance }) => [position, balance]);
}

describe('The writer of the ledger', () => {
  it('refuses what would overdraw on the way, though a later journal of the batch would fill it up', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const post = (...amounts: bigint[]) => write(...amounts.map((amount) => journal(tenantId, personId, amount)));
    expect(await post(5n)).toBe('written');
    expect(await post(-6n, 10n)).toBe('INSUFFICIENT_BALANCE');
    expect(await post(10n, -16n, 10n)).toBe('INSUFFICIENT_BALANCE');
    expect(await available(tenantId, personId)).toBe(5n);
    expect(await post(10n, -15n, 1n, -1n)).toBe('written');
    expect(await running(tenantId, personId)).toEqual([
      [1n, '5'],
      [2n, '15'],
      [3n, '0'],
      [4n, '1'],
      [5n, '0'],
    ]);
    expect(await brokenIn(tenantId)).toEqual([]);
  });

  it('lets a balance fall below zero by what may overdraw, and refuses to take from it then', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    expect(await write(journal(tenantId, personId, -7n, { mayOverdraw: true }))).toBe('written');
    expect(await write(journal(tenantId, personId, 3n), journal(tenantId, personId, -1n))).toBe('INSUFFICIENT_BALANCE');
    expect(await write(journal(tenantId, personId, 3n))).toBe('written');
    expect(await available(tenantId, personId)).toBe(-4n);
  });

  it('writes nothing of a batch of which one account is short, whoever else is in it, and whatever is committed', async () => {
    const tenantId = books.newTenant();
    const [rich, poor, fresh] = [books.newPerson(), books.newPerson(), books.newPerson()];
    expect(await write(journal(tenantId, rich, 100n), journal(tenantId, poor, 1n))).toBe('written');
    const batch = [journal(tenantId, rich, -50n), journal(tenantId, fresh, 8n), journal(tenantId, poor, -2n)];
    expect(await write(...batch)).toBe('INSUFFICIENT_BALANCE');
    expect(await available(tenantId, rich)).toBe(100n);
    expect(await running(tenantId, fresh)).toEqual([]);
    expect(await brokenIn(tenantId)).toEqual([]);
  });

  it.each([
    ['as much as its balance moves by', [4, -4], undefined],
    ['less than its balance moves by', [3, -3], 'I2: only 0 of 2 balances move by what was posted to them'],
    ['what another was to get', [-4, 4], 'I2: only 0 of 2 balances move by what was posted to them'],
  ])('writes nothing, by the word of the database, unless each account gets %s', async (_, amounts, refusal) => {
    const tenantId = books.newTenant();
    const people = [books.newPerson(), books.newPerson()];
    expect(await write(...people.map((personId) => journal(tenantId, personId, 10n)))).toBe('written');
    const posted = books.pool.query(
      `SELECT post_to_accounts($1, '{USD}', '{available}', '{0}', $2, '{1,1}', '{4,-4}', '{1,1}', '{}', $3, '{1,1}',
                               '{1,2}', $4::bigint[], '{1,1}', $4::bigint[]::numeric[])`,
      [[tenantId], people, [books.newId()], amounts],
    );
    await (refusal === undefined ? posted : expect(posted).rejects.toThrow(refusal));
    const balances = await Promise.all(people.map((personId) => available(tenantId, personId)));
    expect(balances).toEqual(refusal === undefined ? [14n, 6n] : [10n, 10n]);
    expect(await running(tenantId, people[0] ?? books.newPerson())).toHaveLength(refusal === undefined ? 2 : 1);
  });

  it('opens the accounts of many writers at once, in any order, without a deadlock', async () => {
    const tenantId = books.newTenant();
    const people = Array.from({ length: 40 }, () => books.newPerson());
    const writers = Array.from({ length: 12 }, (_, n) => {
      const turned = [...people.slice(n * 3), ...people.slice(0, n * 3)];
      const order = n % 2 === 0 ? turned : turned.toReversed();
      const currency = n % 3 === 0 ? 'EUR' : 'USD';
      return write(...order.map((personId) => journal(tenantId, personId, 2n, { currency })));
    });
    expect(await Promise.all(writers)).toEqual(writers.map(() => 'written'));
    for (const personId of people) expect(await available(tenantId, personId)).toBe(16n);
    expect(await brokenIn(tenantId)).toEqual([]);
  });

  it('says so when something beside it has moved a balance, by the next reading of the books', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    expect(await write(journal(tenantId, personId, 9n))).toBe('written');
    await books.pool.query(
      'UPDATE account_balance SET balance_micros = balance_micros + 1 WHERE tenant_id = $1 AND stripe = 0',
      [tenantId],
    );
    expect(new Set(await brokenIn(tenantId))).toEqual(new Set(['I2']));
  });
});
