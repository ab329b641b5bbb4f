import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Answer } from './answer.js';
import { expecting, get, post } from './gateway.js';
import type { Page, Purchase, Site } from './wire.js';
import {
  at,
  money,
  newKey,
  openTenant,
  type Person,
  publishSite,
  record,
  registerChain,
  sale,
  type Tenant,
} from './world.js';

let tenant: Tenant;
let referrer: Person;
let buyer: Person;
let key: string;
let otherKey: string;
let site: Site;

beforeAll(async () => {
  tenant = await openTenant('again');
  const chain = await registerChain(tenant, 2);
  [referrer, buyer] = [at(chain, 0), at(chain, 1)];
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  otherKey = (await newKey(tenant, 'purchases:write')).key;
  site = await publishSite(referrer);
});

const tell = (json: unknown, options: { key?: string | null; as?: string } = {}) =>
  post<Purchase>('/v1/purchases', { as: options.as ?? key, json, ...('key' in options ? { key: options.key } : {}) });
const replayed = (answer: Answer) => answer.headers['idempotency-replayed'] === 'true';

/** Within the hold: what is due already may be released between two answers. */
const NOW = new Date().toISOString();
const HOUR_AGO = new Date(Date.parse(NOW) - 3_600_000).toISOString();

describe('the same purchase told twice', () => {
  it.each<[string, object, object]>([
    ['word by word', {}, {}],
    ['with the amount written otherwise', { amount: money('79') }, { amount: money('79.000000') }],
    ['with other metadata', { metadata: { attempt: 1 } }, { metadata: { attempt: 2 } }],
    ['with a time, at first without', {}, { occurredAt: new Date().toISOString() }],
    ['without a time, at first with', { occurredAt: new Date().toISOString() }, {}],
    ['with the time in another zone', { occurredAt: HOUR_AGO }, { occurredAt: `${NOW.slice(0, -1)}+01:00` }],
  ])('%s is answered with the purchase that exists', async (_how, first, second) => {
    const all = (await newKey(tenant, 'purchases:write', 'purchases:backdate')).key;
    const json = sale(buyer);
    const recorded = expecting(201, await tell({ ...json, ...first }, { as: all }));
    const again = await tell({ ...json, ...second }, { as: all });
    expect([again.status, again.body, replayed(again)]).toEqual([200, recorded, false]);
  });

  it('by another key of the tenant is answered with the purchase that exists', async () => {
    const json = sale(buyer);
    const recorded = expecting(201, await tell(json));
    const again = await tell(json, { as: otherKey });
    expect([again.status, again.body.id]).toEqual([200, recorded.id]);
  });

  it.each<[string, () => object]>([
    ['amount', () => ({ amount: money('79.01') })],
    ['currency', () => ({ amount: money('79.00', 'EUR') })],
    ['buyer', () => ({ buyerId: referrer.id })],
    ['stream', () => ({ stream: 'usage_fee' })],
    ['website', () => ({ websiteId: site.id })],
    ['time', () => ({ occurredAt: new Date(Date.now() - 60_000).toISOString() })],
  ])('with another %s is a conflict, and nothing changes', async (_what, other) => {
    const json = sale(buyer, { occurredAt: new Date().toISOString() });
    const recorded = expecting(201, await tell(json));
    const { status, body } = await tell({ ...json, ...other() });
    expect([status, body]).toMatchObject([409, { code: 'PURCHASE_CONFLICT' }]);
    const stands = expecting(200, await get<Purchase>(`/v1/purchases/${recorded.id}`, { as: key }));
    expect(stands).toMatchObject(recorded);
  });

  it('fifty times at once is recorded once: one 201 and 49 times 200, and one commission', async () => {
    const json = sale(buyer);
    const answers = await Promise.all(Array.from({ length: 50 }, () => tell(json)));
    const statuses = answers.map(({ status }) => status);
    expect([statuses.filter((s) => s === 201).length, statuses.filter((s) => s === 200).length]).toEqual([1, 49]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const id = at(answers, 0).body.id;
    const { items } = expecting(
      200,
      await get<Page<{ purchaseId: string }>>('/v1/commissions?pageSize=200', { as: referrer.token }),
    );
    expect(items.filter(({ purchaseId }) => purchaseId === id).length).toBe(1);
  });

  it('fifty different ones at once are fifty purchases', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => record(key, buyer)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(50);
  });
});

describe('the Idempotency-Key of a purchase', () => {
  it('is required', async () => {
    const { status, body } = await tell(sale(buyer), { key: null });
    expect([status, body]).toMatchObject([400, { code: 'IDEMPOTENCY_KEY_REQUIRED' }]);
  });

  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
  ])('is refused when it is %s', async (_what, idempotencyKey) => {
    expect((await tell(sale(buyer), { key: idempotencyKey })).status).toBe(400);
  });

  it('gives the first answer again for the same input, however it is written', async () => {
    const idempotencyKey = 'k'.repeat(219) + randomUUID();
    const json = sale(buyer, { amount: money('79.00'), metadata: { a: 1, b: { c: [1, 2], d: null } } });
    const first = await tell(json, { key: idempotencyKey });
    expect([first.status, replayed(first)]).toEqual([201, false]);
    const otherwise = Object.fromEntries(
      Object.entries({
        ...json,
        amount: { currency: 'USD', amount: '79' },
        metadata: { b: { d: null, c: [1, 2] }, a: 1 },
      }).toReversed(),
    );
    const again = await tell(otherwise, { key: idempotencyKey });
    expect([again.status, again.body, replayed(again)]).toEqual([201, first.body, true]);
  });

  it('refuses other input', async () => {
    const idempotencyKey = randomUUID();
    const json = sale(buyer);
    expecting(201, await tell(json, { key: idempotencyKey }));
    for (const other of [{ amount: money('78.00') }, { externalId: randomUUID() }, { metadata: { more: true } }]) {
      const { status, body } = await tell({ ...json, ...other }, { key: idempotencyKey });
      expect([status, body]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }]);
    }
  });

  it('is another one for another caller and another path', async () => {
    const idempotencyKey = randomUUID();
    const purchase = expecting(201, await tell(sale(buyer), { key: idempotencyKey }));
    const others = await tell(sale(buyer), { key: idempotencyKey, as: otherKey });
    expect([others.status, replayed(others)]).toEqual([201, false]);
    const refund = await post(`/v1/purchases/${purchase.id}/refunds`, {
      as: key,
      key: idempotencyKey,
      json: { externalId: randomUUID(), reason: 'requested' },
    });
    expect([refund.status, replayed(refund)]).toEqual([201, false]);
  });

  it('stays free when the call was refused', async () => {
    const idempotencyKey = randomUUID();
    expect((await tell(sale({ id: randomUUID() }), { key: idempotencyKey })).status).toBe(404);
    expect((await tell(sale(buyer, { stream: '!' }), { key: idempotencyKey })).status).toBe(400);
    const taken = await record(key, buyer);
    const conflict = await tell(sale(buyer, { externalId: taken.externalId, stream: 'other' }), {
      key: idempotencyKey,
    });
    expect(conflict.status).toBe(409);
    const answer = await tell(sale(buyer), { key: idempotencyKey });
    expect([answer.status, replayed(answer)]).toEqual([201, false]);
  });

  it('makes one purchase of twenty calls at once', async () => {
    const idempotencyKey = randomUUID();
    const json = sale(buyer);
    const answers = await Promise.all(Array.from({ length: 20 }, () => tell(json, { key: idempotencyKey })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect(answers.filter((answer) => !replayed(answer)).length).toBe(1);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });
});
