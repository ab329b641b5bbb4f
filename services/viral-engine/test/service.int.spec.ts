import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureTopics, events, kafkaBroker, type OutgoingEvent, outgoing } from '@dailydoco/events';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { asUserId, asWebsiteId, type TenantId, type UserId } from '../src/ids.js';
import { PurchaseStore } from '../src/purchases/purchase.store.js';
import { BROWSER, type Edges, sale, startEdges } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

const DAY = 86_400_000;
let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  const { kafkaBrokers } = await getStores();
  const broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'viral-engine', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  edges = await startEdges(engine, { broker });
}, 60_000);

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

/** What another service would publish: through this one's own outbox and relay, on that service's topic. */
const publish = (...sent: OutgoingEvent[]) => engine.outbox.append(engine.pool, sent);

const registered = (tenantId: TenantId, userId: UserId, referralCode = '', clickId?: string) =>
  outgoing({
    type: events.userRegistered,
    key: userId,
    tenantId,
    payload: { userId, referralCode, fingerprints: undefined, visitorId: '', clickId, registeredAt: START },
    occurredAt: START,
  });

const memberOf = (tenantId: TenantId, userId: UserId) =>
  engine.withMembers(async (book) => {
    const member = await book.findMember(tenantId, userId);
    expect(member).toBeDefined();
    return member!;
  });

async function codeOf(userId: UserId): Promise<string> {
  const { rows } = await engine.pool.query<{ code: string }>('SELECT code FROM referral_code WHERE owner_id = $1', [
    userId,
  ]);
  return rows[0]!.code;
}

const buy = async (tenantId: TenantId, buyerId: UserId, other: object = {}) =>
  (
    await edges.call('POST', '/v1/purchases', {
      as: edges.apiKey(tenantId),
      body: {
        externalId: engine.newId(),
        buyerId,
        amount: { amount: '79.00', currency: 'USD' },
        stream: 's',
        ...other,
      },
    })
  ).body;

describe('The service among its neighbours', () => {
  it('grows the tree from UserRegistered, holds and lifts by suspension and reactivation, and releases in time', async () => {
    const tenantId = engine.newTenant();
    const [referrer, buyer] = [asUserId(engine.newId()), asUserId(engine.newId())];
    await publish(registered(tenantId, referrer));
    await eventually(() => memberOf(tenantId, referrer), { timeoutMs: 30_000 });
    await publish(registered(tenantId, buyer, await codeOf(referrer)), registered(tenantId, buyer));
    await eventually(async () => expect((await memberOf(tenantId, buyer)).upline).toEqual([referrer]));

    const followed = await fetch(`${edges.url}/r/${await codeOf(referrer)}`, {
      redirect: 'manual',
      headers: { 'user-agent': BROWSER },
    });
    const clickId = new URL(followed.headers.get('location') ?? '').searchParams.get('ddcid') ?? '';
    await edges.runtime.clicks.settled();
    const byClickId = asUserId(engine.newId());
    await publish(registered(tenantId, byClickId, '', clickId));
    await eventually(async () => expect((await memberOf(tenantId, byClickId)).upline).toEqual([referrer]));

    const purchase = await buy(tenantId, buyer);
    expect(purchase.commissions).toHaveLength(1);
    const stands = () =>
      new PurchaseStore(engine.pool).byId(tenantId, purchase.id).then((found) => found!.commissions[0]!);
    const status = (expected: string) => eventually(async () => expect((await stands()).status).toBe(expected));
    const change = { key: referrer, tenantId, occurredAt: START };
    const token = await edges.person(tenantId, referrer);
    expect((await edges.call('GET', '/v1/commissions', { as: token })).status).toBe(200);

    await publish(
      outgoing({ ...change, type: events.userSuspended, payload: { userId: referrer, suspendedAt: new Date() } }),
    );
    await status('held');
    await eventually(async () => expect((await edges.call('GET', '/v1/commissions', { as: token })).status).toBe(403));
    engine.clock.set(new Date(START.getTime() + 10 * DAY));
    await publish(
      outgoing({ ...change, type: events.userReactivated, payload: { userId: referrer, reactivatedAt: new Date() } }),
    );
    await status('pending');
    await eventually(async () => expect((await edges.call('GET', '/v1/commissions', { as: token })).status).toBe(200));
    expect((await stands()).availableAt).toEqual(new Date(START.getTime() + 40 * DAY));

    engine.clock.set(new Date(START.getTime() + 40 * DAY));
    await status('available');
    const names = (await engine.eventsOf(purchase)).map(({ name }) => name);
    expect(names).toEqual([
      'PurchaseRecorded',
      'CommissionsAccrued',
      'CommissionsHeld',
      'CommissionsHeld',
      'CommissionsReleased',
    ]);
    engine.clock.set(START);
  });

  it('learns from SitePublished whose website it is', async () => {
    const tenantId = engine.newTenant();
    const [buyer, ownerId] = [await engine.join(tenantId), await engine.join(tenantId)];
    const siteId = asWebsiteId(engine.newId());
    await publish(
      outgoing({
        type: events.sitePublished,
        key: siteId,
        tenantId,
        payload: { siteId, ownerId, slug: 'shop', version: 1, publishedAt: START },
        occurredAt: START,
      }),
    );
    await eventually(
      async () => expect((await buy(tenantId, buyer, { websiteId: siteId })).commissions).toHaveLength(1),
      {
        timeoutMs: 30_000,
      },
    );
  });

  it('scores what was bought, once, also when everything is told again', async () => {
    const tenantId = engine.newTenant();
    const [referrer, buyer] = [asUserId(engine.newId()), asUserId(engine.newId())];
    const none = Buffer.alloc(0);
    const device = Buffer.alloc(16, 1);
    const fingerprints = { email: none, emailDisposable: false, address: none, agent: none, device };
    const told = (userId: UserId, referralCode = '') => {
      const payload = { userId, referralCode, visitorId: '', registeredAt: START, fingerprints };
      return outgoing({ type: events.userRegistered, key: userId, tenantId, payload, occurredAt: START });
    };
    await publish(told(referrer));
    await eventually(() => memberOf(tenantId, referrer), { timeoutMs: 30_000 });
    await publish(told(buyer, await codeOf(referrer)));
    await eventually(() => memberOf(tenantId, buyer));
    const purchase = await buy(tenantId, buyer);
    const found = async () => {
      const { rows } = await engine.pool.query(
        `SELECT r.score, r.status, (SELECT sum(h.purchases)::int FROM referral_hour h WHERE h.tenant_id = r.tenant_id) AS purchases
         FROM fraud_review r WHERE r.tenant_id = $1`,
        [tenantId],
      );
      return rows;
    };
    const once = [{ score: 60, status: 'open', purchases: 1 }];
    await eventually(async () => expect(await found()).toEqual(once));
    const stands = await new PurchaseStore(engine.pool).byId(tenantId, purchase.id);
    expect(stands!.commissions[0]).toMatchObject({ status: 'held', holdCauses: ['fraud_review'] });

    await engine.pool.query('UPDATE messaging.outbox SET published_at = NULL WHERE tenant_id = $1', [tenantId]);
    // Of the same key as what is told again, so it is heard after it.
    await buy(tenantId, buyer);
    const twice = { score: 60, status: 'open', purchases: 2 };
    await eventually(async () => expect(await found()).toEqual([twice, twice]));
    expect((await engine.eventsOf(purchase)).map(({ name }) => name)).toEqual([
      'PurchaseRecorded',
      'CommissionsAccrued',
      'CommissionsHeld',
    ]);
  });

  it('brings what is earned into the transparency log', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 2);
    await buy(tenantId, buyer!);
    await eventually(
      async () => {
        const { rows } = await engine.pool.query('SELECT size FROM log_checkpoint WHERE tenant_id = $1', [tenantId]);
        expect(rows).toEqual([{ size: 2n }]);
      },
      { timeoutMs: 10_000 },
    );
  });

  it('counts newcomers and what they buy for those above', async () => {
    const tenantId = engine.newTenant();
    const [buyer, top] = await engine.line(tenantId, 1);
    const as = await edges.person(tenantId, top!);
    const { id } = await buy(tenantId, buyer!);
    const network = (revenue: string, viralScore: number) =>
      eventually(
        async () =>
          expect((await edges.call('GET', `/v1/network/${top}`, { as })).body).toMatchObject({
            networkSize: 1,
            downline: { revenue: [{ amount: revenue, currency: 'USD' }] },
            viralScore,
          }),
        { timeoutMs: 30_000 },
      );
    await network('79.00', 185);
    const refund = { externalId: 'half', reason: 'requested', amount: { amount: '39.50', currency: 'USD' } };
    await edges.call('POST', `/v1/purchases/${id}/refunds`, { as: edges.apiKey(tenantId), body: refund });
    await network('39.50', 180);
    const { rows } = await engine.pool.query('SELECT network_counted FROM member WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([{ network_counted: true }, { network_counted: true }]);
  });

  it('only answers where background work is switched off, and leaves the rest to the others', async () => {
    const other = await startEngine();
    const { kafkaBrokers } = await getStores();
    const broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'viral-engine', topicPrefix: uniqueTopicPrefix() });
    await ensureTopics(broker, 1);
    const answering = await startEdges(other, { broker, settings: { BACKGROUND_WORK: 'false' } });
    const { tenantId, people, key } = await answering.tenant();
    const bought = await answering.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
    const unpublished = async () => {
      const { rows } = await other.pool.query<{ events: number }>(
        'SELECT count(*)::int AS events FROM messaging.outbox WHERE published_at IS NULL',
      );
      return rows[0]?.events;
    };
    const loops = (await answering.call('GET', '/health/live')).body;
    expect(JSON.stringify(loops)).not.toContain('outbox-relay');
    expect(bought.status).toBe(201);
    // Three people were placed, one purchase was recorded, two commissions came of it.
    expect(await unpublished()).toBe(5);

    const working = await startEdges(other, { broker });
    await eventually(async () => expect(await unpublished()).toBe(0));
    await eventually(async () => {
      const { rows } = await other.pool.query('SELECT size FROM log_checkpoint WHERE tenant_id = $1', [tenantId]);
      expect(rows).toEqual([{ size: 2n }]);
    });
    await answering.stop();
    await working.stop();
    await other.stop();
  });

  it('publishes all it wrote', async () => {
    await eventually(async () => {
      const { rows } = await engine.pool.query(
        'SELECT count(*)::int AS waiting FROM messaging.outbox WHERE published_at IS NULL',
      );
      expect(rows).toEqual([{ waiting: 0 }]);
    });
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });

  it('is alive and ready', async () => {
    expect((await edges.call('GET', '/health/live')).status).toBe(200);
    expect((await edges.call('GET', '/health/ready')).status).toBe(200);
  });
});
