import { formatDecimal, parseDecimal } from '@dailydoco/money';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, get, post } from './gateway.js';
import { soon } from './waiting.js';
import type { Page, Purchase, Refund } from './wire.js';
import {
  at,
  balanceOf,
  money,
  newKey,
  openTenant,
  type Person,
  publishSite,
  readPurchase,
  record,
  refund,
  registerChain,
  type Tenant,
} from './world.js';

let tenant: Tenant;
/** Of 79.00, Cleo, Ben and Ada get 15.80, 11.85 and 7.90. */
let chain: Person[];
let buyer: Person;
let key: string;

beforeAll(async () => {
  tenant = await openTenant('refunds');
  chain = await registerChain(tenant, 4);
  buyer = at(chain, 3);
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
});

const tell = (purchaseId: string, other: object = {}, options: { key?: string | null } = {}) =>
  post<Refund>(`/v1/purchases/${purchaseId}/refunds`, {
    as: key,
    json: { externalId: randomUUID(), reason: 'requested', ...other },
    ...options,
  });
const reversedOf = ({ reversals }: Refund) => reversals.map(({ reversed }) => reversed.amount);
const netsOf = ({ reversals }: Refund) => reversals.map(({ net }) => net.amount);
const micros = (text: string) => parseDecimal(text) ?? 0n;

describe('a refund', () => {
  it('of a part takes the same part of every commission back', async () => {
    const purchase = await record(key, buyer);
    const half = await refund(key, purchase.id, { amount: money('39.50') });
    expect(half).toMatchObject({ purchaseId: purchase.id, amount: money('39.50') });
    expect(half.reversals.map(({ level, kind, beneficiaryId }) => ({ level, kind, beneficiaryId }))).toEqual(
      [at(chain, 2), at(chain, 1), at(chain, 0)].map(({ id }, index) => ({
        level: index + 1,
        kind: 'level',
        beneficiaryId: id,
      })),
    );
    expect(half.reversals.map(({ commissionId }) => commissionId)).toEqual(purchase.commissions.map(({ id }) => id));
    expect([reversedOf(half), netsOf(half)]).toEqual([
      ['7.90', '5.925', '3.95'],
      ['7.90', '5.925', '3.95'],
    ]);
    const stands = await readPurchase(key, purchase.id);
    expect(stands).toMatchObject({
      amount: money('79.00'),
      total: money('35.55'),
      house: money('43.45'),
      refunded: money('39.50'),
      netTotal: money('17.775'),
      netHouse: money('21.725'),
    });
    expect(stands.commissions.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
  });

  it('of all that is left ends at exactly zero, however odd the parts were', async () => {
    const purchase = await record(key, buyer, { amount: money('10.01') });
    let refunded = 0n;
    for (const amount of ['3.333333', '0.000001', '1.23']) {
      const part = await refund(key, purchase.id, { amount: money(amount) });
      refunded += micros(amount);
      const left = 10_010_000n - refunded;
      const nets = purchase.commissions.map(({ amount: gross }) => (micros(gross.amount) * left) / 10_010_000n);
      expect(netsOf(part)).toEqual(nets.map(formatDecimal));
    }
    const rest = await refund(key, purchase.id);
    expect([rest.amount, netsOf(rest)]).toEqual([money('5.446666'), ['0.00', '0.00', '0.00']]);
    const stands = await readPurchase(key, purchase.id);
    expect(stands).toMatchObject({
      refunded: money('10.01'),
      netTotal: money('0.00'),
      netHouse: money('0.00'),
    });
    for (const { amount, reversed, net, status } of stands.commissions)
      expect([reversed, net, status]).toEqual([amount, money('0.00'), 'reversed']);
  });

  it('lists the website bonus first', async () => {
    const { id: websiteId } = await publishSite(at(chain, 2));
    const purchase = await record(key, buyer, { websiteId });
    const all = await refund(key, purchase.id);
    expect(all.reversals.map(({ kind, level }) => [kind, level])).toEqual([
      ['website_bonus', null],
      ['level', 1],
      ['level', 2],
      ['level', 3],
    ]);
    expect(reversedOf(all)).toEqual(['3.95', '15.80', '11.85', '7.90']);
  });

  it('of a purchase that paid nobody reverses nothing', async () => {
    const purchase = await record(key, at(chain, 0));
    expect((await refund(key, purchase.id)).reversals).toEqual([]);
  });

  it('may be a chargeback', async () => {
    const purchase = await record(key, buyer);
    const lost = await refund(key, purchase.id, { reason: 'chargeback' });
    expect([lost.amount, netsOf(lost)]).toEqual([money('79.00'), ['0.00', '0.00', '0.00']]);
  });

  it('shows in the balances', async () => {
    const before = await soon(async () => {
      const balances = await Promise.all(chain.slice(0, 3).map((person) => balanceOf(person)));
      const listed = await Promise.all(chain.slice(0, 3).map((person) => netOfAll(person)));
      expect(balances.map(({ pending }) => pending)).toEqual(listed.map(formatDecimal));
      return listed;
    });
    const purchase = await record(key, buyer);
    await refund(key, purchase.id, { amount: money('31.60') });
    // 60 % of 15.80, 11.85 and 7.90 stands.
    const after = [4_740_000n, 7_110_000n, 9_480_000n].map((more, index) =>
      formatDecimal((before[index] ?? 0n) + more),
    );
    await soon(async () => {
      const balances = await Promise.all(chain.slice(0, 3).map((person) => balanceOf(person)));
      expect(balances.map(({ pending }) => pending)).toEqual(after);
    });
  });
});

/** What stands of a person's commissions in USD together. */
async function netOfAll({ token }: Person): Promise<bigint> {
  const { items } = expecting(
    200,
    await get<Page<Purchase['commissions'][number]>>('/v1/commissions?pageSize=200', { as: token }),
  );
  return items.reduce((sum, { net }) => sum + micros(net.amount), 0n);
}

describe('a refund past what is left', () => {
  it('is refused, and nothing changes', async () => {
    const purchase = await record(key, buyer);
    await refund(key, purchase.id, { amount: money('70.00') });
    const before = await readPurchase(key, purchase.id);
    const past = await tell(purchase.id, { amount: money('9.000001') });
    expect([past.status, past.body]).toMatchObject([422, { code: 'REFUND_EXCEEDS_PURCHASE' }]);
    expect(await readPurchase(key, purchase.id)).toEqual(before);
    await refund(key, purchase.id, { amount: money('9.00') });
    for (const other of [{}, { amount: money('0.000001') }]) {
      const nothingLeft = await tell(purchase.id, other);
      expect([nothingLeft.status, nothingLeft.body]).toMatchObject([422, { code: 'REFUND_EXCEEDS_PURCHASE' }]);
    }
  });

  it('does not come about by ten at once either', async () => {
    const purchase = await record(key, buyer);
    const answers = await Promise.all(Array.from({ length: 10 }, () => tell(purchase.id, { amount: money('10.00') })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([...Array<number>(7).fill(201), ...Array<number>(3).fill(422)]);
    const stands = await readPurchase(key, purchase.id);
    expect([stands.refunded, stands.netTotal]).toEqual([money('70.00'), money('4.05')]);
  });
});

describe('the same refund told twice', () => {
  it.each<[string, object, object]>([
    ['of a part', { amount: money('10.00') }, { amount: money('10') }],
    ['of all that is left', {}, {}],
  ])('%s is answered with the refund that exists', async (_what, first, second) => {
    const purchase = await record(key, buyer);
    const externalId = randomUUID();
    const recorded = expecting(201, await tell(purchase.id, { externalId, ...first }));
    const again = await tell(purchase.id, { externalId, ...second });
    expect([again.status, again.body]).toEqual([200, recorded]);
    expect((await readPurchase(key, purchase.id)).refunded).toEqual(recorded.amount);
  });

  it.each<[string, object, object]>([
    ['with another amount', { amount: money('10.00') }, { amount: money('10.01') }],
    ['without an amount, at first with', { amount: money('79.00') }, {}],
    ['with an amount, at first without', {}, { amount: money('79.00') }],
    ['with another reason', { amount: money('1.00') }, { amount: money('1.00'), reason: 'chargeback' }],
  ])('%s is a conflict', async (_what, first, second) => {
    const purchase = await record(key, buyer);
    const externalId = randomUUID();
    expecting(201, await tell(purchase.id, { externalId, ...first }));
    const { status, body } = await tell(purchase.id, { externalId, ...second });
    expect([status, body]).toMatchObject([409, { code: 'REFUND_CONFLICT' }]);
  });

  it('of another purchase is a conflict', async () => {
    const [one, other] = [await record(key, buyer), await record(key, buyer)];
    const externalId = randomUUID();
    expecting(201, await tell(one.id, { externalId }));
    expect([(await tell(other.id, { externalId })).status]).toEqual([409]);
    expect((await readPurchase(key, other.id)).refunded).toEqual(money('0.00'));
  });

  it('twenty times at once is recorded once', async () => {
    const purchase = await record(key, buyer);
    const externalId = randomUUID();
    const attempts = Array.from({ length: 20 }, () => tell(purchase.id, { externalId, amount: money('10.00') }));
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    expect([statuses.filter((s) => s === 201).length, statuses.filter((s) => s === 200).length]).toEqual([1, 19]);
    expect((await readPurchase(key, purchase.id)).refunded).toEqual(money('10.00'));
  });

  it('under one Idempotency-Key gets the first answer again; other input is refused', async () => {
    const purchase = await record(key, buyer);
    const [idempotencyKey, externalId] = [randomUUID(), randomUUID()];
    const attempt = (amount: string) =>
      tell(purchase.id, { externalId, amount: money(amount) }, { key: idempotencyKey });
    const first = await attempt('5.00');
    const again = await attempt('5');
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    const other = await attempt('6.00');
    expect([other.status, other.body]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });
});

describe('a refund is refused', () => {
  it('without an Idempotency-Key', async () => {
    const purchase = await record(key, buyer);
    const { status, body } = await tell(purchase.id, {}, { key: null });
    expect([status, body]).toMatchObject([400, { code: 'IDEMPOTENCY_KEY_REQUIRED' }]);
  });

  it('in another currency', async () => {
    const purchase = await record(key, buyer);
    const { status, body } = await tell(purchase.id, { amount: money('1.00', 'EUR') });
    expect([status, body]).toMatchObject([422, { code: 'CURRENCY_MISMATCH' }]);
  });

  it('for a purchase that nobody knows, before anything else is wrong with it', async () => {
    const taken = randomUUID();
    await refund(key, (await record(key, buyer)).id, { externalId: taken });
    expect((await tell(randomUUID(), { externalId: taken })).status).toBe(404);
  });

  it.each<[string, object, string]>([
    ['zero', { amount: money('0.00') }, 'amount.amount'],
    ['a negative amount', { amount: money('-1.00') }, 'amount.amount'],
    ['an unknown reason', { reason: 'regret' }, 'reason'],
    ['no reason', { reason: undefined }, 'reason'],
    ['no externalId', { externalId: undefined }, 'externalId'],
    ['a field that nobody knows', { note: 'sorry' }, 'note'],
  ])('with %s', async (_what, wrong, path) => {
    const { status, body } = await tell(randomUUID(), wrong);
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED', errors: [{ path }] }]);
  });
});

describe('the refunds of a purchase', () => {
  it('are listed page by page', async () => {
    const purchase = await record(key, buyer);
    const told: string[] = [];
    for (const amount of ['1.00', '2.00', '3.00'])
      told.push((await refund(key, purchase.id, { amount: money(amount) })).id);
    const list = (query: string) => get<Page<Refund>>(`/v1/purchases/${purchase.id}/refunds?${query}`, { as: key });
    const first = expecting(200, await list('pageSize=2'));
    const query = new URLSearchParams({ pageSize: '2', pageToken: first.nextPageToken ?? '' }).toString();
    const second = expecting(200, await list(query));
    expect(second.nextPageToken).toBeUndefined();
    const listed = [...first.items, ...second.items].map(({ id }) => id);
    expect(listed.toSorted()).toEqual(told.toSorted());
  });
});
