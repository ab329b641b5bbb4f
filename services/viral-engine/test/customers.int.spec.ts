import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { createGrpcClient } from '@dailydoco/grpc';
import { PurchaseServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { ATTRIBUTION_BATCH, AttributePurchases } from '../src/customers/attribute-purchases.js';
import { AttributionStore } from '../src/customers/attribution.store.js';
import { CustomerStore } from '../src/customers/customer.store.js';
import { mapCustomer } from '../src/customers/map-customer.js';
import { UnattributedStore } from '../src/customers/unattributed.store.js';
import { asCustomerId, asPlanId, asPurchaseId, asUserId, asWebsiteId, type TenantId } from '../src/ids.js';
import { Members } from '../src/members/ensure-member.js';
import { changeDefaultPlan } from '../src/plans/change-plans.js';
import { PlanStore } from '../src/plans/plan.store.js';
import { WebsiteStore } from '../src/websites/website.store.js';
import { type Edges, sale, SECRET, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

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

/** The body of a purchase by a customer of the billing system. */
const customerSale = (customerId: string, other: object = {}) => {
  const { buyerId: _, ...rest } = sale('', other);
  return { ...rest, customerId };
};

const post = (key: string, body: object, idempotencyKey?: string) =>
  edges.call('POST', '/v1/purchases', { as: key, body, ...(idempotencyKey && { key: idempotencyKey }) });

const map = (key: string, customerId: string, userId: string) =>
  edges.call('POST', '/v1/customers', { as: key, body: { customerId, userId } });

/** The worker; `wrap` may make one of its database transactions fail. */
function worker(wrap: <T>(work: () => Promise<T>) => Promise<T> = (work) => work()): AttributePurchases {
  return new AttributePurchases({
    withBook: (work) =>
      inDatabaseTransaction(engine.pool, (tx) => wrap(() => work(new AttributionStore(tx, engine.tools)))),
    members: new Members({
      directory: { findUser: () => Promise.resolve(undefined) },
      withBook: (work) => engine.withMembers(work),
      clock: engine.clock,
      randomBytes,
    }),
    websites: { ensure: () => Promise.reject(new Error('every website is known')) },
    clock: engine.clock,
    newId: engine.newId,
  });
}

async function attributeAll(by = worker()): Promise<void> {
  let more = true;
  while (more) more = await by.runOnce();
}

describe('A customer', () => {
  it('is said to be a user once, by somebody, at some moment; said again nothing changes', async () => {
    const { people, key } = await edges.tenant();
    const first = await map(key, 'cus_1', people[0]!);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ customerId: 'cus_1', userId: people[0], mappedAt: START.toISOString() });
    expect(first.body.mappedBy).toMatch(/^apiKey:/);
    const again = await map(key, 'cus_1', people[0]!);
    expect([again.status, again.body]).toEqual([200, first.body]);
    const other = await map(key, 'cus_1', people[1]!);
    expect([other.status, other.body.code]).toEqual([409, 'CUSTOMER_CONFLICT']);
    const read = await edges.call('GET', '/v1/customers?customerId=cus_1', { as: key });
    expect([read.status, read.body]).toEqual([200, { ...first.body, unattributedPurchases: 0 }]);
  });

  it('may have any name, and may be the second of one user', async () => {
    const { people, key } = await edges.tenant();
    for (const name of ['a/b?c=d&e f', 'Überkunde №7', 'x'.repeat(200)]) {
      expect((await map(key, name, people[0]!)).status).toBe(201);
      const path = `/v1/customers?customerId=${encodeURIComponent(name)}`;
      expect((await edges.call('GET', path, { as: key })).body).toMatchObject({ customerId: name, userId: people[0] });
    }
  });

  it.each([
    ['no customer', { customerId: undefined }, 400, 'VALIDATION_FAILED'],
    ['an empty name', { customerId: '' }, 400, 'VALIDATION_FAILED'],
    ['a name too long', { customerId: 'x'.repeat(201) }, 400, 'VALIDATION_FAILED'],
    ['a user that is no id', { userId: 'me' }, 400, 'VALIDATION_FAILED'],
    ['a user nobody knows', { userId: '0197d7a0-0000-7000-8000-000000000000' }, 404, 'USER_UNKNOWN'],
    ['an unknown field', { colour: 'red' }, 400, 'VALIDATION_FAILED'],
  ])('with %s is refused, and nothing is written', async (_, wrong, status, code) => {
    const { people, key } = await edges.tenant();
    const body = { customerId: 'cus_bad', userId: people[0], ...wrong };
    const answer = await edges.call('POST', '/v1/customers', { as: key, body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    const read = await edges.call('GET', '/v1/customers?customerId=cus_bad', { as: key });
    expect([read.status, read.body.code]).toEqual([404, 'CUSTOMER_UNKNOWN']);
  });

  it('is set by keys that may write purchases, and read by keys that may read them', async () => {
    const { tenantId, people } = await edges.tenant();
    const reader = edges.apiKey(tenantId, ['purchases:read']);
    const writer = edges.apiKey(tenantId, ['purchases:write']);
    expect((await map(reader, 'cus', people[0]!)).status).toBe(403);
    expect((await map(writer, 'cus', people[0]!)).status).toBe(201);
    expect((await edges.call('GET', '/v1/customers?customerId=cus', { as: writer })).status).toBe(403);
    expect((await edges.call('GET', '/v1/customers?customerId=cus', { as: reader })).status).toBe(200);
  });

  it('that is mapped stands for the user in a purchase', async () => {
    const { people, key } = await edges.tenant(7);
    await map(key, 'cus', people[0]!);
    const body = customerSale('cus');
    const first = await post(key, body);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ status: 'recorded', buyerId: people[0], customerId: null, total: usd('49.77') });
    const { customerId: _, ...rest } = body;
    const byUser = await post(key, { ...rest, buyerId: people[0] });
    expect([byUser.status, byUser.body]).toEqual([200, first.body]);
  });
});

describe('A purchase', () => {
  it.each([
    ['nobody', {}],
    ['a buyer and a customer', { buyerId: '0197d7a0-0000-7000-8000-000000000000', customerId: 'cus' }],
  ])('that names %s is 400', async (_, who) => {
    const { key } = await edges.tenant(0);
    const { buyerId: _buyer, ...rest } = sale('');
    const answer = await post(key, { ...rest, ...who });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual(['buyerId']);
  });
});

describe('A purchase of a customer who is nobody yet', () => {
  it('is recorded without entries and events, and can be read', async () => {
    const { key } = await edges.tenant();
    const body = customerSale('cus', { metadata: { note: 'first' } });
    const { status, body: purchase } = await post(key, body);
    expect(status).toBe(201);
    expect(purchase).toMatchObject({
      externalId: body.externalId,
      status: 'unattributed',
      buyerId: null,
      customerId: 'cus',
      plan: null,
      commissions: [],
      total: usd('0.00'),
      house: usd('79.00'),
    });
    const read = await edges.call('GET', `/v1/purchases/${purchase.id}`, { as: key });
    expect(read.body).toEqual({ ...purchase, metadata: { note: 'first' } });
    const found = await edges.call('GET', `/v1/purchases?externalId=${body.externalId}`, { as: key });
    expect(found.body).toEqual(read.body);
    expect(await engine.eventsOf(purchase)).toEqual([]);
    const unmapped = await edges.call('GET', '/v1/customers/unmapped', { as: key });
    expect(unmapped.body.items).toEqual([
      { customerId: 'cus', userId: null, mappedAt: null, mappedBy: null, unattributedPurchases: 1 },
    ]);
  });

  it('is the same when told again, and a conflict with other content', async () => {
    const { people, key } = await edges.tenant();
    const body = customerSale('cus', { occurredAt: START.toISOString() });
    const first = await post(key, body, 'one key');
    const replayed = await post(key, body, 'one key');
    expect([replayed.status, replayed.body]).toEqual([201, first.body]);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    const again = await post(key, { ...body, occurredAt: undefined });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const { customerId: _, ...rest } = body;
    for (const other of [
      { ...body, amount: usd('79.01') },
      { ...body, customerId: 'another' },
      { ...body, stream: 'usage' },
      { ...body, occurredAt: new Date(START.getTime() - 1).toISOString() },
      { ...rest, buyerId: people[0] },
    ]) {
      const answer = await post(key, other);
      expect([answer.status, answer.body.code]).toEqual([409, 'PURCHASE_CONFLICT']);
    }
    const reused = await post(key, { ...body, stream: 'usage' }, 'one key');
    expect([reused.status, reused.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('told fifty times at once is recorded once', async () => {
    const { key } = await edges.tenant();
    const body = customerSale('cus');
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(key, body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
  });

  it('does not take the external id of a purchase that has a buyer', async () => {
    const { people, key } = await edges.tenant();
    const body = sale(people[0]!);
    await post(key, body);
    const { buyerId: _, ...rest } = body;
    const answer = await post(key, { ...rest, customerId: 'cus' });
    expect([answer.status, answer.body.code]).toEqual([409, 'PURCHASE_CONFLICT']);
  });

  it('through an unknown website is 404, and nothing is recorded', async () => {
    const { key } = await edges.tenant();
    const body = customerSale('cus', { websiteId: engine.newId() });
    const answer = await post(key, body);
    expect([answer.status, answer.body.code]).toEqual([404, 'WEBSITE_UNKNOWN']);
    expect((await edges.call('GET', `/v1/purchases?externalId=${body.externalId}`, { as: key })).status).toBe(404);
  });

  it('cannot be refunded before it has a buyer', async () => {
    const { people, key } = await edges.tenant();
    const { body: purchase } = await post(key, customerSale('cus'));
    const path = `/v1/purchases/${purchase.id}/refunds`;
    const refund = { externalId: 're_1', reason: 'requested' };
    const early = await edges.call('POST', path, { as: key, body: refund });
    expect([early.status, early.body.code]).toEqual([409, 'PURCHASE_UNATTRIBUTED']);
    expect((await edges.call('GET', path, { as: key })).body.items).toEqual([]);
    await map(key, 'cus', people[0]!);
    await attributeAll();
    expect((await edges.call('POST', path, { as: key, body: refund })).status).toBe(201);
  });
});

describe('Attribution', () => {
  it('splits by the plan of occurredAt and the upline now held, tells all events, and keeps id and metadata', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const occurredAt = new Date(START.getTime() - 3_600_000).toISOString();
    const body = customerSale('cus', { occurredAt, metadata: { note: 'mine' }, paymentFingerprint: 'card' });
    const { body: before } = await post(key, body);
    // A later version of the plan does not take what happened before it.
    await engine.addPlan(tenantId, { planId: 'standard', levelsBps: [100] });
    await map(key, 'cus', people[0]!);
    await attributeAll();
    const { body: after } = await edges.call('GET', `/v1/purchases/${before.id}`, { as: key });
    expect(after).toMatchObject({
      id: before.id,
      status: 'recorded',
      buyerId: people[0],
      customerId: null,
      occurredAt,
      plan: { id: 'standard', version: 1 },
      total: usd('15.80'),
      metadata: { note: 'mine' },
    });
    const cards = await engine.pool.query('SELECT buyer_id, purchase_id FROM buyer_payment WHERE tenant_id = $1', [
      tenantId,
    ]);
    expect(cards.rows).toEqual([{ buyer_id: people[0], purchase_id: before.id }]);
    const events = await engine.eventsOf(before);
    expect(events.map(({ name, key: by, payload }) => [name, by, payload.purchaseSequence])).toEqual([
      ['PurchaseRecorded', people[0], 1n],
      ['CommissionsAccrued', people[0], 2n],
    ]);
    const again = await post(key, { ...body, metadata: undefined });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id: before.id, status: 'recorded', total: usd('15.80') });
  });

  it('keeps the product tag, which chooses the plan, and compares it', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    await engine.addPlan(tenantId, { planId: 'pro', levelsBps: [100], productTags: ['pro'] });
    const body = customerSale('cus', { productTag: 'pro' });
    const { body: before } = await post(key, body);
    expect(before).toMatchObject({ status: 'unattributed', productTag: 'pro' });
    const other = await post(key, { ...body, productTag: 'basic' });
    expect(other).toMatchObject({ status: 409, body: { code: 'PURCHASE_CONFLICT' } });
    await map(key, 'cus', people[0]!);
    await attributeAll();
    const { body: after } = await edges.call('GET', `/v1/purchases/${before.id}`, { as: key });
    expect(after).toMatchObject({ status: 'recorded', productTag: 'pro', plan: { id: 'pro' }, total: usd('0.79') });
  });

  it('counts recurrence in the order in which purchases were told', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    await engine.addPlan(tenantId, { planId: 'once', streams: ['course'], recurring: 'first' });
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await post(key, customerSale('cus', { stream: 'course' }))).body.id);
    await map(key, 'cus', people[0]!);
    await attributeAll();
    const totals = await Promise.all(ids.map((id) => edges.call('GET', `/v1/purchases/${id}`, { as: key })));
    expect(totals.map(({ body }) => body.total)).toEqual(['15.80', '0.00', '0.00'].map(usd));
  });

  it('attributes each of many purchases once, by several workers at once', async () => {
    const { tenantId, people, key } = await edges.tenant(2);
    const count = 2 * ATTRIBUTION_BATCH + 1;
    await Promise.all(Array.from({ length: count }, () => post(key, customerSale('cus'))));
    await map(key, 'cus', people[0]!);
    await Promise.all([attributeAll(), attributeAll(), attributeAll()]);
    await attributeAll();
    const { rows } = await engine.pool.query(
      `SELECT count(*)::integer AS purchases, sum(commissions_micros)::text AS micros FROM purchase WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(rows).toEqual([{ purchases: count, micros: String(27_650_000 * count) }]);
    const read = await edges.call('GET', '/v1/customers?customerId=cus', { as: key });
    expect(read.body.unattributedPurchases).toBe(0);
  });

  it('that crashes before its commit leaves everything waiting, and the next one does it', async () => {
    const { people, key } = await edges.tenant();
    const { body: purchase } = await post(key, customerSale('cus'));
    await map(key, 'cus', people[0]!);
    const crashing = worker(async (work) => {
      await work();
      throw new Error('the process ends here');
    });
    await expect(crashing.runOnce()).rejects.toThrow('ends here');
    const read = await edges.call('GET', `/v1/purchases/${purchase.id}`, { as: key });
    expect(read.body.status).toBe('unattributed');
    await attributeAll();
    expect(await engine.eventsOf(purchase)).toHaveLength(2);
  });

  it('is still to come: the purchase told again is answered as it stands, and another one is a conflict', async () => {
    const { people, key } = await edges.tenant();
    const body = customerSale('cus');
    const first = await post(key, body);
    await map(key, 'cus', people[0]!);
    const again = await post(key, body);
    expect([again.status, again.body]).toEqual([200, first.body]);
    const other = await post(key, { ...body, stream: 'usage' });
    expect([other.status, other.body.code]).toEqual([409, 'PURCHASE_CONFLICT']);
    await attributeAll();
    expect((await post(key, body)).body.status).toBe('recorded');
  });

  it('misses no purchase that is being recorded while its customer is mapped', async () => {
    const { tenantId, people, key } = await edges.tenant();
    const customerId = asCustomerId('cus');
    let mapping: Promise<unknown> | undefined;
    await post(key, customerSale('cus'));
    const purchase = { ...unattributedRow(tenantId), customerId };
    await inDatabaseTransaction(engine.pool, async (tx) => {
      const book = new UnattributedStore(tx, engine.tools.idempotency);
      expect(await book.holdCustomer(tenantId, customerId)).toBeUndefined();
      mapping = map(key, 'cus', people[0]!);
      await waitingForLock();
      await book.claimExternalId(purchase);
      await book.add(purchase, { metadata: undefined });
    });
    expect(await mapping).toMatchObject({ status: 201 });
    await attributeAll();
    expect(await engine.eventsOf(purchase)).toHaveLength(2);
  });

  it('and a purchase that comes while the customer is being mapped goes the way of all others', async () => {
    const { tenantId, people, key } = await edges.tenant();
    const customerId = asCustomerId('cus');
    let purchase: Promise<Awaited<ReturnType<typeof post>>> | undefined;
    await inDatabaseTransaction(engine.pool, async (tx) => {
      const userId = people[0]!;
      await mapCustomer(new CustomerStore(tx), { tenantId, customerId, userId, mappedBy: 'spec', mappedAt: START });
      purchase = post(key, customerSale('cus'));
      await waitingForLock();
    });
    expect((await purchase)?.body).toMatchObject({ status: 'recorded', buyerId: people[0] });
  });

  it('pays no bonus for a website whose owner nobody knows, and does not let others wait for it', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const websiteId = asWebsiteId(engine.newId());
    await new WebsiteStore(engine.pool).add({ tenantId, websiteId, ownerId: asUserId(engine.newId()) }, START);
    const { body: through } = await post(key, customerSale('cus', { websiteId }));
    await map(key, 'cus', people[0]!);
    const by = worker();
    await attributeAll(by);
    expect((await edges.call('GET', `/v1/purchases/${through.id}`, { as: key })).body.status).toBe('unattributed');
    engine.clock.advance(10_000);
    await attributeAll(by);
    const { body } = await edges.call('GET', `/v1/purchases/${through.id}`, { as: key });
    expect(body).toMatchObject({ status: 'recorded', total: usd('15.80') });
  });
});

describe('A purchase through a website that no plan covers', () => {
  /** A tenant whose default plan takes effect tomorrow, and a website of theirs. */
  async function uncovered() {
    const { tenantId, people, key } = await edges.tenant(1);
    const effectiveFrom = new Date(START.getTime() + 86_400_000);
    await engine.addPlan(tenantId, { planId: 'tomorrow', effectiveFrom });
    const change = { tenantId, changedBy: 'spec', at: START };
    await inDatabaseTransaction(engine.pool, (tx) =>
      changeDefaultPlan(new PlanStore(tx, engine.outbox), asPlanId('tomorrow'), change),
    );
    const websiteId = asWebsiteId(engine.newId());
    await new WebsiteStore(engine.pool).add({ tenantId, websiteId, ownerId: people[1]! }, START);
    return { people, key, websiteId };
  }

  it('is recorded, and all of it is the house’s', async () => {
    const { people, key, websiteId } = await uncovered();
    const { status, body } = await post(key, sale(people[0]!, { websiteId }));
    expect([status, body]).toMatchObject([201, { plan: null, websiteId, commissions: [], house: usd('79.00') }]);
  });

  it('is attributed, and nobody has to wait behind it', async () => {
    const { people, key, websiteId } = await uncovered();
    const { body: purchase } = await post(key, customerSale('cus', { websiteId }));
    await map(key, 'cus', people[0]!);
    await attributeAll();
    const { body } = await edges.call('GET', `/v1/purchases/${purchase.id}`, { as: key });
    expect(body).toMatchObject({ status: 'recorded', plan: null, commissions: [] });
  });
});

describe('RecordPurchase by gRPC', () => {
  it('takes a customer in the place of the buyer', async () => {
    const { tenantId, people, key } = await edges.tenant();
    const authorization = edges.apiKey(tenantId, ['purchases:write']);
    const options = { address: edges.grpcAddress, service: 'payouts', serviceSecret: SECRET };
    const purchases = createGrpcClient(PurchaseServiceService, options);
    const request = {
      externalId: engine.newId(),
      buyerId: '',
      customerId: 'cus',
      amount: { micros: 79_000_000n, currencyCode: 'USD' },
      stream: 'subscription',
      productTag: '',
      websiteId: '',
      occurredAt: undefined,
    };
    try {
      const first = await purchases.recordPurchase(request, { authorization });
      expect(first).toMatchObject({ created: true, unattributed: true, commissions: [], planId: '' });
      expect(first.house).toEqual({ micros: 79_000_000n, currencyCode: 'USD' });
      await map(key, 'cus', people[0]!);
      await attributeAll();
      const again = await purchases.recordPurchase(request, { authorization });
      expect(again).toMatchObject({ purchaseId: first.purchaseId, created: false, unattributed: false });
      expect(again.commissions).toHaveLength(2);
      for (const wrong of [{ customerId: '' }, { buyerId: people[0]! }]) {
        const refused = purchases.recordPurchase({ ...request, ...wrong }, { authorization });
        await expect(refused).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
      }
    } finally {
      purchases.close();
    }
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});

/** Something to record by hand. */
function unattributedRow(tenantId: TenantId) {
  const { amount, ...order } = engine.order(tenantId, asUserId(engine.newId()));
  return {
    ...order,
    ...amount,
    id: asPurchaseId(engine.newId()),
    occurredAt: START,
    occurredAtGiven: false,
    productTag: undefined,
    receivedAt: START,
  };
}

/** Until somebody waits for a row that this spec has locked. */
async function waitingForLock(): Promise<void> {
  for (let n = 0; n < 400; n += 1) {
    const { rows } = await engine.pool.query<{ waiting: number }>(
      `SELECT count(*)::integer AS waiting FROM pg_locks WHERE NOT granted`,
    );
    if ((rows[0]?.waiting ?? 0) > 0) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error('nobody came to wait');
}
