import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { events, outgoing, type OutgoingEvent } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { deliveryTasks } from '@dailydoco/webhooks';
import { notifying, webhooksGiven } from '../src/notifications/notifications.module.js';
import { PAYOUT_EVENTS, PAYOUT_MESSAGES, payoutMessageOf } from '../src/notifications/payout-messages.codec.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { received } from './wire.js';

let books: Books;
let edges: Edges;
let server: Server;
const posts: { headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { env: { WEBHOOK_NETWORKS: '127.0.0.1/32', WEBHOOK_ALLOW_HTTP: 'true' } });
  server = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      posts.push({ headers: request.headers, body });
      reply.end('taken');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.close();
  await edges.stop();
  await books.stop();
});

const common = () => ({
  payoutId: newId(),
  personId: newId(),
  amount: { micros: 30_000_000n, currencyCode: 'USD' },
});

function settled(tenantId: string): OutgoingEvent {
  const occurredAt = books.clock.now();
  const payload = { ...common(), settledAt: occurredAt };
  return outgoing({ id: newId(), key: payload.payoutId, tenantId, occurredAt, type: events.payoutSettled, payload });
}

const tell = (...told: OutgoingEvent[]) =>
  inDatabaseTransaction(books.pool, (tx) => notifying(books).applyBatch(tx, told.map(received)));

async function send(): Promise<void> {
  const { tasks, stop } = deliveryTasks(webhooksGiven(edges.runtime));
  while (await tasks[0]?.run()) await Promise.resolve();
  await stop();
}

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
const wanted = () => ({ url: url(), eventTypes: ['payout.settled'] });

describe('A webhook subscription', () => {
  it('is made by an administrator, told of payouts, looked into, replayed, rotated, changed and deleted', async () => {
    const tenantId = books.newTenant();
    const as = await edges.person(tenantId, books.newPerson(), ['admin']);
    const key = newId();
    const created = await edges.call('POST', '/v1/payout-webhooks', { as, key, body: wanted() });
    expect(created).toMatchObject({
      status: 201,
      body: { status: 'enabled', secret: expect.stringMatching(/^whsec_/) },
    });
    const again = await edges.call('POST', '/v1/payout-webhooks', { as, key, body: wanted() });
    expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([created.body, 'true']);
    const { secret, ...view } = created.body;
    const path = `/v1/payout-webhooks/${view.id}`;
    expect((await edges.call('GET', path, { as })).body).toEqual(view);
    expect((await edges.call('GET', '/v1/payout-webhooks', { as })).body.items).toEqual([view]);

    const event = settled(tenantId);
    await tell(event, settled(books.newTenant()));
    await send();
    expect(posts.map(({ headers }) => headers['webhook-id'])).toEqual([event.id]);
    expect(JSON.parse(posts[0]!.body)).toEqual({
      type: 'payout.settled',
      timestamp: books.clock.now().toISOString(),
      data: {
        payoutId: event.key,
        personId: expect.any(String),
        amount: { amount: '30.00', currency: 'USD' },
        status: 'settled',
      },
    });
    const list = await edges.call('GET', `${path}/deliveries?state=delivered`, { as });
    expect(list.body.items).toEqual([
      expect.objectContaining({ messageId: event.id, attempts: 1, nextAttemptAt: null }),
    ]);
    const one = await edges.call('GET', `${path}/deliveries/${event.id}`, { as });
    expect(one.body).toMatchObject({
      body: posts[0]!.body,
      log: [{ outcome: 'delivered', status: 200, answer: 'taken' }],
    });
    expect(await edges.call('POST', `${path}/deliveries/${event.id}/replay`, { as })).toMatchObject({
      status: 202,
      body: { queued: 1 },
    });
    const replay = { since: '2020-01-01T00:00:00Z', states: ['delivered'] };
    await send();
    expect((await edges.call('POST', `${path}/replay`, { as, body: replay })).body).toEqual({ queued: 1 });
    await send();
    expect(posts.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id, event.id]);

    const rotated = await edges.call('POST', `${path}/rotate-secret`, { as, body: { overlapHours: 1 } });
    expect(rotated).toMatchObject({ status: 200, body: { secret: expect.stringMatching(/^whsec_/) } });
    expect(rotated.body.secret).not.toBe(secret);
    const off = { ...wanted(), status: 'disabled' };
    expect((await edges.call('PUT', path, { as, body: off })).body).toMatchObject({ disabledBecause: 'by_hand' });
    expect((await edges.call('POST', `${path}/replay`, { as, body: replay })).body.code).toBe('CONFLICT');
    expect((await edges.call('DELETE', path, { as })).status).toBe(204);
    expect((await edges.call('GET', path, { as })).status).toBe(404);
  });

  it.each([
    ['an address of ours', { url: 'https://169.254.169.254/' }, ['url']],
    ['an event that there is not', { eventTypes: ['payout.lost'] }, ['eventTypes.0']],
    ['no event', { eventTypes: [] }, ['eventTypes']],
    ['a field that is not known', { secret: 'mine' }, ['secret']],
  ])('with %s is refused', async (_, wrong, paths) => {
    const as = await edges.person(books.newTenant(), books.newPerson(), ['admin']);
    const { status, body } = await edges.call('POST', '/v1/payout-webhooks', { as, body: { ...wanted(), ...wrong } });
    expect([status, body.code, body.errors.map((error: { path: string }) => error.path)]).toEqual([
      400,
      'VALIDATION_FAILED',
      paths,
    ]);
    expect((await edges.call('GET', '/v1/payout-webhooks', { as })).body.items).toEqual([]);
  });

  it('is for administrators; support may look, and another tenant sees nothing', async () => {
    const tenantId = books.newTenant();
    const as = await edges.person(tenantId, books.newPerson(), ['admin']);
    const { body } = await edges.call('POST', '/v1/payout-webhooks', { as, body: wanted() });
    const event = settled(tenantId);
    await tell(event);
    const path = `/v1/payout-webhooks/${body.id}`;
    const support = await edges.person(tenantId, books.newPerson(), ['support']);
    const partner = await edges.person(tenantId, books.newPerson());
    const theirs = await edges.person(books.newTenant(), books.newPerson(), ['owner']);
    const since = { since: '2020-01-01T00:00:00Z' };
    const calls: [string, string, object | undefined, number][] = [
      ['GET', path, undefined, 200],
      ['GET', `${path}/deliveries`, undefined, 200],
      ['GET', `${path}/deliveries/${event.id}`, undefined, 200],
      ['PUT', path, { ...wanted(), status: 'enabled' }, 403],
      ['DELETE', path, undefined, 403],
      ['POST', `${path}/rotate-secret`, {}, 403],
      ['POST', `${path}/replay`, since, 403],
      ['POST', `${path}/deliveries/${event.id}/replay`, undefined, 403],
    ];
    for (const [method, at, sent, ofSupport] of calls) {
      const statusOf = async (who: string) => (await edges.call(method, at, { as: who, body: sent })).status;
      expect([method, at, await statusOf(support), await statusOf(partner), await statusOf(theirs)]).toEqual([
        method,
        at,
        ofSupport,
        403,
        404,
      ]);
    }
  });
});

describe('The messages', () => {
  it('are one for every step of a payout in the catalogue, and tell its reason', () => {
    const at = books.clock.now();
    const told = PAYOUT_EVENTS.map((type) => {
      const payload = { ...common(), reason: 'account_closed' };
      return payoutMessageOf(
        received(outgoing({ id: newId(), key: newId(), tenantId: newId(), occurredAt: at, type, payload })),
      );
    });
    expect(told.map((message) => message?.type)).toEqual(PAYOUT_MESSAGES);
    expect(PAYOUT_MESSAGES).toEqual(
      expect.arrayContaining(
        ['requested', 'settled', 'failed', 'returned', 'cancelled'].map((step) => `payout.${step}`),
      ),
    );
    const why = told.filter((message) => message?.data['reason'] === 'account_closed').map((message) => message?.type);
    expect(why).toEqual(expect.arrayContaining(['payout.failed', 'payout.returned']));
    const other = { ...received(settled(newId())), type: events.commissionsAccrued };
    expect(payoutMessageOf(other)).toBeUndefined();
  });
});
