import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantId, UserId } from '../src/ids.js';
import { type Books, railThrough, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';

const CANCEL_WINDOW_MS = 3_000;
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
  readonly methodId: string;
}

const addMethod = (as: string, details: object = {}) =>
  edges.call('POST', '/v1/payout-methods', { as, body: { kind: 'sandbox', details } });

/** A person with 100.00 and a payout method. */
async function someone(outcome = 'settled'): Promise<Someone> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  await books.earn(tenantId, personId, '100.00');
  const as = await edges.person(tenantId, personId);
  const { body } = await addMethod(as, { outcome });
  return { tenantId, personId, as, methodId: body.id };
}

const ask = ({ as, methodId }: Pick<Someone, 'as' | 'methodId'>, amount: unknown = usd('30.00'), key?: string | null) =>
  edges.call('POST', '/v1/payouts', { as, body: { amount, methodId }, key });

const balanceOf = async ({ as }: Someone) => {
  const { body } = await edges.call('GET', '/v1/balances/me', { as });
  const [{ available, inTransit, paid }] = body.balances;
  return [available.amount, inTransit.amount, paid.amount];
};

describe('/v1/payout-methods', () => {
  it('are added, listed oldest first and in pages, and deleted', async () => {
    const { as, methodId } = await someone();
    const added = [methodId];
    for (const outcome of ['failed', 'returned', undefined]) {
      const { status, body } = await addMethod(as, outcome === undefined ? {} : { outcome });
      expect([status, body]).toEqual([
        201,
        {
          id: body.id,
          kind: 'sandbox',
          status: 'active',
          details: { outcome: outcome ?? 'settled' },
          createdAt: body.createdAt,
        },
      ]);
      added.push(body.id);
    }
    const first = await edges.call('GET', '/v1/payout-methods?pageSize=3', { as });
    const rest = await edges.call('GET', `/v1/payout-methods?pageSize=3&pageToken=${first.body.nextPageToken}`, { as });
    expect([...first.body.items, ...rest.body.items].map(({ id }) => id)).toEqual(added);
    expect(rest.body.nextPageToken).toBeUndefined();
    expect((await edges.call('DELETE', `/v1/payout-methods/${methodId}`, { as })).status).toBe(204);
    const again = await edges.call('DELETE', `/v1/payout-methods/${methodId}`, { as });
    expect([again.status, again.body.code]).toEqual([404, 'NOT_FOUND']);
    expect((await edges.call('GET', '/v1/payout-methods', { as })).body.items).toHaveLength(3);
    expect((await ask({ as, methodId })).body.code).toBe('NOT_FOUND');
  });

  it('is the same one for the same Idempotency-Key', async () => {
    const { as } = await someone();
    const body = { kind: 'sandbox', details: {} };
    const [first, second] = [
      await edges.call('POST', '/v1/payout-methods', { as, body, key: 'method' }),
      await edges.call('POST', '/v1/payout-methods', { as, body, key: 'method' }),
    ];
    expect([second.status, second.body, second.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true']);
    expect((await edges.call('GET', '/v1/payout-methods', { as })).body.items).toHaveLength(2);
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['no details', { kind: 'sandbox' }],
    ['another kind', { kind: 'bank', details: {} }],
    ['an unknown outcome', { kind: 'sandbox', details: { outcome: 'submitted' } }],
    ['an unknown detail', { kind: 'sandbox', details: { iban: 'x' } }],
    ['an unknown field', { kind: 'sandbox', details: {}, tenantId: 'x' }],
  ])('refuse %s', async (_, body) => {
    const { as } = await someone();
    const answer = await edges.call('POST', '/v1/payout-methods', { as, body });
    expect([answer.status, ['VALIDATION_FAILED', 'MALFORMED_REQUEST'].includes(answer.body.code)]).toEqual([400, true]);
    expect((await edges.call('GET', '/v1/payout-methods', { as })).body.items).toHaveLength(1);
  });

  it('need a person and, to add one, an Idempotency-Key', async () => {
    const { as, tenantId } = await someone();
    const body = { kind: 'sandbox', details: {} };
    const refused = await edges.call('POST', '/v1/payout-methods', { as, body, key: null });
    expect([refused.status, refused.body.code]).toEqual([400, 'IDEMPOTENCY_KEY_REQUIRED']);
    expect((await addMethod(edges.apiKey(tenantId))).status).toBe(403);
    expect((await edges.call('GET', '/v1/payout-methods')).status).toBe(401);
  });
});

describe('POST /v1/payouts', () => {
  it.each([
    ['settled', ['settled'], ['70.00', '0.00', '30.00'], undefined],
    ['failed', ['failed'], ['100.00', '0.00', '0.00'], 'sandbox_failure'],
    ['returned', ['settled', 'returned'], ['100.00', '0.00', '0.00'], 'sandbox_return'],
  ])('ends as the rail says: %s', async (outcome, ends, balance, reason) => {
    const me = await someone(outcome);
    const { status, body } = await ask(me);
    expect([status, body]).toEqual([
      202,
      {
        id: body.id,
        amount: usd('30.00'),
        status: 'requested',
        methodId: me.methodId,
        requestedAt: books.clock.now().toISOString(),
        changedAt: books.clock.now().toISOString(),
      },
    ]);
    expect(await balanceOf(me)).toEqual(['70.00', '30.00', '0.00']);
    for (const end of ends) {
      books.clock.advance(CANCEL_WINDOW_MS);
      await books.work();
      expect((await edges.call('GET', `/v1/payouts/${body.id}`, { as: me.as })).body.status).toBe(end);
    }
    expect(await balanceOf(me)).toEqual(balance);
    const { body: told } = await edges.call('GET', `/v1/payouts/${body.id}`, { as: me.as });
    expect(told.reason).toBe(reason);
    expect(told.changedAt).toBe(books.clock.now().toISOString());
    expect(await books.breaks(me.tenantId)).toEqual([]);
  });

  it('does it once for an Idempotency-Key, also when both come at once', async () => {
    const me = await someone();
    const both = await Promise.all([ask(me, usd('30.00'), 'once'), ask(me, usd('30.00'), 'once')]);
    const third = await ask(me, usd('30.00'), 'once');
    for (const answer of [...both, third]) expect([answer.status, answer.body]).toEqual([202, third.body]);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
    expect(await balanceOf(me)).toEqual(['70.00', '30.00', '0.00']);
    const other = await ask(me, usd('30.01'), 'once');
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const { rows } = await books.pool.query<{ days: number }>(
      'SELECT round(extract(epoch FROM max(expires_at) - now()) / 86400)::int AS days FROM idempotency_key',
    );
    expect(rows).toEqual([{ days: 30 }]);
  });

  it('gives one balance out once, however many ask at once', async () => {
    const me = await someone();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(me, usd('40.00'))));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused.map(({ status, body }) => `${status} ${body.code}`)).toEqual(
      Array.from({ length: 8 }, () => '422 INSUFFICIENT_BALANCE'),
    );
    expect(await balanceOf(me)).toEqual(['20.00', '80.00', '0.00']);
    expect(await books.breaks(me.tenantId)).toEqual([]);
  });

  it('pays the whole balance and not a cent more', async () => {
    const me = await someone();
    const more = await ask(me, usd('100.01'));
    expect([more.status, more.body.code]).toEqual([422, 'INSUFFICIENT_BALANCE']);
    expect((await ask(me, usd('100.00'))).status).toBe(202);
    expect(await balanceOf(me)).toEqual(['0.00', '100.00', '0.00']);
    expect((await ask(me, usd('0.01'))).body.code).toBe('INSUFFICIENT_BALANCE');
    // Money in another currency is other money.
    await books.earn(me.tenantId, me.personId, '500.00', 'JPY');
    expect((await ask(me, usd('0.01'))).body.code).toBe('INSUFFICIENT_BALANCE');
    expect((await ask(me, { amount: '1', currency: 'EUR' })).body.code).toBe('INSUFFICIENT_BALANCE');
    expect((await ask(me, { amount: '500', currency: 'JPY' })).status).toBe(202);
  });

  it.each([
    ['0.001', 'USD'],
    ['30.000001', 'USD'],
    ['1.5', 'JPY'],
    ['0.000001', 'JPY'],
    ['1.0001', 'KWD'],
  ])('refuses %s %s as too fine', async (amount, currency) => {
    const me = await someone();
    await books.earn(me.tenantId, me.personId, '100.00', 'JPY');
    const { status, body } = await ask(me, { amount, currency });
    expect([status, body.code]).toEqual([422, 'AMOUNT_TOO_FINE']);
    expect(await balanceOf(me)).toEqual(['100.00', '0.00', '0.00']);
  });

  it('is frozen for a suspended person', async () => {
    const me = await someone();
    await books.suspend(me.tenantId, me.personId);
    const { status, body } = await ask(me);
    expect([status, body.code]).toEqual([422, 'PAYOUTS_FROZEN']);
    await books.suspend(me.tenantId, me.personId, false);
    expect((await ask(me)).status).toBe(202);
  });

  const MONEY = usd('1.00');
  const ID = '00000000-0000-7000-8000-000000000001';

  it.each([
    ['nothing', undefined],
    ['no JSON', '{"amount":'],
    ['a list', []],
    ['no amount', { methodId: ID }],
    ['no method', { amount: MONEY }],
    ['a method that is no id', { amount: MONEY, methodId: 'mine' }],
    ['an unknown field', { amount: MONEY, methodId: ID, personId: ID }],
    ['a number', { amount: { amount: 1, currency: 'USD' }, methodId: ID }],
    ['nothing to pay', { amount: usd('0.00'), methodId: ID }],
    ['less than nothing', { amount: usd('-1.00'), methodId: ID }],
    ['a plus', { amount: usd('+1.00'), methodId: ID }],
    ['an exponent', { amount: usd('1e2'), methodId: ID }],
    ['a comma', { amount: usd('1,00'), methodId: ID }],
    ['a leading zero', { amount: usd('01.00'), methodId: ID }],
    ['a digit too fine for all', { amount: usd('1.0000001'), methodId: ID }],
    ['too much for all', { amount: usd('1000000000.01'), methodId: ID }],
    ['digits that are not ASCII', { amount: usd('１.00'), methodId: ID }],
    ['no currency', { amount: { amount: '1.00' }, methodId: ID }],
    ['an unknown currency', { amount: { amount: '1.00', currency: 'XXX' }, methodId: ID }],
    ['a currency in small letters', { amount: { amount: '1.00', currency: 'usd' }, methodId: ID }],
  ])('refuses %s', async (_, body) => {
    const me = await someone();
    const answer = await edges.call('POST', '/v1/payouts', { as: me.as, body });
    expect([answer.status, ['VALIDATION_FAILED', 'MALFORMED_REQUEST'].includes(answer.body.code)]).toEqual([400, true]);
    expect((await edges.call('GET', '/v1/payouts', { as: me.as })).body.items).toEqual([]);
  });

  it('needs a person, an Idempotency-Key, and a method of one’s own', async () => {
    const me = await someone();
    const without = await ask(me, usd('1.00'), null);
    expect([without.status, without.body.code]).toEqual([400, 'IDEMPOTENCY_KEY_REQUIRED']);
    const long = await ask(me, usd('1.00'), 'x'.repeat(256));
    expect([long.status, long.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect((await ask({ as: edges.apiKey(me.tenantId), methodId: me.methodId })).status).toBe(403);
    for (const methodId of [books.newId(), await books.addMethod(me.tenantId, books.newPerson())]) {
      const { status, body } = await ask({ as: me.as, methodId });
      expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    }
    expect(await balanceOf(me)).toEqual(['100.00', '0.00', '0.00']);
  });
});

describe('POST /v1/payouts/{id}/cancel', () => {
  const cancel = ({ as }: Pick<Someone, 'as'>, id: string, key?: string | null) =>
    edges.call('POST', `/v1/payouts/${id}/cancel`, { as, key });

  // What other specs left waiting goes its way first.
  beforeEach(async () => {
    books.clock.advance(3_600_000);
    await books.work();
  });

  it('gives the money back while the payout waits, and twice is as good as once', async () => {
    const me = await someone();
    const { body: payout } = await ask(me);
    for (const key of [null, undefined]) {
      const { status, body } = await cancel(me, payout.id, key);
      expect([status, body]).toEqual([200, { ...payout, status: 'cancelled', changedAt: body.changedAt }]);
    }
    expect(await balanceOf(me)).toEqual(['100.00', '0.00', '0.00']);
    books.clock.advance(CANCEL_WINDOW_MS);
    expect(await books.work()).toEqual({ steps: [], failures: [] });
    expect(await books.published(payout.id)).toEqual(['PayoutRequested', 'PayoutCancelled']);
    expect(await books.breaks(me.tenantId)).toEqual([]);
  });

  it('is too late once the payout has gone to the rail', async () => {
    const me = await someone();
    const { body: payout } = await ask(me);
    books.clock.advance(CANCEL_WINDOW_MS - 1);
    expect((await books.work()).steps).toEqual([]);
    books.clock.advance(1);
    const late = async () => {
      const answer = await cancel(me, payout.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'PAYOUT_NOT_CANCELLABLE']);
      throw new Error('no answer');
    };
    const { failures } = await books.work(railThrough(books.rail, { submit: late }));
    expect(String(failures[0])).toContain('no answer');
    books.clock.advance(600_000);
    expect((await books.work()).steps).toEqual(['settled']);
    expect((await cancel(me, payout.id)).body.code).toBe('PAYOUT_NOT_CANCELLABLE');
    expect(await balanceOf(me)).toEqual(['70.00', '0.00', '30.00']);
  });

  it('knows the own payouts only', async () => {
    const [me, other] = [await someone(), await someone()];
    const { body: payout } = await ask(me);
    const colleague = { as: await edges.person(me.tenantId, books.newPerson(), ['owner']) };
    for (const who of [other, colleague]) expect((await cancel(who, payout.id)).status).toBe(404);
    expect((await cancel(me, books.newId())).status).toBe(404);
    expect((await cancel(me, 'x')).status).toBe(400);
    expect(await balanceOf(me)).toEqual(['70.00', '30.00', '0.00']);
  });
});

describe('GET /v1/payouts', () => {
  it('lists the own payouts newest first, in pages that hold while new ones come', async () => {
    const me = await someone();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await ask(me, usd('1.00'))).body.id);
    const first = await edges.call('GET', '/v1/payouts?pageSize=2', { as: me.as });
    await ask(me, usd('1.00'));
    const rest = await edges.call('GET', `/v1/payouts?pageSize=9&pageToken=${first.body.nextPageToken}`, { as: me.as });
    expect([...first.body.items, ...rest.body.items].map(({ id }) => id)).toEqual(ids);
    const colleague = await edges.person(me.tenantId, books.newPerson(), ['finance']);
    expect((await edges.call('GET', '/v1/payouts', { as: colleague })).body.items).toEqual([]);
    expect((await edges.call('GET', `/v1/payouts/${ids[0]}`, { as: colleague })).status).toBe(404);
    for (const query of ['pageSize=0', 'pageToken=x', 'status=settled']) {
      expect((await edges.call('GET', `/v1/payouts?${query}`, { as: me.as })).status).toBe(400);
    }
  });
});
