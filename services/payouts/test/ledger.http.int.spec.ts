import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import type { TenantId, UserId } from '../src/ids.js';
import { type Books, micros, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { Life, START } from './lives.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Someone {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly as: string;
  readonly finance: string;
}

async function someone(): Promise<Someone> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  const finance = await edges.person(tenantId, books.newPerson(), ['finance']);
  return { tenantId, personId, as: await edges.person(tenantId, personId), finance };
}

/** A purchase of 100.00 of which the person has 20.00. */
const sale = ({ tenantId, personId }: Someone, other: { currency?: string; amount?: string } = {}) =>
  new Life({
    tenantId,
    currency: currencyOf(other.currency ?? 'USD'),
    amountMicros: micros('100.00'),
    shares: [{ beneficiaryId: personId, micros: micros(other.amount ?? '20.00') }],
  });

const balancesOf = async ({ as }: Someone) => (await edges.call('GET', '/v1/balances/me', { as })).body.balances;

describe('GET /v1/balances/me', () => {
  it('is empty for who never earned', async () => {
    const { status, body } = await edges.call('GET', '/v1/balances/me', { as: (await someone()).as });
    expect([status, body]).toEqual([200, { balances: [] }]);
  });

  it('shows each currency by where the money stands, and the accounts opened so far', async () => {
    const me = await someone();
    const [pending, held, available, yen] = [
      sale(me),
      sale(me),
      sale(me),
      sale(me, { currency: 'JPY', amount: '7.5' }),
    ];
    held.hold();
    available.release();
    await books.live(pending, held, available, yen);
    const [jpy, dollars, ...more] = await balancesOf(me);
    expect(more).toEqual([]);
    expect(jpy).toMatchObject({
      currency: 'JPY',
      pending: { amount: '7.50', currency: 'JPY' },
      available: { amount: '0.00', currency: 'JPY' },
    });
    expect(Object.keys(jpy.accounts)).toEqual(['pending']);
    expect(dollars).toMatchObject({
      currency: 'USD',
      pending: usd('20.00'),
      held: usd('20.00'),
      available: usd('20.00'),
      inTransit: usd('0.00'),
      paid: usd('0.00'),
    });
    expect(Object.keys(dollars.accounts).toSorted()).toEqual(['available', 'held', 'pending']);
  });

  it('follows a payout, and goes below zero when what was paid out is taken back', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    const life = await books.earn(tenantId, personId, '50.00');
    const methodId = await books.addMethod(tenantId, personId);
    await books.request({ tenantId, personId, methodId, amount: '50.00' });
    expect(await balancesOf(me)).toMatchObject([
      { available: usd('0.00'), inTransit: usd('50.00'), paid: usd('0.00') },
    ]);
    await books.work();
    expect(await balancesOf(me)).toMatchObject([
      { available: usd('0.00'), inTransit: usd('0.00'), paid: usd('50.00') },
    ]);
    life.refund(life.leftMicros);
    await books.live(life);
    const [balance] = await balancesOf(me);
    expect(balance).toMatchObject({ available: usd('-50.00'), paid: usd('50.00') });
    const { body } = await edges.call('GET', `/v1/ledger/accounts/${balance.accounts.available}/statement`, {
      as: me.as,
    });
    expect(body.items[0]).toMatchObject({
      amount: usd('-50.00'),
      balance: usd('-50.00'),
      cause: { event: 'CommissionsReversed', purchaseId: life.purchaseId, refundId: expect.any(String) },
    });
    const next = await books.earn(tenantId, personId, '80.00');
    expect(next.events).toHaveLength(3);
    expect(await balancesOf(me)).toMatchObject([{ available: usd('30.00') }]);
    expect(await books.breaks(tenantId)).toEqual([]);
  });

  it('is for persons', async () => {
    const { tenantId } = await someone();
    expect((await edges.call('GET', '/v1/balances/me')).status).toBe(401);
    expect((await edges.call('GET', '/v1/balances/me', { as: edges.apiKey(tenantId) })).status).toBe(403);
  });
});

/** All pages of a list. */
async function readAll(path: string, { as, pageSize }: { as: string; pageSize: number }) {
  const items: {
    id: string;
    amount: { amount: string };
    balance: { amount: string };
    cause: Record<string, string>;
  }[] = [];
  let token: string | undefined;
  let pages = 0;
  do {
    const { status, body } = await edges.call(
      'GET',
      `${path}?pageSize=${pageSize}${token === undefined ? '' : `&pageToken=${token}`}`,
      { as },
    );
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(pageSize);
    items.push(...body.items);
    token = body.nextPageToken;
    pages += 1;
  } while (token !== undefined);
  return { items, pages };
}

const cents = (text: string) => Math.round(Number(text) * 100);

/** Oldest first, the balances are the running sum of the amounts. */
function expectRunning(items: readonly { amount: { amount: string }; balance: { amount: string } }[]): void {
  let sum = 0;
  for (const { amount, balance } of items.toReversed()) {
    sum += cents(amount.amount);
    expect(cents(balance.amount)).toBe(sum);
  }
}

describe('GET /v1/ledger/accounts/{id}/statement', () => {
  it('tells every posting newest first, with its running balance and its cause', async () => {
    const me = await someone();
    const life = sale(me);
    life.hold();
    life.lift();
    const refundId = life.refund(micros('50.00'));
    life.release();
    await books.live(life);
    const [{ accounts }] = await balancesOf(me);
    const path = `/v1/ledger/accounts/${accounts.pending}/statement`;
    const { items } = await readAll(path, { as: me.as, pageSize: 200 });
    const { purchaseId } = life;
    expect(items.map(({ amount, balance, cause }) => [amount.amount, balance.amount, cause])).toEqual([
      ['-10.00', '0.00', { event: 'CommissionsReleased', purchaseId, purchaseSequence: '7' }],
      ['-10.00', '10.00', { event: 'CommissionsReversed', purchaseId, purchaseSequence: '6', refundId }],
      ['20.00', '20.00', { event: 'CommissionsHeld', purchaseId, purchaseSequence: '4', reason: 'lifted' }],
      [
        '-20.00',
        '0.00',
        { event: 'CommissionsHeld', purchaseId, purchaseSequence: '3', reason: 'beneficiary_suspended' },
      ],
      ['20.00', '20.00', { event: 'CommissionsAccrued', purchaseId, purchaseSequence: '2' }],
    ]);
    expect(items[0]).toMatchObject({ occurredAt: START.toISOString(), recordedAt: START.toISOString() });
  });

  it('comes in pages that hold while new postings come', async () => {
    const me = await someone();
    await books.live(...Array.from({ length: 5 }, () => sale(me)));
    const [{ accounts }] = await balancesOf(me);
    const path = `/v1/ledger/accounts/${accounts.pending}/statement`;
    const whole = await readAll(path, { as: me.as, pageSize: 200 });
    const parts = await readAll(path, { as: me.as, pageSize: 2 });
    expect([whole.pages, parts.pages]).toEqual([1, 3]);
    expect(parts.items).toEqual(whole.items);
    expectRunning(whole.items);
    const first = await edges.call('GET', `${path}?pageSize=3`, { as: me.as });
    await books.live(sale(me));
    const rest = await edges.call('GET', `${path}?pageToken=${first.body.nextPageToken}`, { as: me.as });
    expect([...first.body.items, ...rest.body.items]).toEqual(whole.items);
  });

  it('sums up an account of the house for finance, over all pages', async () => {
    const me = await someone();
    const lives = Array.from({ length: 7 }, () => sale(me));
    for (const life of lives) {
      life.refund(micros('25.00'));
      await books.live(life);
    }
    const { rows } = await books.pool.query<{ id: string }>(
      "SELECT id FROM account WHERE tenant_id = $1 AND kind = 'commission_expense'",
      [me.tenantId],
    );
    const path = `/v1/ledger/accounts/${rows[0]!.id}/statement`;
    const { items, pages } = await readAll(path, { as: me.finance, pageSize: 4 });
    expect([items.length, pages]).toEqual([14, 4]);
    expectRunning(items);
    expect(items[0]!.balance.amount).toBe('-105.00');
    const own = await edges.call('GET', path, { as: me.as });
    expect([own.status, own.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  it('is for the owner and for finance', async () => {
    const me = await someone();
    await books.live(sale(me));
    const [{ accounts }] = await balancesOf(me);
    const path = `/v1/ledger/accounts/${accounts.pending}/statement`;
    const colleague = await edges.person(me.tenantId, books.newPerson());
    const answers = [];
    for (const as of [me.as, me.finance, colleague, edges.apiKey(me.tenantId), undefined]) {
      const { status, body } = await edges.call('GET', path, { as });
      answers.push([status, body.code]);
    }
    expect(answers).toEqual([
      [200, undefined],
      [200, undefined],
      [403, 'FORBIDDEN'],
      [403, 'FORBIDDEN'],
      [401, 'UNAUTHENTICATED'],
    ]);
    const unknown = await edges.call('GET', `/v1/ledger/accounts/${books.newId()}/statement`, { as: me.finance });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NOT_FOUND']);
  });

  const token = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');

  it.each([
    ['an id that is none', 'me', ''],
    ['no page at all', undefined, '?pageSize=0'],
    ['too large a page', undefined, '?pageSize=201'],
    ['a page of hex', undefined, '?pageSize=0x10'],
    ['a token of nothing', undefined, '?pageToken=nonsense'],
    ['a token of another list', undefined, `?pageToken=${token({ id: '00000000-0000-7000-8000-000000000001' })}`],
    ['a position below one', undefined, `?pageToken=${token({ position: '0' })}`],
    ['a position past all numbers', undefined, `?pageToken=${token({ position: '9999999999999999999' })}`],
    ['an unknown parameter', undefined, '?page=1'],
  ])('refuses %s', async (_, id, query) => {
    const { finance } = await someone();
    const { status, body } = await edges.call('GET', `/v1/ledger/accounts/${id ?? books.newId()}/statement${query}`, {
      as: finance,
    });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('GET /v1/ledger/trial-balance', () => {
  it('shows finance that debits equal credits in every currency', async () => {
    const me = await someone();
    const back = sale(me);
    back.release();
    back.refund(micros('10.00'));
    await books.live(sale(me), back, sale(me, { currency: 'JPY', amount: '3.000001' }));
    const { status, body } = await edges.call('GET', '/v1/ledger/trial-balance', { as: me.finance });
    expect([status, body]).toEqual([
      200,
      {
        currencies: [
          { currency: 'JPY', debit: '3.000001', credit: '3.000001', difference: '0.00' },
          { currency: 'USD', debit: '38.00', credit: '38.00', difference: '0.00' },
        ],
      },
    ]);
  });

  it('is for finance only', async () => {
    const { tenantId, as } = await someone();
    for (const credentials of [
      as,
      edges.apiKey(tenantId),
      await edges.person(tenantId, books.newPerson(), ['support']),
    ]) {
      const { status, body } = await edges.call('GET', '/v1/ledger/trial-balance', { as: credentials });
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    }
  });
});
