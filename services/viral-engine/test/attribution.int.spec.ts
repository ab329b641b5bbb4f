import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient } from '@dailydoco/grpc';
import { PurchaseServiceService, ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { asUserId, type TenantId, type UserId } from '../src/ids.js';
import { attributePurchases } from '../src/purchases/purchases.module.js';
import { type Edges, sale, SECRET, startEdges } from './edges.js';
import { checkBooks, type Engine, startEngine } from './engine.js';
import { beneficiaries, Referring } from './referring.js';

let engine: Engine;
let edges: Edges;
let referring: Referring;
const client = () =>
  createGrpcClient(ReferralServiceService, { address: edges.grpcAddress, service: 'identity', serviceSecret: SECRET });
let grpc: ReturnType<typeof client>;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  referring = new Referring(engine, edges);
  grpc = client();
});

afterAll(async () => {
  grpc.close();
  await edges.stop();
  await engine.stop();
});

async function coupon(as: string, body: object) {
  const code = `c-${engine.newId().slice(-10)}`;
  const answer = await edges.call('POST', '/v1/coupons', { as, body: { code, ...body } });
  expect([answer.status, answer.body.code]).toEqual([201, expect.any(String)]);
  return answer.body;
}

describe('A coupon', () => {
  it('is made by an administrator for a member, listed, and archived, and its code is never given twice', async () => {
    const { tenantId, ada, asAdmin } = await referring.world();
    const expiresAt = new Date(engine.clock.now().getTime() + 86_400_000).toISOString();
    const made = await coupon(asAdmin, { ownerId: ada, campaign: 'spring', expiresAt, maxUses: 5 });
    expect(made).toMatchObject({ ownerId: ada, campaign: 'spring', expiresAt, maxUses: 5, uses: 0 });
    expect((await edges.call('GET', `/v1/coupons/${made.id}`, { as: asAdmin })).body).toEqual(made);
    const second = await coupon(asAdmin, { ownerId: ada });
    const listed = await edges.call('GET', `/v1/coupons?ownerId=${ada}&pageSize=1`, { as: asAdmin });
    expect(listed.body.items).toEqual([second]);
    const more = await edges.call('GET', `/v1/coupons?pageToken=${listed.body.nextPageToken}`, { as: asAdmin });
    expect(more.body).toEqual({ items: [made] });
    const archived = await edges.call('POST', `/v1/coupons/${made.id}/archive`, { as: asAdmin });
    expect(archived.body.archivedAt).toBe(engine.clock.now().toISOString());
    for (const code of [made.code.toLowerCase(), await engine.codeOf(tenantId, ada)]) {
      const taken = await edges.call('POST', '/v1/coupons', { as: asAdmin, body: { code, ownerId: ada } });
      expect([taken.status, taken.body.code]).toEqual([409, 'CODE_TAKEN']);
    }
    const partner = await edges.person(tenantId, ada);
    expect((await edges.call('POST', '/v1/coupons', { as: partner, body: {} })).status).toBe(403);
  });

  it.each<[string, object]>([
    ['code', { code: 'a b' }],
    ['maxUses', { maxUses: 0 }],
    ['maxUses', { maxUses: 1.5 }],
    ['expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['campaign', { campaign: '' }],
    ['ownerId', { ownerId: 'ada' }],
  ])('with a wrong %s (%j) is refused there, and nothing is written', async (path, body) => {
    const { ada, asAdmin } = await referring.world();
    const wanted = { code: `x-${engine.newId().slice(-8)}`, ownerId: ada, ...body };
    const answer = await edges.call('POST', '/v1/coupons', { as: asAdmin, body: wanted });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, path]);
    expect((await edges.call('GET', '/v1/coupons', { as: asAdmin })).body).toEqual({ items: [] });
  });

  it('names the referrer at a registration, and says so', async () => {
    const { tenantId, ada, asAdmin } = await referring.world();
    const { id, code } = await coupon(asAdmin, { ownerId: ada, campaign: 'spring' });
    const check = { referralCode: ` ${code.toLowerCase()}`, visitorId: '' };
    expect(await grpc.checkReferral(check, { tenantId })).toEqual({ applies: true, referrerId: ada });
    const { userId, referrer } = await referring.register(tenantId, code);
    expect(referrer).toBe(ada);
    expect((await edges.call('GET', `/v1/referral-sources/${userId}`, { as: asAdmin })).body).toEqual({
      userId,
      referrerId: ada,
      decidedBy: 'code',
      convertedBy: 'sign_up',
      code,
      couponId: id,
      campaign: 'spring',
      at: engine.clock.now().toISOString(),
    });
    expect((await edges.call('GET', `/v1/coupons/${id}`, { as: asAdmin })).body.uses).toBe(1);
    expect((await edges.call('GET', `/v1/referral-sources/${ada}`, { as: asAdmin })).status).toBe(404);
    // It is told, not followed.
    const followed = await fetch(`${edges.url}/r/${code}`, { redirect: 'manual' });
    expect([followed.status, followed.headers.getSetCookie()]).toEqual([302, []]);
  });

  it('counts by the moment of the registration, not of the news: before its end, before it was archived', async () => {
    const { tenantId, ada, asAdmin } = await referring.world();
    const before = engine.clock.now();
    const expiresAt = new Date(before.getTime() + 60_000).toISOString();
    const ending = await coupon(asAdmin, { ownerId: ada, expiresAt });
    const archived = await coupon(asAdmin, { ownerId: ada });
    engine.clock.advance(60_000);
    await edges.call('POST', `/v1/coupons/${archived.id}/archive`, { as: asAdmin });
    for (const { code } of [ending, archived]) {
      expect((await referring.register(tenantId, code, before)).referrer).toBe(ada);
      expect((await referring.register(tenantId, code)).referrer).toBeUndefined();
      const check = { referralCode: code, visitorId: '' };
      expect((await grpc.checkReferral(check, { tenantId })).applies).toBe(false);
    }
  });

  it('is used as often as it may be, by however many at the same time', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const { id, code } = await coupon(asAdmin, { ownerId: ada, maxUses: 3 });
    const buyers = await Promise.all([1, 2, 3, 4].map(() => engine.join(tenantId)));
    const [registered, bought] = await Promise.all([
      Promise.all([1, 2, 3, 4].map(() => referring.register(tenantId, code))),
      Promise.all(buyers.map((buyer) => referring.buy(key, buyer, { couponCode: code }))),
    ]);
    expect(bought.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const all = [...registered.map(({ userId }) => userId), ...buyers];
    const referrers = await Promise.all(all.map((userId) => referring.referrerOf(tenantId, userId)));
    expect(referrers.filter((referrer) => referrer === ada)).toHaveLength(3);
    expect((await edges.call('GET', `/v1/coupons/${id}`, { as: asAdmin })).body.uses).toBe(3);
  });
});

describe('A first purchase', () => {
  it('that names a coupon gives its buyer the referrer, once, and pays it at once', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const { id, code } = await coupon(asAdmin, { ownerId: ada });
    const ben = await engine.join(tenantId);
    const other = await coupon(asAdmin, { ownerId: await engine.join(tenantId) });
    const body = sale(ben, { couponCode: ` ${code.toLowerCase()}` });
    const answers = await Promise.all([1, 2, 3].map(() => edges.call('POST', '/v1/purchases', { as: key, body })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 201]);
    for (const answer of answers) expect(beneficiaries(answer)).toEqual([ada]);
    const later = await referring.buy(key, ben, { couponCode: other.code });
    expect(beneficiaries(later)).toEqual([ada]);
    expect((await edges.call('GET', `/v1/referral-sources/${ben}`, { as: asAdmin })).body).toMatchObject({
      referrerId: ada,
      decidedBy: 'code',
      convertedBy: 'first_purchase',
      couponId: id,
      externalId: body.externalId,
    });
    expect((await edges.call('GET', `/v1/coupons/${id}`, { as: asAdmin })).body.uses).toBe(1);
    const { rows } = await engine.pool.query(
      `SELECT 1 FROM messaging.outbox WHERE aggregate_key = $1 AND event_type LIKE '%MemberReferred'`,
      [ben],
    );
    expect(rows).toHaveLength(1);
  });

  it('may also be told over gRPC, and of a buyer whom no event has told of yet', async () => {
    const { tenantId, ada, key } = await referring.world();
    const purchases = createGrpcClient(PurchaseServiceService, {
      address: edges.grpcAddress,
      service: 'payouts',
      serviceSecret: SECRET,
    });
    const userId = asUserId(engine.newId());
    edges.neighbours.findUser = (asked) =>
      Promise.resolve(
        asked === userId
          ? {
              tenantId,
              userId,
              status: 'active',
              referralCode: undefined,
              visitorId: undefined,
              registeredAt: engine.clock.now(),
            }
          : undefined,
      );
    const code = await engine.codeOf(tenantId, ada);
    const request = {
      externalId: engine.newId(),
      buyerId: userId,
      customerId: '',
      amount: { micros: 79_000_000n, currencyCode: 'USD' },
      stream: 'subscription',
      productTag: '',
      websiteId: '',
      occurredAt: undefined,
      couponCode: code,
    };
    const answer = await purchases.recordPurchase(request, { authorization: key });
    expect(answer.commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([ada]);
    purchases.close();
  });

  it('of a customer who is nobody yet gives the referrer when the customer is mapped, as of its own time', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const { id, code } = await coupon(asAdmin, { ownerId: ada });
    const ben = await engine.join(tenantId);
    const { buyerId: _, ...rest } = sale('');
    const customerId = engine.newId();
    await edges.call('POST', '/v1/purchases', { as: key, body: { ...rest, customerId, couponCode: code } });
    engine.clock.advance(1_000);
    await edges.call('POST', `/v1/coupons/${id}/archive`, { as: asAdmin });
    await edges.call('POST', '/v1/customers', { as: key, body: { customerId, userId: ben } });
    const attribution = attributePurchases(edges.runtime);
    while (await attribution.runOnce());
    expect(await referring.referrerOf(tenantId, ben)).toBe(ada);
    const found = await edges.call('GET', `/v1/purchases?externalId=${rest.externalId}`, { as: key });
    expect(beneficiaries(found)).toEqual([ada]);
  });

  it('gives nothing where the tenant has not allowed it', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world({ firstPurchase: false });
    expect((await edges.call('GET', '/v1/attribution', { as: asAdmin })).body).toEqual({ firstPurchase: false });
    const ben = await engine.join(tenantId);
    const answer = await referring.buy(key, ben, { couponCode: await engine.codeOf(tenantId, ada) });
    expect([answer.status, beneficiaries(answer)]).toEqual([201, []]);
    expect(await referring.referrerOf(tenantId, ben)).toBeUndefined();
  });

  it.each<[string, (given: { tenantId: TenantId; ada: UserId; key: string; ben: UserId }) => Promise<string>]>([
    ['names nobody’s code', () => Promise.resolve('NOBODYS2')],
    ['names what can be no code', () => Promise.resolve('<script>')],
    ['names the buyer’s own code', ({ tenantId, ben }) => engine.codeOf(tenantId, ben)],
    ['names a code of another tenant', async () => engine.codeOf(...(await stranger()))],
    [
      'names a code of a suspended member',
      async ({ tenantId, ada }) => {
        await engine.setStatus(tenantId, ada, 'suspended');
        return engine.codeOf(tenantId, ada);
      },
    ],
    [
      'is not the first',
      async ({ tenantId, ada, key, ben }) => {
        await referring.buy(key, ben);
        return engine.codeOf(tenantId, ada);
      },
    ],
    [
      'is of a buyer who refers others',
      async ({ tenantId, ada, ben }) => {
        await engine.join(tenantId, ben);
        return engine.codeOf(tenantId, ada);
      },
    ],
    [
      'is of a buyer with a referrer below whom it would close a circle',
      async ({ tenantId, ben }) => engine.codeOf(tenantId, await engine.join(tenantId, ben)),
    ],
  ])('that %s is recorded and changes nothing', async (_, codeOf) => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const ben = await engine.join(tenantId);
    const couponCode = await codeOf({ tenantId, ada, key, ben });
    const answer = await referring.buy(key, ben, { couponCode });
    expect([answer.status, beneficiaries(answer)]).toEqual([201, []]);
    expect(await referring.referrerOf(tenantId, ben)).toBeUndefined();
    expect((await edges.call('GET', `/v1/referral-sources/${ben}`, { as: asAdmin })).status).toBe(404);
  });

  it('that is refused gives nobody a referrer', async () => {
    const { tenantId, ada, key } = await referring.world();
    const [ben, cleo] = [await engine.join(tenantId), await engine.join(tenantId)];
    const couponCode = await engine.codeOf(tenantId, ada);
    const externalId = engine.newId();
    await referring.buy(key, cleo, { externalId });
    const refused = await Promise.all([
      referring.buy(key, ben, { externalId, couponCode }),
      referring.buy(key, ben, { websiteId: engine.newId(), couponCode }),
      referring.buy(key, ben, { occurredAt: '2099-01-01T00:00:00Z', couponCode }),
      referring.buy(key, ben, { couponCode: 'x'.repeat(201) }),
    ]);
    expect(refused.map(({ body }) => body.code)).toEqual([
      'PURCHASE_CONFLICT',
      'WEBSITE_UNKNOWN',
      'OCCURRED_AT_IN_FUTURE',
      'VALIDATION_FAILED',
    ]);
    expect(await referring.referrerOf(tenantId, ben)).toBeUndefined();
  });

  it('closes no circle and leaves no hole when buyers name each other and somebody joins below them', async () => {
    const { tenantId, key } = await referring.world();
    const people = await Promise.all([1, 2, 3, 4].map(() => engine.join(tenantId)));
    const codes = await Promise.all(people.map((person) => engine.codeOf(tenantId, person)));
    const [bought, joined] = await Promise.all([
      Promise.all(
        people.map((person, n) => referring.buy(key, person, { couponCode: codes[(n + 1) % codes.length]! })),
      ),
      Promise.all(codes.map((code) => referring.register(tenantId, code))),
    ]);
    expect(bought.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(joined.map(({ referrer }) => referrer)).toEqual(people);
    const { rows } = await engine.pool.query<{ wrong: string }>(
      `SELECT m.user_id AS wrong FROM member m JOIN member r ON r.tenant_id = m.tenant_id AND r.user_id = m.referrer_id
       WHERE m.tenant_id = $1 AND m.upline IS DISTINCT FROM (m.referrer_id || r.upline)`,
      [tenantId],
    );
    expect(rows).toEqual([]);
  });
});

describe('A signed click id', () => {
  const check = (tenantId: TenantId, clickId: string, other: object = {}) =>
    grpc.checkReferral({ referralCode: '', visitorId: '', clickId, ...other }, { tenantId });

  it('names the referrer at a registration without a cookie, and what the click brought is told', async () => {
    const { tenantId, ada, asAdmin } = await referring.world();
    const { clickId } = await referring.follow(
      await engine.codeOf(tenantId, ada),
      '?utm_source=mail&sub2=%C3%BC&other=1&sub3=',
    );
    expect(await check(tenantId, clickId)).toEqual({ applies: true, referrerId: ada });
    const { userId, referrer } = await referring.register(tenantId, { clickId });
    expect(referrer).toBe(ada);
    expect((await edges.call('GET', `/v1/referral-sources/${userId}`, { as: asAdmin })).body).toMatchObject({
      decidedBy: 'click',
      convertedBy: 'sign_up',
      clickId: edges.runtime.clickIds.read(tenantId, clickId),
      brought: { utm_source: 'mail', sub2: 'ü' },
    });
  });

  it('that is forged, of another tenant, of no click or too old is as good as none', async () => {
    const { tenantId, ada } = await referring.world();
    const { clickId } = await referring.follow(await engine.codeOf(tenantId, ada));
    const other = await referring.world();
    const nowhere = edges.runtime.clickIds.sign(tenantId, engine.newId());
    const forged = `${clickId.slice(0, 8)}${clickId[8] === 'A' ? 'B' : 'A'}${clickId.slice(9)}`;
    const nobody = { applies: false, referrerId: '' };
    for (const text of [forged, nowhere, '', 'x'.repeat(10_000)]) expect(await check(tenantId, text)).toEqual(nobody);
    expect(await check(other.tenantId, clickId)).toEqual(nobody);
    engine.clock.advance(30 * 86_400_000);
    expect(await check(tenantId, clickId)).toEqual({ applies: true, referrerId: ada });
    engine.clock.advance(1);
    expect(await check(tenantId, clickId)).toEqual(nobody);
    expect((await referring.register(tenantId, { clickId })).referrer).toBeUndefined();
  });

  it('stands in for the cookie: a code wins, else the first click of the visitor, however it is known', async () => {
    const { tenantId, ada } = await referring.world();
    const [ben, cleo] = [await engine.join(tenantId), await engine.join(tenantId)];
    const [ofAda, ofBen, ofCleo] = await Promise.all([ada, ben, cleo].map((who) => engine.codeOf(tenantId, who)));
    const first = await referring.follow(ofAda!);
    engine.clock.advance(1_000);
    const second = await referring.follow(ofBen!, '', first.visitorId);
    engine.clock.advance(1_000);
    const elsewhere = await referring.follow(ofCleo!);
    const referrers = [
      await referring.register(tenantId, { clickId: second.clickId }),
      await referring.register(tenantId, { clickId: elsewhere.clickId }),
      await referring.register(tenantId, { clickId: elsewhere.clickId, visitorId: first.visitorId }),
      await referring.register(tenantId, { clickId: first.clickId, visitorId: elsewhere.visitorId }),
      await referring.register(tenantId, { clickId: first.clickId, referralCode: ofBen! }),
      await referring.register(tenantId, { clickId: first.clickId, referralCode: 'NOBODYS2' }),
    ].map(({ referrer }) => referrer);
    expect(referrers).toEqual([ada, cleo, ada, ada, ben, ada]);
  });

  it('told with a first purchase gives its buyer the referrer; forged it changes nothing', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const { clickId } = await referring.follow(await engine.codeOf(tenantId, ada), '?sub1=s2s');
    const [ben, cleo] = [await engine.join(tenantId), await engine.join(tenantId)];
    expect(beneficiaries(await referring.buy(key, cleo, { clickId: clickId.toLowerCase() }))).toEqual([]);
    expect(beneficiaries(await referring.buy(key, ben, { clickId }))).toEqual([ada]);
    expect((await edges.call('GET', `/v1/referral-sources/${ben}`, { as: asAdmin })).body).toMatchObject({
      decidedBy: 'click',
      convertedBy: 'first_purchase',
      brought: { sub1: 's2s' },
    });
  });
});

describe('What a link brought in', () => {
  it('is who got the referrer by it, by registration or first purchase, and what they bought, less refunds', async () => {
    const { tenantId, ada, key } = await referring.world();
    const asAda = await edges.person(tenantId, ada);
    const { id, code } = (await edges.call('POST', '/v1/links', { as: asAda, body: { name: 'A link' } })).body;
    const conversions = async () => (await edges.call('GET', `/v1/links/${id}/conversions`, { as: asAda })).body;
    expect(await conversions()).toEqual({ registrations: 0, firstPurchases: 0, revenue: [] });
    const { userId: ben } = await referring.register(tenantId, code);
    await referring.register(tenantId, code);
    const cleo = await engine.join(tenantId);
    const { body: first } = await referring.buy(key, ben);
    await referring.buy(key, ben, { amount: { amount: '1.00', currency: 'EUR' } });
    await referring.buy(key, cleo, { couponCode: code });
    await referring.buy(key, await engine.join(tenantId));
    const refund = { externalId: engine.newId(), reason: 'requested', amount: { amount: '9.00', currency: 'USD' } };
    await edges.call('POST', `/v1/purchases/${first.id}/refunds`, { as: key, body: refund });
    expect(await conversions()).toEqual({
      registrations: 2,
      firstPurchases: 1,
      revenue: [
        {
          purchases: 1,
          buyers: 1,
          amount: { amount: '1.00', currency: 'EUR' },
          refunded: { amount: '0.00', currency: 'EUR' },
        },
        {
          purchases: 2,
          buyers: 2,
          amount: { amount: '158.00', currency: 'USD' },
          refunded: { amount: '9.00', currency: 'USD' },
        },
      ],
    });
    expect((await edges.call('GET', `/v1/links/${id}`, { as: asAda })).body.registrations).toBe(2);
    const asBen = await edges.person(tenantId, ben);
    expect((await edges.call('GET', `/v1/links/${id}/conversions`, { as: asBen })).status).toBe(404);
  });
});

/** A tenant of its own, with a member. */
async function stranger(): Promise<[TenantId, UserId]> {
  const tenantId = engine.newTenant();
  return [tenantId, await engine.join(tenantId)];
}

it('The books hold after all of this', async () => {
  expect((await checkBooks(engine)).wrong).toEqual([]);
});
