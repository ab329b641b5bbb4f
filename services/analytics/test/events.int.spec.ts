import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { eventually } from '@dailydoco/testing';
import { commitEvents } from '../src/events/commit-events.js';
import type { StoredEvent } from '../src/events/event.js';
import { EventStore } from '../src/events/event.store.js';
import { PartitionStore } from '../src/events/partition.store.js';
import { asEventId } from '../src/ids.js';
import { type Edges, startEdges, told } from './edges.js';
import { DAY, type Engine, later, START, startEngine, wrongHours } from './engine.js';

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

const newKey = () => {
  const tenantId = engine.newTenant();
  return { tenantId, key: edges.apiKey(tenantId, ['events:write']) };
};

describe('POST /v1/events', () => {
  it('stores what was sent, with its sender, before it answers', async () => {
    const { tenantId, key } = newKey();
    const event = told({ anonymousId: 'browser-1', userId: engine.newId(), properties: { path: '/', n: [1, null] } });
    expect(await edges.post(key, event)).toMatchObject({
      status: 202,
      body: { accepted: 1, duplicates: 0, rejected: [] },
    });
    const { rows } = await engine.pool.query('SELECT * FROM event WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([
      {
        tenant_id: tenantId,
        id: event.id,
        name: 'page_viewed',
        occurred_at: new Date(event.occurredAt),
        received_at: START,
        anonymous_id: 'browser-1',
        user_id: (event as unknown as { userId: string }).userId,
        properties: event.properties,
        source_kind: 'apiKey',
        source_id: expect.any(String),
      },
    ]);
  });

  it('judges each event on its own, and names those not taken by position', async () => {
    const { tenantId, key } = newKey();
    const events = [
      told(),
      'event',
      told({ id: 'x' }),
      told({ name: 'Not a slug' }),
      told({ occurredAt: later(DAY + 1).toISOString() }),
      told({ occurredAt: later(-40 * DAY - 1).toISOString() }),
      told({ properties: { a: 'x'.repeat(5_000) } }),
      told({ properties: { a: '\ud800' } }),
      told({ extra: 1 }),
      told({ userId: 'anna' }),
      told({ occurredAt: 'yesterday' }),
      told(),
    ];
    const { status, body } = await edges.post(key, ...events);
    expect(status).toBe(202);
    expect(body).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: [
        'NOT_AN_OBJECT',
        'INVALID_ID',
        'INVALID_NAME',
        'OCCURRED_AT_IN_FUTURE',
        'OCCURRED_AT_TOO_OLD',
        'PROPERTIES_TOO_LARGE',
        'INVALID_PROPERTIES',
        'UNKNOWN_FIELD',
        'INVALID_USER_ID',
        'INVALID_OCCURRED_AT',
      ].map((code, position) => ({ index: position + 1, code })),
    });
    expect(await engine.countEvents(tenantId)).toBe(2);
  });

  it.each<[string, unknown]>([
    ['no body', undefined],
    ['a list', []],
    ['no events', {}],
    ['an empty list', { events: [] }],
    ['501 events', { events: Array.from({ length: 501 }, () => told()) }],
    ['another field', { events: [told()], sentAt: START }],
    ['events that are no list', { events: told() }],
    ['broken JSON', '{"events": ['],
    ['U+0000', '{"events": [{"name": "a\\u0000"}]}'],
  ])('refuses %s as a whole', async (_, body) => {
    const { key } = newKey();
    expect((await edges.call('POST', '/v1/events', { as: key, body })).status).toBe(400);
  });

  it('takes 500 events in a body of 1 MiB, and properties of 4 KiB', async () => {
    const { key } = newKey();
    const events = Array.from({ length: 500 }, () => told({ properties: { a: 'x'.repeat(1_900) } }));
    expect((await edges.post(key, ...events)).body).toEqual({ accepted: 500, duplicates: 0, rejected: [] });
    const large = Array.from({ length: 200 }, () => told({ properties: { a: 'x'.repeat(4_088) } }));
    expect((await edges.post(key, ...large)).body).toEqual({ accepted: 200, duplicates: 0, rejected: [] });
  });

  it('refuses a body of more than 1 MiB, and stores nothing of it', async () => {
    const { tenantId, key } = newKey();
    const events = Array.from({ length: 300 }, () => told({ properties: { a: 'x'.repeat(4_088) } }));
    expect(await edges.post(key, ...events)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(await engine.countEvents(tenantId)).toBe(0);
  });

  it('is for persons and for keys with events:write', async () => {
    const tenantId = engine.newTenant();
    const tries: [string | undefined, number][] = [
      [undefined, 401],
      [`Bearer dd_${'a'.repeat(43)}`, 401],
      [edges.apiKey(tenantId, ['purchases:write']), 403],
      [await edges.person(tenantId), 202],
    ];
    for (const [as, status] of tries) {
      const answer = await edges.call('POST', '/v1/events', { as, body: { events: [told()] } });
      expect(answer.status).toBe(status);
    }
  });

  it('takes of a person what is about that person only', async () => {
    const [tenantId, me] = [engine.newTenant(), engine.newId()];
    const as = await edges.person(tenantId, me);
    const { body } = await edges.post(as, told(), told({ userId: me }), told({ userId: engine.newId() }));
    expect(body).toEqual({ accepted: 2, duplicates: 0, rejected: [{ index: 2, code: 'USER_NOT_CALLER' }] });
    const { rows } = await engine.pool.query('SELECT user_id, source_kind, source_id FROM event WHERE tenant_id = $1', [
      tenantId,
    ]);
    const mine = { user_id: me, source_kind: 'person', source_id: me };
    expect(rows).toEqual([mine, mine]);
  });
});

describe('An event sent again', () => {
  it('is a duplicate within one request, also with other content, and within 30 days', async () => {
    const { tenantId, key } = newKey();
    const event = told();
    const twice = await edges.post(key, event, { ...event, name: 'other' }, told());
    expect(twice.body).toEqual({ accepted: 2, duplicates: 1, rejected: [] });
    engine.clock.set(later(30 * DAY - 1));
    expect((await edges.post(key, event)).body).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
    engine.clock.set(later(30 * DAY));
    expect((await edges.post(key, event)).body).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect((await edges.post(key, event)).body).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
    engine.clock.set(START);
    expect(await engine.countEvents(tenantId)).toBe(3);
  });

  it("does not meet another tenant's event of the same id", async () => {
    const event = told();
    for (const { key, tenantId } of [newKey(), newKey()]) {
      expect((await edges.post(key, event)).body).toMatchObject({ accepted: 1 });
      expect(await engine.countEvents(tenantId)).toBe(1);
    }
  });

  it('in many requests at once, through two replicas, is accepted once', async () => {
    const other = await startEdges(engine);
    try {
      const { tenantId } = newKey();
      const keys = [edges, other].map((each) => ({ each, as: each.apiKey(tenantId) }));
      const events = Array.from({ length: 30 }, () => told({ name: 'invite_sent' }));
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, n) => {
          const { each, as } = keys[n % 2]!;
          return each.post(as, ...(n % 3 === 0 ? events.toReversed() : events));
        }),
      );
      const total = (what: string) => answers.reduce((sum, { body }) => sum + body[what], 0);
      expect([total('accepted'), total('duplicates')]).toEqual([30, 24 * 30 - 30]);
      expect(await engine.countEvents(tenantId)).toBe(30);
      const admin = await edges.person(tenantId, engine.newId(), ['admin']);
      expect((await edges.metrics(admin)).invitesSent).toBe(30);
      expect(await wrongHours(engine)).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it.each([
    ['is a duplicate when the first is committed', true],
    ['is stored when the first is rolled back', false],
  ])('while the first is not committed yet: %s', async (_, firstCommits) => {
    const tenantId = engine.newTenant();
    const sender = { kind: 'apiKey', id: engine.newId() } as const;
    const event: StoredEvent = {
      tenantId,
      sender,
      id: asEventId(engine.newId()),
      name: 'a',
      occurredAt: START,
      receivedAt: START,
      anonymousId: undefined,
      userId: undefined,
      propertiesJson: '{}',
    };
    await new PartitionStore(engine.pool).ensure(['2026-06-01']);
    const go = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const commit = (before: () => Promise<void>) =>
      inDatabaseTransaction(engine.pool, async (tx) => {
        const [counted] = await commitEvents(new EventStore(tx), [[event]], engine.newId);
        await before();
        return counted!;
      });
    const first = commit(async () => {
      written.resolve();
      await go.promise;
      if (!firstCommits) throw new Error('rolled back');
    }).catch(() => undefined);
    await written.promise;
    const second = commit(() => Promise.resolve());
    await eventually(async () => {
      const { rows } = await engine.pool.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      expect(rows).toHaveLength(1);
    });
    go.resolve();
    await first;
    expect(await second).toEqual({ accepted: firstCommits ? 0 : 1, duplicates: firstCommits ? 1 : 0 });
    expect(await engine.countEvents(tenantId)).toBe(1);
  });
});
