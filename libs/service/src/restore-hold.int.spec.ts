import { acceptRestore, createPool, writeRestoreHold } from '@dailydoco/database';
import { type Broker, ensureTopics, events, kafkaBroker, outgoing } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { createLogger, renderPrometheus } from '@dailydoco/telemetry';
import { eventually, getStores, type TestDatabase, uniqueTopicPrefix } from '@dailydoco/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  allMigrations,
  createRuntime,
  openDatabase,
  type Runtime,
  ShopModule,
  WatchedLifecycle,
} from '../test/shop.js';
import { accessConsumer, addConsumers, addRelay, buildEdges, repeat } from './index.js';

const tenantId = newId();
const PATIENCE = { timeoutMs: 40_000 };
let broker: Broker;
let database: TestDatabase;
let owner: ReturnType<typeof createPool>;
const undos: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const { kafkaBrokers } = await getStores();
  broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'shop', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
}, 60_000);

beforeEach(async () => {
  database = await openDatabase(allMigrations);
  owner = createPool({
    connectionString: database.ownerUrl,
    max: 1,
    applicationName: 'spec',
    statementTimeoutMs: 5_000,
  });
});
afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
  await owner.end();
  await database.drop();
});

interface Replica {
  readonly runtime: Runtime;
  readonly lifecycle: WatchedLifecycle;
  readonly logLines: string[];
  runs: number;
  readonly get: (path: string) => Promise<Response>;
  readonly post: (path: string) => Promise<Response>;
}

async function startReplica(databaseUrl = database.appUrl): Promise<Replica> {
  const lifecycle = new WatchedLifecycle();
  const logLines: string[] = [];
  const logger = createLogger({ service: 'shop', destination: { write: (line) => void logLines.push(line) } });
  const runtime = createRuntime(databaseUrl, { lifecycle, broker, logger });
  const { app } = await buildEdges(runtime, { module: ShopModule.with(runtime), migrations: allMigrations });
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime)]);
  const url = async (): Promise<string> => (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const replica: Replica = {
    runtime,
    lifecycle,
    logLines,
    runs: 0,
    get: async (path) => fetch(`${await url()}${path}`),
    post: async (path) => fetch(`${await url()}${path}`, { method: 'POST' }),
  };
  repeat(runtime, { name: 'task', everyMs: 50, run: async () => ++replica.runs < 0 });
  await lifecycle.start();
  undos.push(() => lifecycle.shutdown('the spec is over'));
  return replica;
}

const hold = () =>
  writeRestoreHold(owner, {
    restoredTo: new Date('2026-01-01T00:00:00Z'),
    restoredBy: 'ops',
    reason: 'a disk was lost',
  });
const accept = () => acceptRestore(owner, { acceptedBy: 'finance', reason: 'compared', reportSha256: 'a'.repeat(64) });

const suspension = () =>
  outgoing({
    type: events.userSuspended,
    key: newId(),
    tenantId,
    payload: { userId: newId(), suspendedAt: new Date() },
    occurredAt: new Date(),
  });

async function count(replica: Replica, text: string): Promise<number> {
  const { rows } = await replica.runtime.pool.query<{ count: bigint }>(text);
  return Number(rows[0]?.count);
}

const published = (replica: Replica) =>
  count(replica, 'SELECT count(*) AS count FROM messaging.outbox WHERE published_at IS NOT NULL');
const applied = (replica: Replica) => count(replica, 'SELECT count(*) AS count FROM messaging.inbox');

/** A neighbour whose database is not held publishes an event that the held service should apply. */
async function neighbourPublishes(): Promise<void> {
  const other = await openDatabase(allMigrations);
  const neighbour = await startReplica(other.appUrl);
  await neighbour.runtime.outbox.append(neighbour.runtime.pool, [suspension()]);
  await eventually(async () => expect(await published(neighbour)).toBe(1), PATIENCE);
  await undos.pop()?.();
  await other.drop();
}

describe('a service whose database was restored', () => {
  it('starts read-only on every replica, and takes changes on every one once that is accepted, without a restart', async () => {
    await hold();
    const replicas = [await startReplica(), await startReplica()];
    for (const { get, post, lifecycle } of replicas) {
      expect((await get('/name')).status).toBe(200);
      const refused = await post('/orders');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('60');
      expect(await refused.json()).toMatchObject({ code: 'READ_ONLY' });
      expect(await lifecycle.ready()).toEqual({ ok: true, failed: [] });
      expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
    }
    // One for each replica: here both are in one process.
    expect(await renderPrometheus()).toMatch(/^dailydoco_restore_hold 2$/m);
    expect((await accept()).map(({ restoredBy }) => restoredBy)).toEqual(['ops']);
    for (const { post } of replicas)
      await eventually(async () => expect((await post('/orders')).status).toBe(201), PATIENCE);
    await eventually(async () => expect(await renderPrometheus()).toMatch(/^dailydoco_restore_hold 0$/m));
  });

  it('publishes nothing, applies nothing and runs nothing; later it does all of it, and has parked none of it', async () => {
    await hold();
    const replica = await startReplica();
    await replica.runtime.outbox.append(replica.runtime.pool, [suspension()]);
    await neighbourPublishes();
    const has = (text: string) => replica.logLines.some((line) => line.includes(text));
    await eventually(() => expect(has('events not applied, will retry')).toBe(true), PATIENCE);
    await eventually(
      async () => expect(await renderPrometheus()).toMatch(/dailydoco_outbox_backlog_events(\{[^}]*\})? 1/),
      PATIENCE,
    );
    expect([await published(replica), await applied(replica), replica.runs]).toEqual([0, 0, 0]);
    expect(replica.lifecycle.live()).toEqual({ ok: true, failed: [] });
    await accept();
    await eventually(async () => expect(await published(replica)).toBe(1), PATIENCE);
    // The neighbour's, and its own, which it hears as everybody does.
    await eventually(async () => expect(await applied(replica)).toBe(2), PATIENCE);
    expect(replica.runs).toBeGreaterThan(0);
    expect(await count(replica, 'SELECT count(*) AS count FROM messaging.parked_event')).toBe(0);
  });

  it('becomes read-only while it runs, when its database is restored behind its back', async () => {
    const replica = await startReplica();
    expect((await replica.post('/orders')).status).toBe(201);
    await hold();
    await eventually(
      async () => expect(await (await replica.post('/orders')).json()).toMatchObject({ code: 'READ_ONLY' }),
      PATIENCE,
    );
  });

  it('cannot end its own hold, and nobody can take back who ended it', async () => {
    await hold();
    const replica = await startReplica();
    const given = { acceptedBy: 'the service', reason: 'itself', reportSha256: 'b'.repeat(64) };
    await expect(acceptRestore(replica.runtime.pool, given)).rejects.toThrow('permission denied');
    await accept();
    for (const table of ['restore_hold', 'restore_acceptance'])
      await expect(owner.query(`DELETE FROM operations.${table}`)).rejects.toThrow('append-only');
    expect(await accept()).toEqual([]);
  });
});
