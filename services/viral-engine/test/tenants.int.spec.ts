import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Edges, sale, startEdges } from './edges.js';
import { type Engine, startEngine } from './engine.js';
import { asUserId } from '../src/ids.js';

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

describe("Another tenant's ids", () => {
  it('answer as unknown at every endpoint, and change nothing', async () => {
    const mine = await edges.tenant();
    const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: mine.key, body: sale(mine.people[0]!) });
    const { buyerId: _, ...unmapped } = sale('');
    await edges.call('POST', '/v1/purchases', { as: mine.key, body: { ...unmapped, customerId: 'cus_mine' } });
    const admin = await edges.person(mine.tenantId, mine.people[0]!, ['admin']);
    const created = await edges.call('POST', '/v1/webhook-endpoints', { as: admin, body: { kind: 'stripe' } });
    const endpoint = created.body;
    const theirs = engine.newTenant();
    const key = edges.apiKey(theirs);
    const owner = await edges.person(theirs, asUserId(engine.newId()), ['owner']);
    const ofMine = await edges.person(mine.tenantId, mine.people[0]!);
    const { body: link } = await edges.call('POST', '/v1/links', { as: ofMine, body: { name: 'Mine' } });
    const theirMember = await engine.join(theirs);
    const terms = { code: `mine-${engine.newId().slice(-8)}`, ownerId: mine.people[1] };
    const { body: coupon } = await edges.call('POST', '/v1/coupons', { as: admin, body: terms });
    const reviewId = engine.newId();
    await engine.pool.query(
      `INSERT INTO fraud_review (tenant_id, id, purchase_id, buyer_id, beneficiary_id, score, threshold, opened_at)
       VALUES ($1, $2, $3, $4, $5, 60, 60, now())`,
      [mine.tenantId, reviewId, purchase.id, mine.people[0], mine.people[1]],
    );
    const refund = { externalId: 'theirs', reason: 'requested' };
    const tries: [string, string, string, object | undefined, number][] = [
      ['POST', '/v1/purchases', key, sale(mine.people[0]!), 404],
      ['GET', `/v1/purchases/${purchase.id}`, key, undefined, 404],
      ['GET', `/v1/purchases/${purchase.id}`, owner, undefined, 404],
      ['GET', `/v1/purchases?externalId=${purchase.externalId}`, key, undefined, 404],
      ['POST', `/v1/purchases/${purchase.id}/refunds`, key, refund, 404],
      ['GET', `/v1/purchases/${purchase.id}/refunds`, key, undefined, 404],
      ['GET', '/v1/customers?customerId=cus_mine', key, undefined, 404],
      ['POST', '/v1/customers', key, { customerId: 'cus_theirs', userId: mine.people[0] }, 404],
      ['GET', `/v1/webhook-endpoints/${endpoint.id}/events`, owner, undefined, 404],
      ['PUT', `/v1/webhook-endpoints/${endpoint.id}/secret`, owner, { signingSecret: 'whsec_12345678' }, 404],
      ['GET', `/v1/commissions/${purchase.commissions[0].id}`, owner, undefined, 404],
      ...['hold', 'lift', 'release', 'forfeit'].map((decision): (typeof tries)[number] => [
        'POST',
        `/v1/commissions/${purchase.commissions[0].id}/${decision}`,
        owner,
        { reason: 'theirs' },
        404,
      ]),
      ['GET', `/v1/fraud/reviews/${reviewId}`, owner, undefined, 404],
      ['POST', `/v1/fraud/reviews/${reviewId}/decide`, owner, { decision: 'cleared', reason: 'theirs' }, 404],
      ['GET', `/v1/commissions/${purchase.commissions[0].id}/proof`, owner, undefined, 404],
      ['GET', `/v1/transparency/statement?beneficiaryId=${mine.people[1]}`, owner, undefined, 404],
      ['GET', `/v1/links/${link.id}`, owner, undefined, 404],
      ['POST', `/v1/links/${link.id}/codes`, owner, {}, 404],
      ['GET', `/v1/links/${link.id}/conversions`, owner, undefined, 404],
      ['POST', `/v1/links/${link.id}/archive`, owner, undefined, 404],
      ['POST', '/v1/coupons', owner, { ...terms, code: 'another' }, 404],
      ['GET', `/v1/coupons/${coupon.id}`, owner, undefined, 404],
      ['POST', `/v1/coupons/${coupon.id}/archive`, owner, undefined, 404],
      ['GET', `/v1/referral-sources/${mine.people[0]}`, owner, undefined, 404],
      ['PUT', `/v1/links/${link.id}/owner`, owner, { ownerId: theirMember, reason: 'theirs' }, 404],
      ['GET', `/v1/network/${mine.people[0]}`, owner, undefined, 404],
      ['GET', `/v1/network/${mine.people[0]}/children`, owner, undefined, 404],
      ['POST', `/v1/network/${mine.people[0]}/move`, owner, { referrerId: theirMember, reason: 'theirs' }, 404],
      ['POST', `/v1/network/${theirMember}/move`, owner, { referrerId: mine.people[1], reason: 'theirs' }, 404],
    ];
    for (const [method, path, as, body, status] of tries) {
      const answer = await edges.call(method, path, { as, body });
      expect([method, path, answer.status]).toEqual([method, path, status]);
    }
    const list = await edges.call('GET', `/v1/commissions?beneficiaryId=${mine.people[1]}`, { as: owner });
    expect(list.body.items).toEqual([]);
    const customers = await edges.call('GET', '/v1/customers/unmapped', { as: key });
    expect(customers.body.items).toEqual([]);
    const reviews = await edges.call('GET', '/v1/fraud/reviews', { as: owner });
    expect(reviews.body.items).toEqual([]);
    const endpoints = await edges.call('GET', '/v1/webhook-endpoints', { as: owner });
    expect(endpoints.body.items).toEqual([]);
    const plans = await edges.call('GET', '/v1/plans', { as: owner });
    expect(plans.body.items).toHaveLength(2);
    const { metadata, ...now } = (await edges.call('GET', `/v1/purchases/${purchase.id}`, { as: mine.key })).body;
    expect(now).toEqual(purchase);
    expect(metadata).toBeNull();
  });
});

describe('The OpenAPI document', () => {
  it('describes every path of this service', async () => {
    const { status, body } = await edges.call('GET', '/internal/openapi.json');
    expect(status).toBe(200);
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/r/{code}',
      '/v1/attribution',
      '/v1/commission-webhooks',
      '/v1/commission-webhooks/{id}',
      '/v1/commission-webhooks/{id}/deliveries',
      '/v1/commission-webhooks/{id}/deliveries/{messageId}',
      '/v1/commission-webhooks/{id}/deliveries/{messageId}/replay',
      '/v1/commission-webhooks/{id}/replay',
      '/v1/commission-webhooks/{id}/rotate-secret',
      '/v1/commissions',
      '/v1/commissions/{id}',
      '/v1/commissions/{id}/forfeit',
      '/v1/commissions/{id}/hold',
      '/v1/commissions/{id}/lift',
      '/v1/commissions/{id}/proof',
      '/v1/commissions/{id}/release',
      '/v1/coupons',
      '/v1/coupons/{id}',
      '/v1/coupons/{id}/archive',
      '/v1/customers',
      '/v1/customers/unmapped',
      '/v1/disputes',
      '/v1/disputes/{id}',
      '/v1/disputes/{id}/decide',
      '/v1/disputes/{id}/notes',
      '/v1/disputes/{id}/take',
      '/v1/disputes/{id}/withdraw',
      '/v1/fraud/reviews',
      '/v1/fraud/reviews/{id}',
      '/v1/fraud/reviews/{id}/decide',
      '/v1/fraud/rules',
      '/v1/landing-origins',
      '/v1/links',
      '/v1/links/{id}',
      '/v1/links/{id}/archive',
      '/v1/links/{id}/codes',
      '/v1/links/{id}/conversions',
      '/v1/links/{id}/owner',
      '/v1/network-moves',
      '/v1/network/{userId}',
      '/v1/network/{userId}/children',
      '/v1/network/{userId}/move',
      '/v1/plans',
      '/v1/plans/default',
      '/v1/plans/{id}/archive',
      '/v1/plans:simulate',
      '/v1/purchases',
      '/v1/purchases/{id}',
      '/v1/purchases/{id}/refunds',
      '/v1/referral-sources/{userId}',
      '/v1/referrals/me',
      '/v1/transparency/keys',
      '/v1/transparency/logs/me',
      '/v1/transparency/statement',
      '/v1/transparency/{logId}/checkpoint',
      '/v1/transparency/{logId}/consistency',
      '/v1/transparency/{logId}/keys',
      '/v1/transparency/{logId}/tile/{path}',
      '/v1/webhook-endpoints',
      '/v1/webhook-endpoints/{id}/events',
      '/v1/webhook-endpoints/{id}/secret',
      '/v1/webhooks/stripe/{endpointId}',
    ]);
  });
});
