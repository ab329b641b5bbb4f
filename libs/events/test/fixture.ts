import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { type DatabaseTransaction, createPool, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import { Lifecycle, newId } from '@dailydoco/lifecycle';
import { createTestDatabase, eventually, uniqueTopicPrefix } from '@dailydoco/testing';
import { Client, type Pool } from 'pg';
import {
  type Broker,
  type ConsumerDefinition,
  ConsumerRunner,
  type ConsumerRunnerOptions,
  type EventsLogger,
  Outbox,
  OutboxRelay,
  type OutboxRelayOptions,
  type ReceivedEvent,
  defineConsumer,
  ensureTopics,
  events,
  eventsMigrations,
  isEvent,
  kafkaBroker,
  outgoing,
} from '../src/index.js';

/** Collects what is logged, so that a failed test can show it and a test can ask whether something was said. */
export class MemoryLogger implements EventsLogger {
  readonly lines: { level: string; message: string; fields: object }[] = [];

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', message, fields });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', message, fields });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', message, fields });
  }
  said(message: string): boolean {
    return this.lines.some((line) => line.message.includes(message));
  }
}

export function newLifecycle(logger: EventsLogger = new MemoryLogger()): Lifecycle {
  return new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 20_000 });
}

/** The tables of a small service: aggregates that count their changes, and what its consumers have applied. */
const SERVICE_TABLES = `
  CREATE TABLE aggregate (key text PRIMARY KEY, sequence bigint NOT NULL);
  CREATE TABLE applied (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL, event_id uuid NOT NULL, key text NOT NULL, sequence bigint NOT NULL
  );`;

export async function migrate(ownerUrl: string, appRole: string): Promise<void> {
  await runMigrations({ connectionString: ownerUrl, appRole, sources: [eventsMigrations] });
  const owner = new Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query(SERVICE_TABLES);
    await owner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON aggregate, applied TO "${appRole}"`);
  } finally {
    await owner.end();
  }
}

export function templateHash(): string {
  const hash = createHash('sha256').update(SERVICE_TABLES);
  for (const folder of readdirSync(eventsMigrations.directory).toSorted()) {
    hash.update(readFileSync(`${eventsMigrations.directory}/${folder}/migration.sql`));
  }
  return `events_${hash.digest('hex').slice(0, 16)}`;
}

/** A database and a set of topics of its own, and whatever runs on them. */
export class Fixture {
  readonly pool: Pool;
  readonly broker: Broker;
  readonly logger = new MemoryLogger();
  readonly lifecycle = newLifecycle(this.logger);
  readonly outbox = new Outbox({ source: 'dailydoco/test', newId });
  readonly #endings: (() => Promise<unknown>)[] = [];

  constructor(
    readonly appUrl: string,
    readonly brokers: readonly string[],
    readonly topicPrefix: string,
  ) {
    this.pool = createPool({
      connectionString: appUrl,
      max: 10,
      applicationName: 'events-test',
      statementTimeoutMs: 10_000,
    });
    this.broker = kafkaBroker({ brokers, clientId: 'events-test', topicPrefix });
  }

  /** On the stores of the whole test run. */
  static async open(brokers: readonly string[]): Promise<Fixture> {
    const database = await createTestDatabase({ template: templateHash(), migrate });
    const fixture = new Fixture(database.appUrl, brokers, uniqueTopicPrefix());
    fixture.onClose(() => database.drop());
    fixture.onClose(() => fixture.pool.end());
    await ensureTopics(fixture.broker, 1);
    return fixture;
  }

  onClose(ending: () => Promise<unknown>): void {
    this.#endings.unshift(ending);
  }

  async close(): Promise<void> {
    for (const ending of this.#endings.splice(0)) await ending();
  }

  async relay(options: Partial<OutboxRelayOptions> = {}): Promise<OutboxRelay> {
    const { appUrl: connectionString, broker, logger, lifecycle } = this;
    const relay = new OutboxRelay({
      connectionString,
      broker,
      logger,
      lifecycle,
      pollMs: 200,
      retryMs: 200,
      ...options,
    });
    await relay.start();
    this.onClose(() => relay.stop());
    return relay;
  }

  async run(
    consumers: readonly ConsumerDefinition[],
    options: Partial<ConsumerRunnerOptions> = {},
  ): Promise<ConsumerRunner> {
    const { broker, pool, logger, lifecycle } = this;
    const backOff = { firstMs: 20, maxMs: 200 };
    const runner = new ConsumerRunner({
      broker,
      pool,
      consumers,
      logger,
      lifecycle,
      backOff,
      housekeepingMs: 200,
      ...options,
    });
    await runner.start();
    this.onClose(() => runner.stop());
    return runner;
  }

  /** Changes the aggregate once, under its row lock, and tells of it: event number n of the key carries sequence n. */
  async change(key: string, times = 1): Promise<void> {
    for (let i = 0; i < times; i += 1) await inDatabaseTransaction(this.pool, (tx) => this.changeIn(tx, key));
  }

  async changeIn(tx: DatabaseTransaction, key: string): Promise<void> {
    const { rows } = await tx.query<{ sequence: bigint }>(
      `INSERT INTO aggregate (key, sequence) VALUES ($1, 1)
       ON CONFLICT (key) DO UPDATE SET sequence = aggregate.sequence + 1 RETURNING sequence`,
      [key],
    );
    await this.outbox.append(tx, [purchase(key, BigInt(only(rows).sequence))]);
  }

  async unpublished(): Promise<number> {
    const { rows } = await this.pool.query<{ count: string }>(
      'SELECT count(*)::text AS count FROM messaging.outbox WHERE published_at IS NULL',
    );
    return Number(only(rows).count);
  }

  async untilPublished(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const left = await this.unpublished();
        if (left > 0) throw new Error(`${left} unpublished; ${JSON.stringify(this.logger.lines.slice(-3))}`);
      },
      { timeoutMs },
    );
  }

  async appliedBy(consumer: string): Promise<{ eventId: string; key: string; sequence: number }[]> {
    const { rows } = await this.pool.query<{ event_id: string; key: string; sequence: bigint }>(
      'SELECT event_id, key, sequence FROM applied WHERE consumer = $1 ORDER BY position',
      [consumer],
    );
    return rows.map((row) => ({ eventId: row.event_id, key: row.key, sequence: Number(row.sequence) }));
  }

  /** Sequences in the order in which they were applied, per key. */
  async sequencesAppliedBy(consumer: string): Promise<Record<string, number[]>> {
    return sequencesPerKey(await this.appliedBy(consumer));
  }

  /**
   * Everything that lies in the topics, in the order of each partition, once so many different events are there, and so
   * many copies beside them.
   */
  async published(expectedAtLeast: number, { copies = 0 } = {}): Promise<PublishedEvent[]> {
    // By place: a reader that loses its partition for a moment is given the same messages again.
    const read = new Map<string, PublishedEvent>();
    const reader = this.broker.consumer({
      groupId: `reader-${randomUUID()}`,
      topics: ['viral.events.v1'],
      fromBeginning: true,
      partitionsInParallel: 1,
      onBatch: async (batch) => {
        for (const { headers, key, value, offset } of batch.messages) {
          const payload = events.purchaseRecorded.codec.decode(value ?? new Uint8Array());
          read.set(`${batch.partition}/${offset}`, {
            id: headers['ce_id'] ?? '',
            key: key ?? '',
            sequence: Number(payload.purchaseSequence),
            headers,
          });
          await batch.commit(offset);
        }
      },
      onAttempt: () => undefined,
      onCrash: () => undefined,
      onDead: () => undefined,
    });
    reader.start();
    try {
      await eventually(
        () => {
          const distinct = new Set([...read.values()].map(({ id }) => id)).size;
          if (distinct < expectedAtLeast || read.size < expectedAtLeast + copies)
            throw new Error(`${distinct} of ${expectedAtLeast} events in the topics, ${read.size} messages`);
          return Promise.resolve();
        },
        { timeoutMs: 30_000 },
      );
    } finally {
      await reader.stop();
    }
    return [...read.values()];
  }
}

export interface PublishedEvent {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  readonly headers: Readonly<Record<string, string>>;
}

export function only<R>(rows: readonly R[]): R {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`${rows.length} rows, expected one`);
  return row;
}

/** Drops every copy but the first of each event. */
export function firstDeliveries(published: readonly PublishedEvent[]): PublishedEvent[] {
  const seen = new Set<string>();
  return published.filter(({ id }) => !seen.has(id) && seen.add(id));
}

export function sequencesPerKey(list: readonly { key: string; sequence: number }[]): Record<string, number[]> {
  const result: Record<string, number[]> = {};
  for (const { key, sequence } of list) (result[key] ??= []).push(sequence);
  return result;
}

export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

export function purchase(key: string, sequence: bigint, change: { id?: string; traceparent?: string } = {}) {
  return outgoing({
    type: events.purchaseRecorded,
    key,
    tenantId: '01999999-0000-7000-8000-000000000001',
    occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    payload: {
      purchaseId: `purchase-of-${key}`,
      purchaseSequence: sequence,
      buyerId: key,
      amount: undefined,
      stream: 'test',
      websiteId: '',
      planId: '',
      planVersion: 0,
      houseMicros: 0n,
      occurredAt: undefined,
      recordedAt: undefined,
    },
    ...change,
  });
}

/** A consumer that writes down what it applies; `before` may refuse a batch first. */
export function recorder(
  name: string,
  before: (applying: readonly ReceivedEvent[]) => unknown = () => undefined,
): ConsumerDefinition {
  return defineConsumer({
    name,
    topics: ['viral.events.v1'],
    handles: [events.purchaseRecorded],
    applyBatch: async (tx, received) => {
      await before(received);
      await tx.query(
        `INSERT INTO applied (consumer, event_id, key, sequence)
         SELECT $1, e.id, e.key, e.sequence
         FROM unnest($2::uuid[], $3::text[], $4::bigint[]) WITH ORDINALITY AS e (id, key, sequence, position)
         ORDER BY e.position`,
        [name, received.map(({ id }) => id), received.map(({ key }) => key), received.map(sequenceOf).map(String)],
      );
    },
  });
}

export function sequenceOf(event: ReceivedEvent): number {
  if (!isEvent(event, events.purchaseRecorded)) throw new Error(`not a purchase: ${event.type.type}`);
  return Number(event.payload.purchaseSequence);
}
