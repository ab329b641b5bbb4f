import pg from 'pg';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { kafkaBroker } from '../src/kafka-broker.js';
import { Outbox, outgoing } from '../src/outbox.js';
import { OutboxPublisher } from '../src/outbox-publisher.js';
import { events } from '../src/catalogue.js';
import { ensureTopics } from '../src/ensure-topics.js';
const url = 'postgres://postgres:Kp6NxtaHk1mIhxGY_gBhfTiQ@127.0.0.1:34775/bench';
const adm = new pg.Client({
  connectionString: 'postgres://postgres:Kp6NxtaHk1mIhxGY_gBhfTiQ@127.0.0.1:34775/postgres',
});
await adm.connect();
await adm.query('drop database if exists bench');
await adm.query('create database bench');
await adm.end();
const c = new pg.Client({ connectionString: url });
await c.connect();
await c.query("select set_config('dailydoco.app_role','postgres',false)");
await c.query(
  readFileSync(new URL('../migrations/20250101000100_create_messaging/migration.sql', import.meta.url), 'utf8'),
);
const broker = kafkaBroker({ brokers: ['127.0.0.1:40055'], clientId: 'bench', topicPrefix: `b${Date.now()}.` });
console.log(await ensureTopics(broker, 1));
const outbox = new Outbox({ source: 'dailydoco/viral-engine', newId: () => randomUUID() });
const N = 200_000;
let t = performance.now();
for (let i = 0; i < N; i += 1000) {
  await outbox.append(
    c as never,
    Array.from({ length: 1000 }, (_, j) =>
      outgoing({
        type: events.commissionsReleased,
        key: randomUUID(),
        tenantId: randomUUID(),
        occurredAt: new Date(),
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        payload: {
          purchaseId: randomUUID(),
          purchaseSequence: BigInt(i + j),
          buyerId: randomUUID(),
          currencyCode: 'USD',
          changes: [],
          releasedAt: new Date(),
        },
      }),
    ),
  );
}
console.log('append/s', Math.round((N / (performance.now() - t)) * 1000));
const client = new pg.Client({ connectionString: url });
await client.connect();
const abort = new AbortController();
const noop = () => {};
const logger = { info: console.log, warn: console.log, error: console.log };
t = performance.now();
const q0 = client.query.bind(client) as never as (...a: unknown[]) => Promise<unknown>;
const tt: Record<string, number> = {};
(client as never as { query: unknown }).query = async (...a: unknown[]) => {
  const s = performance.now();
  try {
    return await q0(...a);
  } finally {
    const k = String(a[0]).trim().slice(0, 14);
    tt[k] = (tt[k] ?? 0) + performance.now() - s;
  }
};
const pr0 = broker.producer();
const b2 = {
  ...broker,
  producer: () => ({
    send: async (m: never) => {
      const s = performance.now();
      await pr0.send(m);
      tt['send'] = (tt['send'] ?? 0) + performance.now() - s;
      tt['n'] = (tt['n'] ?? 0) + 1;
    },
    close: () => pr0.close(),
  }),
};
const run = new OutboxPublisher(
  {
    broker: b2,
    logger,
    heartbeat: { beat: noop, stop: noop, fail: noop },
    maxBatchEvents: 1000,
    maxBatchBytes: 900 * 1024,
    pollMs: 1000,
    frozenAfterMs: 10_000,
    retentionMs: 7 * 86400_000,
  },
  client,
  abort.signal,
).run();
for (;;) {
  const { rows } = await c.query('select 1 from messaging.outbox where published_at is null limit 1');
  if (rows.length === 0) break;
  await new Promise((r) => setTimeout(r, 20));
}
console.log('relay/s', Math.round((N / (performance.now() - t)) * 1000));
console.log(tt);
abort.abort();
await run;
await client.end();
await c.end();
import { ConsumerRunner, defineConsumer } from '../src/index.js';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createPool } from '@dailydoco/database';
const quiet = { info: noop, warn: console.log, error: console.log };
for (const partitionsInParallel of [1, 3]) {
  const pool = createPool({ connectionString: url, max: 10, applicationName: 'x', statementTimeoutMs: 10000 });
  let got = 0;
  let first = 0;
  let batches = 0;
  const runner = new ConsumerRunner({
    broker,
    pool,
    logger: quiet,
    partitionsInParallel,
    lifecycle: new Lifecycle({ logger: quiet, notReadyDelayMs: 0, drainTimeoutMs: 1000 }),
    consumers: [
      defineConsumer({
        name: 'bench' + partitionsInParallel,
        topics: ['viral.events.v1'],
        handles: [events.commissionsReleased],
        applyBatch: async (tx, ev) => {
          first ||= performance.now();
          await tx.query('select 1');
          got += ev.length;
          batches++;
        },
      }),
    ],
  });
  await runner.start();
  while (got < N) await new Promise((r) => setTimeout(r, 20));
  console.log(
    'consume/s',
    partitionsInParallel,
    Math.round((N / (performance.now() - first)) * 1000),
    'per batch',
    Math.round(N / batches),
  );
  await runner.stop();
  await pool.end();
}
