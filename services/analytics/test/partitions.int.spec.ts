import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keepUp } from '../src/events/keep-up.js';
import { PartitionStore } from '../src/events/partition.store.js';
import { type Edges, startEdges, told } from './edges.js';
import { DAY, type Engine, later, START, startEngine } from './engine.js';

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

const { signal } = new AbortController();
const upkeep = (now: Date) => keepUp(new PartitionStore(engine.pool), { now, retentionDays: 40, signal });

async function send(occurredAt: string): Promise<unknown> {
  const tenantId = engine.newTenant();
  const { body } = await edges.post(edges.apiKey(tenantId), told({ occurredAt }));
  expect(await engine.countEvents(tenantId)).toBe(body.accepted);
  return body.accepted;
}

describe('Partitions', () => {
  it('are made by the events that need them: across midnight, in the past, a day ahead', async () => {
    expect(await engine.partitions()).toEqual([]);
    engine.clock.set(new Date('2026-06-01T23:59:59.999Z'));
    expect(await send('2026-06-01T23:59:59.999Z')).toBe(1);
    expect(await engine.partitions()).toEqual(['2026-06-01']);
    engine.clock.set(new Date('2026-06-02T00:00:00.000Z'));
    expect(await send('2026-06-02T00:00:00.000Z')).toBe(1);
    expect(await send('2026-06-03T00:00:00.000Z')).toBe(1);
    expect(await send('2026-05-15T02:00:00+02:00')).toBe(1);
    expect(await send('2026-05-15T01:59:59.999+02:00')).toBe(1);
    expect(await engine.partitions()).toEqual(['2026-05-14', '2026-05-15', '2026-06-01', '2026-06-02', '2026-06-03']);
    engine.clock.set(START);
  });

  it('are made by many requests and replicas at once, for many days in one request', async () => {
    const other = await startEdges(engine);
    try {
      const days = Array.from({ length: 38 }, (_, n) => later(-n * DAY).toISOString());
      const answers = await Promise.all(
        [edges, other, edges, other].map((each) =>
          each.post(each.apiKey(engine.newTenant()), ...days.map((occurredAt) => told({ occurredAt }))),
        ),
      );
      expect(answers.map(({ body }) => body.accepted)).toEqual([38, 38, 38, 38]);
    } finally {
      await other.stop();
    }
  });

  it('are made ahead by upkeep, and dropped when all they hold is older than the retention', async () => {
    await upkeep(START);
    const before = await engine.partitions();
    expect(before).toEqual(expect.arrayContaining(['2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05']));
    expect(await send('2026-06-01T12:00:00Z')).toBe(1);
    await upkeep(new Date('2026-07-12T00:00:00.000Z'));
    expect((await engine.partitions())[0]).toBe('2026-06-01');
    await upkeep(new Date('2026-07-13T00:00:00.000Z'));
    expect((await engine.partitions())[0]).toBe('2026-06-02');
  });

  it('that a writer believes to exist and that were dropped are made again: no event is lost', async () => {
    expect(await engine.partitions()).not.toContain('2026-06-01');
    expect(await send('2026-06-01T12:00:00Z')).toBe(1);
    expect(await engine.partitions()).toContain('2026-06-01');
  });
});

describe('Ids of events', () => {
  it('are forgotten by upkeep 30 days after receipt, not before', async () => {
    const tenantId = engine.newTenant();
    await edges.post(edges.apiKey(tenantId), told(), told());
    const count = async () =>
      (await engine.pool.query('SELECT id FROM event_key WHERE tenant_id = $1', [tenantId])).rows.length;
    await upkeep(later(30 * DAY - 1));
    expect(await count()).toBe(2);
    await upkeep(later(30 * DAY));
    expect(await count()).toBe(0);
  });
});
