import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Broker,
  ConsumerRunner,
  defineConsumer,
  ensureTopics,
  events,
  isEvent,
  kafkaBroker,
  outgoing,
} from '@dailydoco/events';
import { Lifecycle } from '@dailydoco/lifecycle';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { type Books, micros, startBooks, statesOf } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { Life, START } from './lives.js';
import { outgoingOf } from './wire.js';

let books: Books;
let edges: Edges;
let broker: Broker;
const lives: Life[] = [];

beforeAll(async () => {
  books = await startBooks();
  const { kafkaBrokers } = await getStores();
  broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'payouts', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  edges = await startEdges(books, {
    broker,
    states: statesOf(() => lives),
    env: { PAYOUT_CANCEL_WINDOW_MS: '0' },
  });
}, 60_000);

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

/** What viral-engine would publish: through this service's own outbox and relay, on viral-engine's topic. */
const publish = (life: Life, from = 0) =>
  books.outbox.append(
    books.pool,
    life.events.slice(from).map((event) => outgoingOf(event, life)),
  );

/** A neighbour who reads what this service tells. */
async function listen(): Promise<{ settled: string[]; stop: () => Promise<unknown> }> {
  const settled: string[] = [];
  const { logger, pool } = edges.runtime;
  const lifecycle = new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 5_000 });
  const listener = defineConsumer({
    name: 'spec-listener',
    topics: ['payouts.events.v1'],
    handles: [events.payoutSettled],
    applyBatch: (_, received) => {
      for (const event of received) if (isEvent(event, events.payoutSettled)) settled.push(event.payload.payoutId);
      return Promise.resolve();
    },
  });
  await new ConsumerRunner({ broker, pool, consumers: [listener], logger, lifecycle }).start();
  return { settled, stop: () => lifecycle.shutdown('the spec is over') };
}

describe('The service among its neighbours', () => {
  it('takes events in, keeps balances, pays out, and tells', async () => {
    const { settled, stop } = await listen();
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const life = new Life({
      tenantId,
      amountMicros: micros('79.00'),
      shares: [{ beneficiaryId: personId, micros: micros('15.80') }],
    });
    life.release();
    lives.push(life);
    await publish(life);
    const as = await edges.person(tenantId, personId);
    const balance = async () => (await edges.call('GET', '/v1/balances/me', { as })).body.balances[0];
    await eventually(async () => expect(await balance()).toMatchObject({ available: usd('15.80') }), {
      timeoutMs: 30_000,
    });
    const method = await edges.call('POST', '/v1/payout-methods', { as, body: { kind: 'sandbox', details: {} } });
    const { body: payout } = await edges.call('POST', '/v1/payouts', {
      as,
      body: { amount: usd('15.80'), methodId: method.body.id },
    });
    await eventually(async () =>
      expect((await edges.call('GET', `/v1/payouts/${payout.id}`, { as })).body.status).toBe('settled'),
    );
    await eventually(() => expect(settled).toEqual([payout.id]), { timeoutMs: 30_000 });
    expect(await balance()).toMatchObject({ available: usd('0.00'), inTransit: usd('0.00'), paid: usd('15.80') });
    life.refund(micros('39.50'));
    await publish(life, 3);
    await eventually(async () => expect(await balance()).toMatchObject({ available: usd('-7.90') }));
    await stop();
    await eventually(async () => {
      const { rows } = await books.pool.query<{ outcome: string }>(
        'SELECT outcome FROM reconciliation_run WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1',
        [tenantId],
      );
      expect(rows).toEqual([{ outcome: 'balanced' }]);
    });
    expect(await books.breaks(tenantId)).toEqual([]);
  }, 60_000);

  it('freezes payouts and takes access away when a person is suspended, until the reactivation', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    lives.push(await books.earn(tenantId, personId, '10.00'));
    const as = await edges.person(tenantId, personId);
    const change = { key: personId, tenantId, occurredAt: START };
    const frozen = async () => {
      const { rows } = await books.pool.query('SELECT 1 FROM person_standing WHERE person_id = $1 AND suspended', [
        personId,
      ]);
      return rows.length;
    };
    const status = async () => (await edges.call('GET', '/v1/balances/me', { as })).status;
    const suspendedAt = new Date();
    await books.outbox.append(books.pool, [
      outgoing({ ...change, type: events.userSuspended, payload: { userId: personId, suspendedAt } }),
    ]);
    await eventually(async () => expect([await frozen(), await status()]).toEqual([1, 403]), { timeoutMs: 30_000 });
    const reactivatedAt = new Date(suspendedAt.getTime() + 1);
    await books.outbox.append(books.pool, [
      outgoing({ ...change, type: events.userReactivated, payload: { userId: personId, reactivatedAt } }),
    ]);
    await eventually(async () => expect([await frozen(), await status()]).toEqual([0, 200]), { timeoutMs: 30_000 });
  }, 60_000);

  it('publishes all it wrote, and is alive and ready', async () => {
    await eventually(async () => {
      const { rows } = await books.pool.query(
        'SELECT count(*)::int AS waiting FROM messaging.outbox WHERE published_at IS NULL',
      );
      expect(rows).toEqual([{ waiting: 0 }]);
    });
    expect((await edges.call('GET', '/health/live')).status).toBe(200);
    expect((await edges.call('GET', '/health/ready')).status).toBe(200);
  });
});
