import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, get, post, put, succeeding } from './gateway.js';
import type { Page } from './wire.js';
import {
  addPlan,
  at,
  money,
  newKey,
  openTenant,
  type Person,
  planOf,
  publishSite,
  record,
  registerChain,
  type Tenant,
  unique,
} from './world.js';

interface Plan {
  readonly id: string;
  readonly versions: readonly { readonly version: number; readonly levelsBps: readonly number[] }[];
}

let tenant: Tenant;
let buyer: Person;
let referrer: Person;
let key: string;

beforeAll(async () => {
  tenant = await openTenant('plans');
  const chain = await registerChain(tenant, 3);
  buyer = at(chain, 2);
  referrer = at(chain, 1);
  key = (await newKey(tenant, 'purchases:write', 'purchases:read', 'purchases:backdate')).key;
});

const add = (json: unknown) => post('/v1/plans', { as: tenant.owner.token, json });
const makeDefault = (planId: unknown) => put('/v1/plans/default', { as: tenant.owner.token, json: { planId } });
const plans = async () =>
  expecting(200, await get<Page<Plan>>('/v1/plans?pageSize=200', { as: tenant.owner.token })).items;
const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString();
const amountsOf = async (other: object) =>
  (await record(key, buyer, other)).commissions.map(({ amount }) => amount.amount);

describe('a plan', () => {
  it('ships twice: standard and ultraplan', async () => {
    const shipped = (await plans()).filter(({ id }) => ['standard', 'ultraplan'].includes(id));
    expect(shipped.map(({ id, versions }) => [id, at(versions, 0).levelsBps])).toEqual([
      ['standard', [2000, 1500, 1000, 800, 500, 300, 200]],
      ['ultraplan', [2000, 1000, 500, 300, 200, 100, 50]],
    ]);
  });

  it('that names a stream takes it from the default plan', async () => {
    await addPlan(tenant, 'usage', { levelsBps: [1000], streams: ['usage_fee'] });
    const purchase = await record(key, buyer, { stream: 'usage_fee' });
    expect(purchase).toMatchObject({ plan: { id: 'usage', version: 1 }, total: money('7.90') });
    expect((await record(key, buyer)).plan).toEqual({ id: 'standard', version: 1 });
  });

  it('gets a new version beside the old, which decides from its time on', async () => {
    const id = unique('growing');
    await addPlan(tenant, id, { levelsBps: [1000], streams: ['growing'] });
    const first = await record(key, buyer, { stream: 'growing' });
    await addPlan(tenant, id, { levelsBps: [3000, 1000], streams: ['growing'] });
    await addPlan(tenant, id, { levelsBps: [9000], streams: ['growing'], effectiveFrom: fromNow(3_600_000) });
    const second = await record(key, buyer, { stream: 'growing' });
    expect([first.plan, second.plan]).toEqual([
      { id, version: 1 },
      { id, version: 2 },
    ]);
    expect(second.commissions.map(({ amount }) => amount.amount)).toEqual(['23.70', '7.90']);
    const { occurredAt } = first;
    const back = await record(key, buyer, { stream: 'growing', occurredAt });
    expect(back.plan).toEqual({ id, version: 1 });
    const listed = (await plans()).find((plan) => plan.id === id);
    expect(listed?.versions.map(({ version }) => version)).toEqual([1, 2, 3]);
  });

  it('caps what a purchase pays out, all entries together', async () => {
    await addPlan(tenant, 'capped', {
      levelsBps: [5000, 4000],
      websiteBonusBps: 1000,
      maxPayoutBps: 7000,
      streams: ['capped'],
    });
    const site = await publishSite(referrer);
    const purchase = await record(key, buyer, {
      stream: 'capped',
      amount: money('100.00'),
      websiteId: site.id,
    });
    expect(purchase.commissions.map(({ kind, amount }) => [kind, amount.amount])).toEqual([
      ['website_bonus', '7.00'],
      ['level', '35.00'],
      ['level', '28.00'],
    ]);
    const odd = await record(key, buyer, { stream: 'capped', amount: money('100.00') });
    expect(odd.commissions.map(({ amount }) => amount.amount)).toEqual(['38.888888', '31.111111']);
    expect([odd.total, odd.house]).toEqual([money('69.999999'), money('30.000001')]);
  });

  it('may pay for the first purchase only', async () => {
    await addPlan(tenant, 'once', { levelsBps: [1000], streams: ['once'], recurring: 'first' });
    expect(await amountsOf({ stream: 'once' })).toEqual(['7.90']);
    const second = await record(key, buyer, { stream: 'once' });
    expect(second).toMatchObject({ commissions: [], total: money('0.00'), house: money('79.00') });
  });

  it('may pay for some months after the first purchase', async () => {
    await addPlan(tenant, 'months', { levelsBps: [1000], streams: ['months'], recurring: { months: 1 } });
    const first = await record(key, buyer, { stream: 'months' });
    expect(first.commissions.length).toBe(1);
    expect((await amountsOf({ stream: 'months', occurredAt: fromNow(60_000) })).length).toBe(1);
  });
});

describe('the default plan', () => {
  it('is chosen by an admin, and takes purchases from then on', async () => {
    succeeding(await makeDefault('ultraplan'));
    const purchase = await record(key, buyer);
    expect(purchase.plan).toEqual({ id: 'ultraplan', version: 1 });
    expect(purchase.commissions.map(({ amount }) => amount.amount)).toEqual(['15.80', '7.90']);
    succeeding(await makeDefault('standard'));
    expect((await record(key, buyer)).plan).toEqual({ id: 'standard', version: 1 });
  });

  it('must be a plan of the tenant', async () => {
    expect((await makeDefault('nobodys-plan')).status).toBe(404);
    expect((await makeDefault('Not A Slug')).status).toBe(400);
  });
});

describe('a plan is refused', () => {
  it.each([
    ['a second ago', -1_000],
    ['a year ago', -365 * 86_400_000],
  ])('when it would have taken effect %s', async (_what, ms) => {
    const { status, body } = await add(planOf(unique('late'), { effectiveFrom: fromNow(ms) }));
    expect([status, body]).toMatchObject([422, { code: 'PLAN_EFFECTIVE_IN_PAST' }]);
  });

  it('when another one names its stream, also for a later time', async () => {
    await addPlan(tenant, 'owner-of-stream', { streams: ['taken'] });
    for (const other of [{}, { effectiveFrom: fromNow(86_400_000) }]) {
      const { status, body } = await add(planOf(unique('rival'), { streams: ['free', 'taken'], ...other }));
      expect([status, body]).toMatchObject([409, { code: 'PLAN_OVERLAP' }]);
    }
    expect((await plans()).filter(({ id }) => id.startsWith('rival'))).toEqual([]);
  });

  it.each<[string, object]>([
    ['no level', { levelsBps: [] }],
    ['eight levels', { levelsBps: Array.from({ length: 8 }, () => 100) }],
    ['a rate past the whole', { levelsBps: [10_001] }],
    ['a negative rate', { levelsBps: [-1] }],
    ['half a basis point', { levelsBps: [0.5] }],
    ['a cap past the whole', { maxPayoutBps: 10_001 }],
    ['an unknown compression', { compression: 'static' }],
    ['a negative hold', { holdDays: -1 }],
    ['a window of 91 days', { attributionWindowDays: 91 }],
    ['zero months', { recurring: { months: 0 } }],
    ['an unknown recurrence', { recurring: 'twice' }],
    ['a stream that is no slug', { streams: ['Not a slug'] }],
    ['a field that nobody knows', { version: 7 }],
    ['an id that is no slug', { id: 'Not A Slug' }],
  ])('with %s', async (_what, wrong) => {
    const { status, body } = await add(planOf(unique('wrong'), wrong));
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
  });

  it('when its Idempotency-Key stands for another one', async () => {
    const [idempotencyKey, id] = [randomUUID(), unique('keyed')];
    const attempt = (other: object) =>
      post('/v1/plans', { as: tenant.owner.token, key: idempotencyKey, json: planOf(id, other) });
    const first = await attempt({});
    const again = await attempt({});
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([
      first.status,
      first.body,
      'true',
    ]);
    expect((await attempt({ holdDays: 1 })).status).toBe(422);
  });
});
