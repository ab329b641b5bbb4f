import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { del, expecting, get, post, succeeding } from './gateway.js';
import { RELEASED_WITHIN_MS, soon } from './waiting.js';
import type { Page, Payout, Purchase } from './wire.js';
import {
  addPlan,
  at,
  balanceOf,
  money,
  newKey,
  openTenant,
  type Person,
  readPurchase,
  record,
  refund,
  registerChain,
  type Tenant,
} from './world.js';

// Everybody but the last of the chain is a partner with money to pay out, each for one part of these specs: a plan
// without a hold and with the same rate on seven levels pays each of them 20.00, and 200 yen.
const AVAILABLE = { USD: '20.00', JPY: '200.00' } as const;

let tenant: Tenant;
let partners: Person[];
let key: string;
let purchase: Purchase;

beforeAll(async () => {
  tenant = await openTenant('payouts');
  const chain = await registerChain(tenant, 8);
  partners = chain.slice(0, 7);
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  await addPlan(tenant, 'at-once', {
    levelsBps: Array.from({ length: 7 }, () => 1000),
    holdDays: 0,
    streams: ['at_once'],
  });
  const buyer = at(chain, 7);
  purchase = await record(key, buyer, { stream: 'at_once', amount: money('200.00') });
  await record(key, buyer, { stream: 'at_once', amount: money('2000', 'JPY') });
  expect(purchase.commissions.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'pending'));
  await soon(async () => {
    for (const partner of partners) {
      for (const [currency, available] of Object.entries(AVAILABLE))
        expect(await balanceOf(partner, currency)).toMatchObject({ pending: '0.00', available });
    }
  }, RELEASED_WITHIN_MS);
});

type Outcome = 'settled' | 'failed' | 'returned';

const addMethod = (who: Person, json: unknown, idempotencyKey?: string | null) =>
  post('/v1/payout-methods', {
    as: who.token,
    json,
    ...(idempotencyKey === undefined ? {} : { key: idempotencyKey }),
  });

async function methodOf(who: Person, outcome?: Outcome): Promise<string> {
  const details = outcome === undefined ? {} : { outcome };
  return expecting(201, await addMethod(who, { kind: 'sandbox', details })).id;
}

const ask = (who: Person, json: unknown, options: { key?: string | null } = {}) =>
  post<Payout>('/v1/payouts', { as: who.token, json, ...options });

async function payOut(who: Person, amount: string, methodId: string): Promise<Payout> {
  return expecting(202, await ask(who, { amount: money(amount), methodId }));
}

function becomes(who: Person, { id }: Pick<Payout, 'id'>, status: string): Promise<void> {
  return soon(async () => {
    expect(expecting(200, await get<Payout>(`/v1/payouts/${id}`, { as: who.token })).status).toBe(status);
  });
}

describe('commissions without a hold', () => {
  it('are available once released, and say so', async () => {
    const { commissions } = await readPurchase(key, purchase.id);
    expect(commissions.map(({ status, net }) => [status, net.amount])).toEqual(
      Array.from({ length: 7 }, () => ['available', '20.00']),
    );
  });
});

describe('a payout method', () => {
  const who = () => at(partners, 0);

  it('is added, listed and deleted by its person', async () => {
    const added = await addMethod(who(), { kind: 'sandbox', details: { outcome: 'failed' } });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({ kind: 'sandbox', status: expect.stringMatching(/./) });
    const list = async () =>
      expecting(200, await get<Page<{ id: string }>>('/v1/payout-methods', { as: who().token })).items;
    expect((await list()).map(({ id }) => id)).toContain(added.body.id);
    succeeding(await del(`/v1/payout-methods/${added.body.id}`, { as: who().token }));
    const active = (await list()).filter((method) => !('status' in method) || method.status !== 'deleted');
    expect(active.map(({ id }) => id)).not.toContain(added.body.id);
    expect((await ask(who(), { amount: money('1.00'), methodId: added.body.id })).status).toBe(404);
  });

  it('of somebody else is as good as none', async () => {
    const methodId = await methodOf(who());
    const other = at(partners, 1);
    expect((await ask(other, { amount: money('1.00'), methodId })).status).toBe(404);
    expect((await del(`/v1/payout-methods/${methodId}`, { as: other.token })).status).toBe(404);
  });

  it('needs an Idempotency-Key, which gives the first answer again', async () => {
    const body = { kind: 'sandbox', details: {} };
    const without = await addMethod(who(), body, null);
    expect([without.status, without.body.code]).toEqual([400, 'IDEMPOTENCY_KEY_REQUIRED']);
    const idempotencyKey = randomUUID();
    const first = await addMethod(who(), body, idempotencyKey);
    const again = await addMethod(who(), body, idempotencyKey);
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    expect((await addMethod(who(), { ...body, details: { outcome: 'failed' } }, idempotencyKey)).status).toBe(422);
  });

  it.each<[string, unknown]>([
    ['a kind that there is not', { kind: 'carrier-pigeon', details: {} }],
    ['an outcome that there is not', { kind: 'sandbox', details: { outcome: 'stolen' } }],
    ['details that nobody knows', { kind: 'sandbox', details: { iban: 'DE00' } }],
    ['a field that nobody knows', { kind: 'sandbox', details: {}, default: true }],
    ['no kind', { details: {} }],
  ])('is refused with %s', async (_what, json) => {
    expect((await addMethod(who(), json)).status).toBe(400);
  });
});

describe('a payout', () => {
  it('that settles leaves the balance by way of being in transit', async () => {
    const who = at(partners, 1);
    const payout = await payOut(who, '12.34', await methodOf(who));
    expect(payout.amount).toEqual(money('12.34'));
    await becomes(who, payout, 'settled');
    expect(await balanceOf(who)).toEqual({
      pending: '0.00',
      held: '0.00',
      available: '7.66',
      inTransit: '0.00',
      paid: '12.34',
    });
    const { items } = expecting(200, await get<Page<Payout>>('/v1/payouts', { as: who.token }));
    expect(items.map(({ id, status }) => [id, status])).toEqual([[payout.id, 'settled']]);
  });

  it.each<[Outcome, number]>([
    ['failed', 2],
    ['returned', 3],
  ])('that is %s comes back whole', async (outcome, place) => {
    const who = at(partners, place);
    const payout = await payOut(who, '20.00', await methodOf(who, outcome));
    await becomes(who, payout, outcome);
    await soon(async () =>
      expect(await balanceOf(who)).toMatchObject({ available: '20.00', inTransit: '0.00', paid: '0.00' }),
    );
  });

  it('may be cancelled before it is on its way, and not after', async () => {
    const who = at(partners, 4);
    const methodId = await methodOf(who);
    const payout = await payOut(who, '5.00', methodId);
    const cancelled = await post<Payout>(`/v1/payouts/${payout.id}/cancel`, { as: who.token });
    // The rail may be faster; then the payout says that it can no longer be cancelled, and goes its way.
    if (cancelled.status === 409) {
      expect(cancelled.body).toMatchObject({ code: 'PAYOUT_NOT_CANCELLABLE' });
      await becomes(who, payout, 'settled');
      expect(await balanceOf(who)).toMatchObject({ available: '15.00', paid: '5.00' });
    } else {
      succeeding(cancelled);
      await becomes(who, payout, 'cancelled');
      expect(await balanceOf(who)).toMatchObject({ available: '20.00', inTransit: '0.00', paid: '0.00' });
    }
    const settled = await payOut(who, '5.00', methodId);
    await becomes(who, settled, 'settled');
    const tooLate = await post(`/v1/payouts/${settled.id}/cancel`, { as: who.token });
    expect([tooLate.status, tooLate.body.code]).toEqual([409, 'PAYOUT_NOT_CANCELLABLE']);
    await becomes(who, settled, 'settled');
  });

  it('is made once for one Idempotency-Key, which is required', async () => {
    const who = at(partners, 5);
    const methodId = await methodOf(who);
    const without = await ask(who, { amount: money('1.00'), methodId }, { key: null });
    expect([without.status, without.body]).toMatchObject([400, { code: 'IDEMPOTENCY_KEY_REQUIRED' }]);
    const options = { key: randomUUID() };
    const attempts = ['3.00', '3', '3.00', '3.0', '3.000000'].map((amount) =>
      ask(who, { amount: money(amount), methodId }, options),
    );
    const answers = await Promise.all(attempts);
    const ids = new Set(answers.map((answer) => expecting(202, answer).id));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true').length).toBe(4);
    expect((await ask(who, { amount: money('4.00'), methodId }, options)).status).toBe(422);
    await becomes(who, { id: [...ids][0] ?? '' }, 'settled');
    expect(await balanceOf(who)).toMatchObject({ available: '17.00', paid: '3.00' });
  });

  it('is refused past what is available, also when five ask for all of it at once', async () => {
    const who = at(partners, 6);
    const methodId = await methodOf(who);
    const past = await ask(who, { amount: money('20.01'), methodId });
    expect([past.status, past.body]).toMatchObject([422, { code: 'INSUFFICIENT_BALANCE' }]);
    const attempts = Array.from({ length: 5 }, () => ask(who, { amount: money('20.00'), methodId }));
    const answers = await Promise.all(attempts);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 422, 422, 422, 422]);
    const granted = at(
      answers.filter(({ status }) => status === 202),
      0,
    );
    await becomes(who, granted.body, 'settled');
    expect(await balanceOf(who)).toMatchObject({ available: '0.00', paid: '20.00' });
  });

  it.each([
    ['15.001', 'USD'],
    ['100.50', 'JPY'],
  ])('of %s %s is finer than the currency has coins', async (amount, currency) => {
    const who = at(partners, 0);
    const { status, body } = await ask(who, { amount: money(amount, currency), methodId: await methodOf(who) });
    expect([status, body]).toMatchObject([422, { code: 'AMOUNT_TOO_FINE' }]);
  });

  it('may be in yen', async () => {
    const who = at(partners, 0);
    const json = { amount: money('150', 'JPY'), methodId: await methodOf(who) };
    await becomes(who, expecting(202, await ask(who, json)), 'settled');
    expect(await balanceOf(who, 'JPY')).toMatchObject({ available: '50.00', paid: '150.00' });
  });

  it('in a currency that the person never earned has nothing to come from', async () => {
    const who = at(partners, 0);
    const { status, body } = await ask(who, { amount: money('1.00', 'EUR'), methodId: await methodOf(who) });
    expect([status, body]).toMatchObject([422, { code: 'INSUFFICIENT_BALANCE' }]);
  });

  it.each<[string, object]>([
    ['zero', { amount: money('0.00') }],
    ['a negative amount', { amount: money('-1.00') }],
    ['no amount', { amount: undefined }],
    ['a method that is no id', { methodId: 'my-bank' }],
    ['a field that nobody knows', { note: 'thanks' }],
  ])('is refused with %s', async (_what, wrong) => {
    const json = { amount: money('1.00'), methodId: randomUUID(), ...wrong };
    expect((await ask(at(partners, 0), json)).status).toBe(400);
  });

  it('of somebody else is not found', async () => {
    const [who, other] = [at(partners, 1), at(partners, 0)];
    const { items } = expecting(200, await get<Page<Payout>>('/v1/payouts', { as: who.token }));
    const { id } = at(items, 0);
    const strangers = [other.token, (await openTenant('stranger')).owner.token];
    for (const as of strangers) {
      expect((await get(`/v1/payouts/${id}`, { as })).status).toBe(404);
      expect((await post(`/v1/payouts/${id}/cancel`, { as })).status).toBe(404);
    }
  });
});

describe('a refund after the payout', () => {
  it('leaves a negative balance, which is shown and cannot be paid out', async () => {
    await refund(key, purchase.id);
    // Settled 12.34, available 7.66; all 20.00 are taken back.
    const who = at(partners, 1);
    await soon(async () => expect(await balanceOf(who)).toMatchObject({ available: '-12.34', paid: '12.34' }));
    const { status, body } = await ask(who, { amount: money('0.01'), methodId: await methodOf(who) });
    expect([status, body]).toMatchObject([422, { code: 'INSUFFICIENT_BALANCE' }]);
    const { commissions } = await readPurchase(key, purchase.id);
    expect(commissions.map(({ status: each }) => each)).toEqual(Array.from({ length: 7 }, () => 'reversed'));
  });

  it('and the books still balance', async () => {
    await soon(async () => {
      const { currencies } = expecting(200, await get('/v1/ledger/trial-balance', { as: tenant.owner.token }));
      expect(currencies.map(({ difference }: { difference: string }) => difference)).toEqual(['0.00', '0.00']);
    });
  });
});
