import { randomBytes } from 'node:crypto';
import { createPool, databaseMigrations, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import { events, eventsMigrations, type ReceivedEvent } from '@dailydoco/events';
import { httpMigrations, IdempotencyStore } from '@dailydoco/http';
import { newId } from '@dailydoco/lifecycle';
import { createLogger } from '@dailydoco/telemetry';
import { createServiceDatabase, type FakeClock, fakeClock, type TestDatabase } from '@dailydoco/testing';
import { z } from 'zod';
import type { Deliveries } from '../src/deliveries.js';
import type { Delivery } from '../src/delivery.js';
import {
  deliveriesOf,
  deliveryTasks,
  type Subscriptions,
  subscriptionsOf,
  webhooksConsumer,
  type WebhooksGiven,
  webhookSettings,
  webhooksMigrations,
} from '../src/index.js';
import type { Subscription } from '../src/subscription.js';

const SOURCES = [databaseMigrations, eventsMigrations, httpMigrations, webhooksMigrations];
const BY = 'person:spec';

/** What a process of the spec needs to know. */
export interface DeskOptions {
  readonly appUrl: string;
  readonly keyEncryption: Uint8Array;
  readonly clock: { now(): Date };
  readonly env?: Record<string, string>;
}

/** A small service that sends webhooks: to this machine, over http. */
export function givenOf({ appUrl, keyEncryption, clock, env = {} }: DeskOptions): WebhooksGiven {
  return {
    pool: createPool({ connectionString: appUrl, max: 8, applicationName: 'spec', statementTimeoutMs: 10_000 }),
    idempotency: new IdempotencyStore(),
    clock,
    newId,
    logger: createLogger({ service: 'spec', level: 'error' }),
    config: z.object(webhookSettings).parse({
      WEBHOOK_NETWORKS: '127.0.0.1/32',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_SEND_EVERY_MS: '20',
      WEBHOOK_TIMEOUT_MS: '2000',
      ...env,
    }),
    keyEncryption,
    eventTypes: ['payout.settled', 'payout.failed'],
  };
}

export class Desk {
  readonly clock: FakeClock;
  readonly keyEncryption: Uint8Array;
  readonly given: WebhooksGiven;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
  readonly database: TestDatabase;

  private constructor(database: TestDatabase, env: Record<string, string>) {
    this.database = database;
    this.clock = fakeClock(new Date());
    this.keyEncryption = randomBytes(32);
    this.given = givenOf({ appUrl: database.appUrl, keyEncryption: this.keyEncryption, clock: this.clock, env });
    this.subscriptions = subscriptionsOf(this.given);
    this.deliveries = deliveriesOf(this.given);
  }

  static async open(env: Record<string, string> = {}): Promise<Desk> {
    const database = await createServiceDatabase({
      service: 'webhooks',
      directories: SOURCES.map(({ directory }) => directory),
      migrate: async (connectionString, appRole) => {
        await runMigrations({ connectionString, appRole, sources: SOURCES });
      },
    });
    return new Desk(database, env);
  }

  call(key?: string) {
    const scope = { tenantId: 't', callerId: BY, method: 'POST', path: '/' };
    return { key, scope, requestHash: Buffer.alloc(32) };
  }

  async subscribe(
    url: string,
    options: { tenantId?: string; eventTypes?: string[] } = {},
  ): Promise<Subscription & { secret: string }> {
    const { tenantId = newId(), eventTypes = ['payout.settled'] } = options;
    const order = { tenantId, url, eventTypes, description: '', by: BY };
    const answer = await this.subscriptions.create(order, { call: this.call(), view: (subscription) => subscription });
    return answer.body;
  }

  /** The event through the real consumer; `id` again: it was told before. */
  async tell(tenantId: string, id = newId(), type = events.payoutSettled.type): Promise<string> {
    await this.apply([{ tenantId, id, type }]);
    return id;
  }

  apply(told: readonly { tenantId: string; id: string; type?: string }[]): Promise<void> {
    const consumer = webhooksConsumer({
      name: 'spec-webhooks',
      topic: 'payouts.events.v1',
      handles: [events.payoutSettled, events.payoutFailed],
      clock: this.clock,
      messageOf: ({ type, occurredAt, key }) => ({
        type: type.type === events.payoutSettled.type ? 'payout.settled' : 'payout.failed',
        occurredAt,
        data: { id: key },
      }),
    });
    const batch = told.map(({ tenantId, id, type }): ReceivedEvent => {
      const known = type === events.payoutFailed.type ? events.payoutFailed : events.payoutSettled;
      const payload = known.codec.decode(new Uint8Array());
      return {
        id,
        type: known,
        tenantId,
        key: id,
        occurredAt: this.clock.now(),
        payload,
        topic: known.topic,
        partition: 0,
        offset: 0n,
      };
    });
    return inDatabaseTransaction(this.given.pool, (tx) => consumer.applyBatch(tx, batch));
  }

  /** Sends until nothing is due any more. */
  async send(given = this.given): Promise<void> {
    const { tasks, stop } = deliveryTasks(given);
    const [deliver] = tasks;
    while (await deliver?.run()) await Promise.resolve();
    await stop();
  }

  async purge(): Promise<void> {
    const { tasks, stop } = deliveryTasks(this.given);
    for (const { name, run } of tasks) if (name !== 'webhook-deliveries') await run();
    await stop();
  }

  async states(subscription: Subscription): Promise<string[]> {
    return (await this.list(subscription)).map(({ state }) => state);
  }

  list({ tenantId, id }: Subscription): Promise<Delivery[]> {
    return this.deliveries.list({ subscription: { tenantId, id }, state: undefined, before: undefined, limit: 100 });
  }

  async close(): Promise<void> {
    await this.given.pool.end();
    await this.database.drop();
  }
}
