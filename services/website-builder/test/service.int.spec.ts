import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureTopics, events, kafkaBroker, Outbox, outgoing } from '@dailydoco/events';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Edges, startEdges } from './edges.js';
import { openWorkshop, type Workshop } from './workshop.js';

let workshop: Workshop;
let edges: Edges;

beforeAll(async () => {
  workshop = await openWorkshop();
  const { kafkaBrokers } = await getStores();
  const broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'website-builder', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  edges = await startEdges(workshop, { broker, codes: 'over gRPC' });
}, 60_000);

afterAll(async () => {
  await edges.stop();
  await workshop.stop();
});

describe('The service among its neighbours', () => {
  it('is ready', async () => {
    expect((await edges.call('GET', '/health/ready')).status).toBe(200);
    expect((await edges.call('GET', '/health/live')).status).toBe(200);
  });

  it('cannot publish while viral-engine is away: 503, and nothing is left of it', async () => {
    const as = await edges.person(workshop.newTenant(), workshop.newUser());
    const site = await edges.site(as);
    const { status, body } = await edges.publish(as, site.id);
    expect([status, body.code]).toEqual([503, 'UNAVAILABLE']);
    expect(await readdir(join(workshop.sitesDir, site.id)).catch(() => [])).toEqual([]);
  });

  it('publishes its events', async () => {
    const as = await edges.person(workshop.newTenant(), workshop.newUser());
    const site = await edges.site(as, { slug: workshop.newId() });
    await eventually(async () => {
      const { rows } = await workshop.ownerPool.query(
        'SELECT id FROM messaging.outbox WHERE aggregate_key = $1 AND published_at IS NULL',
        [site.id],
      );
      expect(rows).toEqual([]);
    });
  });

  it('takes access away from a suspended person, and gives it back', async () => {
    const [tenantId, userId] = [workshop.newTenant(), workshop.newUser()];
    const as = await edges.person(tenantId, userId);
    const status = async () => (await edges.call('GET', '/v1/sites', { as })).status;
    expect(await status()).toBe(200);
    // What identity would publish, through this service's own outbox and relay on identity's topic.
    const outbox = new Outbox({ source: 'dailydoco/identity', newId: workshop.newId });
    const change = { key: userId, tenantId, occurredAt: new Date() };
    await outbox.append(workshop.pool, [
      outgoing({ ...change, type: events.userSuspended, payload: { userId, suspendedAt: new Date() } }),
    ]);
    await eventually(async () => expect(await status()).toBe(403), { timeoutMs: 30_000 });
    await outbox.append(workshop.pool, [
      outgoing({ ...change, type: events.userReactivated, payload: { userId, reactivatedAt: new Date() } }),
    ]);
    await eventually(async () => expect(await status()).toBe(200), { timeoutMs: 30_000 });
  });
});
