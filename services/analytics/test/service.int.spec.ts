import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ensureTopics,
  events,
  kafkaBroker,
  Outbox,
  OutboxRelay,
  type OutgoingEvent,
  outgoing,
} from '@dailydoco/events';
import { GrpcHealthClient } from '@dailydoco/grpc';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { type Edges, startEdges, told } from './edges.js';
import { DAY, type Engine, HOUR, later, START, startEngine, wrongHours } from './engine.js';

let engine: Engine;
let edges: Edges;
let outbox: Outbox;

beforeAll(async () => {
  engine = await startEngine();
  const { kafkaBrokers } = await getStores();
  const broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'analytics', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  edges = await startEdges(engine, { broker });
  outbox = new Outbox({ source: 'dailydoco/spec', newId: engine.newId });
  const { lifecycle, logger } = edges;
  await new OutboxRelay({ connectionString: engine.appUrl, broker, logger, lifecycle }).start();
}, 60_000);

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

/** What other services would publish: through an outbox and a relay, on their topics. */
const publish = (...sent: OutgoingEvent[]) => outbox.append(engine.pool, sent);
const usd = (micros: bigint) => ({ currencyCode: 'USD', micros });

describe('The service among its neighbours', () => {
  it('turns what they tell into metrics', async () => {
    const tenantId = engine.newTenant();
    const [anna, boris] = [engine.newId(), engine.newId()];
    const [purchaseId, refundId, siteId] = [engine.newId(), engine.newId(), engine.newId()];
    const envelope = { tenantId, occurredAt: START, key: boris };
    const registered = (userId: string, key = userId) =>
      outgoing({
        ...envelope,
        key,
        type: events.userRegistered,
        payload: { userId, referralCode: '', visitorId: '', registeredAt: START },
      });
    const joined = (userId: string, referrerId: string) =>
      outgoing({
        ...envelope,
        key: userId,
        type: events.memberJoined,
        payload: { userId, referrerId, joinedAt: START },
      });
    const common = { purchaseId, buyerId: boris };
    const change = (deltaMicros: bigint, netMicros: bigint) => ({
      commissionId: engine.newId(),
      beneficiaryId: anna,
      kind: 1,
      level: 1,
      fromStatus: 1,
      toStatus: 1,
      deltaMicros,
      netMicros,
    });
    await publish(
      registered(anna),
      registered(boris),
      // Told twice, as two events: counted once.
      registered(boris),
      joined(anna, ''),
      joined(boris, anna),
      outgoing({
        ...envelope,
        type: events.purchaseRecorded,
        payload: {
          ...common,
          purchaseSequence: 1n,
          amount: usd(79_000_000n),
          stream: 's',
          websiteId: '',
          planId: '',
          planVersion: 0,
          houseMicros: 63_200_000n,
          occurredAt: START,
          recordedAt: START,
        },
      }),
      outgoing({
        ...envelope,
        type: events.commissionsAccrued,
        payload: {
          ...common,
          purchaseSequence: 2n,
          currencyCode: 'USD',
          changes: [change(15_800_000n, 15_800_000n)],
          availableAt: later(DAY),
          accruedAt: START,
        },
      }),
      outgoing({
        ...envelope,
        type: events.commissionsReleased,
        payload: {
          ...common,
          purchaseSequence: 3n,
          currencyCode: 'USD',
          changes: [change(0n, 15_800_000n)],
          releasedAt: START,
        },
      }),
      outgoing({
        ...envelope,
        type: events.refundRecorded,
        payload: { ...common, purchaseSequence: 4n, refundId, reason: 2, amount: usd(79_000_000n), recordedAt: START },
      }),
      outgoing({
        ...envelope,
        type: events.commissionsReversed,
        payload: {
          ...common,
          purchaseSequence: 5n,
          currencyCode: 'USD',
          changes: [change(-15_800_000n, 0n)],
          refundId,
          reversedAt: START,
        },
      }),
      outgoing({
        ...envelope,
        type: events.sitePublished,
        key: siteId,
        payload: { siteId, ownerId: anna, slug: 'shop', version: 1, publishedAt: START },
      }),
    );
    const as = await edges.person(tenantId, anna, ['admin']);
    const seen = {
      registrations: 2,
      referredRegistrations: 1,
      invitesSent: 0,
      kFactor: 0.5,
      purchases: 1,
      revenue: [{ amount: '0.00', currency: 'USD' }],
      commissions: [{ amount: '0.00', currency: 'USD' }],
    };
    await eventually(async () => expect(await edges.metrics(as)).toEqual(seen), { timeoutMs: 30_000 });
    await publish(
      outgoing({
        ...envelope,
        occurredAt: later(HOUR),
        type: events.commissionsRestored,
        payload: {
          ...common,
          purchaseSequence: 6n,
          currencyCode: 'USD',
          changes: [change(15_800_000n, 15_800_000n)],
          refundId,
          restoredAt: later(HOUR),
        },
      }),
    );
    await eventually(
      async () =>
        expect(await edges.metrics(as)).toMatchObject({
          revenue: [{ amount: '79.00', currency: 'USD' }],
          commissions: [{ amount: '15.80', currency: 'USD' }],
        }),
      { timeoutMs: 10_000 },
    );
    const { rows } = await engine.pool.query("SELECT source_id FROM metric_fact WHERE kind = 'site_published'");
    expect(rows).toEqual([{ source_id: siteId }]);
    expect(await wrongHours(engine)).toEqual([]);
  });

  it('refuses a person who was suspended, and takes events again after the reactivation', async () => {
    const [tenantId, userId] = [engine.newTenant(), engine.newId()];
    const as = await edges.person(tenantId, userId);
    const status = async (expected: number) =>
      eventually(async () => expect((await edges.post(as, told())).status).toBe(expected), { timeoutMs: 20_000 });
    const envelope = { key: userId, tenantId, occurredAt: START };
    await status(202);
    await publish(outgoing({ ...envelope, type: events.userSuspended, payload: { userId, suspendedAt: new Date() } }));
    await status(403);
    await publish(
      outgoing({ ...envelope, type: events.userReactivated, payload: { userId, reactivatedAt: new Date() } }),
    );
    await status(202);
  });

  it('makes partitions ahead as the days go by', async () => {
    await eventually(async () => expect(await engine.partitions()).toContain('2026-06-05'));
    engine.clock.set(later(DAY));
    await eventually(async () => expect(await engine.partitions()).toContain('2026-06-06'));
    engine.clock.set(START);
  });

  it('serves gRPC health, though it has no RPC of its own', async () => {
    const health = new GrpcHealthClient(edges.grpcAddress);
    expect(await health.isServing()).toBe(true);
    health.close();
  });

  it('describes every path of its own', async () => {
    const { body } = await edges.call('GET', '/internal/openapi.json');
    expect(Object.keys(body.paths)).toEqual(['/v1/events', '/v1/metrics/viral']);
  });
});
