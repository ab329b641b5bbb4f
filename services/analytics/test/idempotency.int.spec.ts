import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { eventually } from '@dailydoco/testing';
import { PartitionStore } from '../src/events/partition.store.js';
import { asEventId } from '../src/ids.js';
import { type Answered, type Edges, startEdges, told } from './edges.js';
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

const newSender = () => {
  const tenantId = engine.newTenant();
  return { tenantId, as: edges.apiKey(tenantId, ['events:write']) };
};

const replayed = ({ headers }: Answered): string | null => headers.get('idempotency-replayed');
const one = { accepted: 1, duplicates: 0, rejected: [] };

describe('POST /v1/events with an Idempotency-Key', () => {
  it('answers the same input as the first time, and says so', async () => {
    const { tenantId, as } = newSender();
    const events = [told({ name: 'invite_sent' }), told({ name: 'Not a slug' }), told({ properties: { n: 1 } })];
    const body = { accepted: 2, duplicates: 0, rejected: [{ index: 1, code: 'INVALID_NAME' }] };
    const first = await edges.postOnce(as, 'k', ...events);
    expect([first.status, first.body, replayed(first)]).toEqual([202, body, null]);
    // Spelt otherwise, and at a time when the events of the body would be too old.
    engine.clock.set(later(41 * DAY));
    const spelt = events.map((each) => (each.name === 'Not a slug' ? each : { ...each, id: each.id.toUpperCase() }));
    const again = await edges.postOnce(as, 'k', ...spelt);
    engine.clock.set(START);
    expect([again.status, again.body, replayed(again)]).toEqual([202, body, 'true']);
    expect(await engine.countEvents(tenantId)).toBe(2);
    const admin = await edges.person(tenantId, engine.newId(), ['admin']);
    expect((await edges.metrics(admin)).invitesSent).toBe(1);
    expect(await wrongHours(engine)).toEqual([]);
  });

  it('refuses another input under a used key, and stores nothing of it', async () => {
    const { tenantId, as } = newSender();
    const event = told();
    expect((await edges.postOnce(as, 'k', event)).body).toEqual(one);
    for (const events of [[told()], [event, event], [{ ...event, name: 'Not a slug' }]]) {
      expect(await edges.postOnce(as, 'k', ...events)).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_KEY_REUSED' },
      });
    }
    expect(await engine.countEvents(tenantId)).toBe(1);
  });

  it('binds the key also when no event was taken', async () => {
    const { as } = newSender();
    const body = { accepted: 0, duplicates: 0, rejected: [{ index: 0, code: 'NOT_AN_OBJECT' }] };
    for (const expected of [null, 'true']) {
      const answer = await edges.postOnce(as, 'k', 'event');
      expect([answer.status, answer.body, replayed(answer)]).toEqual([202, body, expected]);
    }
    expect((await edges.postOnce(as, 'k', 'other')).status).toBe(422);
  });

  it('knows an event of another key, or of none, as a duplicate', async () => {
    const { as } = newSender();
    const event = told();
    expect((await edges.post(as, event)).body).toEqual(one);
    for (const key of ['k', 'l']) {
      const answer = await edges.postOnce(as, key, event);
      expect([answer.body, replayed(answer)]).toEqual([{ accepted: 0, duplicates: 1, rejected: [] }, null]);
    }
  });

  it('lets concurrent twins, through two replicas, do it once and answer alike', async () => {
    const other = await startEdges(engine);
    try {
      const tenantId = engine.newTenant();
      const person = engine.newId();
      const events = Array.from({ length: 20 }, () => told({ name: 'invite_sent' }));
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          const each = n % 2 === 0 ? edges : other;
          return each.postOnce(await each.person(tenantId, person), 'k', ...events);
        }),
      );
      const body = { accepted: 20, duplicates: 0, rejected: [] };
      expect(answers.map((answer) => [answer.status, answer.body])).toEqual(answers.map(() => [202, body]));
      expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1);
      expect(await engine.countEvents(tenantId)).toBe(20);
      expect(await wrongHours(engine)).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('lets a twin wait for the first, and tells it to come again after 2 s', async () => {
    const { tenantId, as } = newSender();
    const event = told();
    await new PartitionStore(engine.pool).ensure(['2026-06-01']);
    // The first cannot finish while somebody else holds its event's id.
    const held = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const holder = inDatabaseTransaction(engine.pool, async (tx) => {
      await tx.query('INSERT INTO event_key (tenant_id, id, received_at) VALUES ($1, $2, $3)', [
        tenantId,
        asEventId(event.id),
        START.toISOString(),
      ]);
      held.resolve();
      await go.promise;
      throw new Error('rolled back');
    }).catch(() => undefined);
    await held.promise;
    const waiting = async (expected: number) =>
      eventually(async () => {
        const { rows } = await engine.pool.query(
          "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        expect(rows).toHaveLength(expected);
      });
    const first = edges.postOnce(as, 'k', event);
    await waiting(1);
    const impatient = await edges.postOnce(as, 'k', event);
    expect(impatient).toMatchObject({ status: 409, body: { code: 'REQUEST_IN_PROGRESS' } });
    const twin = edges.postOnce(as, 'k', event);
    await waiting(2);
    go.resolve();
    await holder;
    expect([(await first).body, replayed(await first)]).toEqual([one, null]);
    expect([(await twin).body, replayed(await twin)]).toEqual([one, 'true']);
    expect(await engine.countEvents(tenantId)).toBe(1);
  });

  it('leaves the key free to another tenant, and to another caller of the tenant', async () => {
    const tenantId = engine.newTenant();
    const senders = [newSender().as, edges.apiKey(tenantId), edges.apiKey(tenantId), await edges.person(tenantId)];
    for (const as of senders) {
      const answer = await edges.postOnce(as, 'k', told());
      expect([answer.status, answer.body, replayed(answer)]).toEqual([202, one, null]);
    }
  });

  it('makes a partition that is gone again, under the same key', async () => {
    const { tenantId, as } = newSender();
    const occurredAt = '2026-05-20T12:00:00.000Z';
    expect((await edges.postOnce(as, 'before', told({ occurredAt }))).body).toEqual(one);
    const owner = engine.poolOf(engine.ownerUrl);
    await owner.query('DROP TABLE event_20260520');
    await owner.end();
    expect((await edges.postOnce(as, 'k', told({ occurredAt }))).body).toEqual(one);
    expect(await engine.countEvents(tenantId)).toBe(1);
  });

  it('refuses a key of more than 255 characters', async () => {
    const { as } = newSender();
    expect((await edges.postOnce(as, 'k'.repeat(256), told())).status).toBe(400);
    expect((await edges.postOnce(as, 'k'.repeat(255), told())).status).toBe(202);
  });
});
