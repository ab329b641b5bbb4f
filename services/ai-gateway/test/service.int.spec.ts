import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Broker, ensureTopics, events, kafkaBroker, outgoing } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { asCallerId } from '../src/ids.js';
import { type Gateway, startGateway } from './gateway.js';
import { chunk, eventsOf, openStream, UpstreamServer } from './upstream-server.js';

let broker: Broker;
let gateway: Gateway;

const ask = { model: 'dailydoco-template-1', messages: [{ role: 'user', content: 'List: a. b.' }] };

beforeAll(async () => {
  const { kafkaBrokers } = await getStores();
  broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'ai-gateway', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  gateway = await startGateway({ broker });
}, 60_000);

afterAll(() => gateway.stop());

describe('The service among its neighbours', () => {
  it('publishes its bills', async () => {
    const tenantId = gateway.newTenant();
    expect((await gateway.chat(gateway.apiKey(tenantId).as, ask)).status).toBe(200);
    expect(await gateway.billsOf(tenantId)).toHaveLength(1);
    await eventually(
      async () => {
        const { rows } = await gateway.pool.query(
          'SELECT count(*)::int AS waiting FROM messaging.outbox WHERE published_at IS NULL',
        );
        expect(rows).toEqual([{ waiting: 0 }]);
      },
      { timeoutMs: 30_000 },
    );
  });

  it('hears of suspensions and revoked keys', async () => {
    const tenantId = gateway.newTenant();
    const userId = asCallerId(newId());
    const [token, { as: key, apiKeyId }] = [await gateway.person(tenantId, userId), gateway.apiKey(tenantId)];
    const statuses = async () => [(await gateway.chat(token, ask)).status, (await gateway.chat(key, ask)).status];
    expect(await statuses()).toEqual([200, 200]);
    const at = new Date();
    await gateway.outbox.append(gateway.pool, [
      outgoing({
        type: events.userSuspended,
        key: userId,
        tenantId,
        payload: { userId, suspendedAt: at },
        occurredAt: at,
      }),
      outgoing({
        type: events.apiKeyRevoked,
        key: apiKeyId,
        tenantId,
        payload: { apiKeyId, keySha256: Buffer.alloc(32), revokedAt: at },
        occurredAt: at,
      }),
    ]);
    await eventually(async () => expect(await statuses()).toEqual([403, 401]), { timeoutMs: 30_000 });
  });
});

describe('A completion that cannot be recorded', () => {
  it('is not told as whole', async () => {
    const upstream = await UpstreamServer.start();
    const locked = await startGateway({
      env: { AI_UPSTREAMS: JSON.stringify([{ name: 'spec', baseUrl: upstream.baseUrl, models: ['m'] }]) },
    });
    try {
      const { as } = locked.apiKey(locked.newTenant());
      upstream.answerWith((response, { body }) => {
        if (body.stream === true) {
          openStream(response);
          response.end(eventsOf([chunk({ content: 'a' }), '[DONE]']));
        } else response.end('{"choices":[]}');
      });
      await locked.withoutTable(async () => {
        const whole = await locked.chat(as, { ...ask, model: 'm' });
        expect([whole.status, whole.body.error.code]).toEqual([503, 'unavailable']);
        const { data, cut } = await locked.streamChat(as, { ...ask, model: 'm' });
        expect([cut, data.includes('[DONE]')]).toEqual([true, false]);
        expect(JSON.parse(data.at(-1)!).error.code).toBe('unavailable');
      });
      expect((await locked.chat(as, { ...ask, model: 'm' })).status).toBe(200);
    } finally {
      await locked.stop();
      await upstream.stop();
    }
  });

  it('is recorded once and billed once when the connection is lost during COMMIT', async () => {
    const lossy = await startGateway({ lossy: true });
    try {
      for (const cut of ['before', 'after'] as const) {
        const tenantId = lossy.newTenant();
        const { as } = lossy.apiKey(tenantId);
        let cuts = 0;
        lossy.proxy!.cutAt((bytes) => (cuts === 0 && bytes.includes('COMMIT') ? ((cuts += 1), cut) : undefined));
        expect([cut, (await lossy.chat(as, ask)).status, cuts]).toEqual([cut, 200, 1]);
        expect(await lossy.completionsOf(tenantId)).toHaveLength(1);
        expect(await lossy.billsOf(tenantId)).toHaveLength(1);
      }
    } finally {
      await lossy.stop();
    }
  });
});

describe('A shutdown', () => {
  it('waits for answers under way; what takes too long is broken off, told, and recorded', async () => {
    const upstream = await UpstreamServer.start();
    const stopping = await startGateway({
      env: {
        AI_UPSTREAMS: JSON.stringify([{ name: 'spec', baseUrl: upstream.baseUrl, models: ['quick', 'endless'] }]),
        COMPLETION_DRAIN_MS: '1000',
      },
    });
    const tenantId = stopping.newTenant();
    const { as } = stopping.apiKey(tenantId);
    const leave = Promise.withResolvers<void>();
    upstream.answerWith(async (response, { body }) => {
      openStream(response);
      response.write(eventsOf([chunk({ content: 'begun' })]));
      if (body.model === 'endless') return;
      await leave.promise;
      response.end(eventsOf([chunk({ content: 'ended' }), '[DONE]']));
    });
    let begun = 0;
    const bothBegun = Promise.withResolvers<void>();
    const counting = () => {
      const first = { seen: false };
      return (text: string) => {
        if (first.seen || !text.includes('begun')) return;
        first.seen = true;
        begun += 1;
        if (begun === 2) bothBegun.resolve();
      };
    };
    const quick = stopping.streamChat(as, { ...ask, model: 'quick' }, counting());
    const endless = stopping.streamChat(as, { ...ask, model: 'endless' }, counting());
    await bothBegun.promise;
    const rows = stopping.rowsAfterShutdown(tenantId);
    leave.resolve();
    expect((await quick).data.at(-1)).toBe('[DONE]');
    const broken = await endless;
    expect([broken.cut, JSON.parse(broken.data.at(-1)!).error.code]).toEqual([true, 'unavailable']);
    expect((await rows).toSorted()).toEqual(['endless broken', 'quick complete']);
    await stopping.stop();
    await upstream.stop();
  });
});
