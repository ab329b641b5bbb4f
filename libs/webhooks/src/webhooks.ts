import { randomBytes } from 'node:crypto';
import { inDatabaseTransaction } from '@dailydoco/database';
import type { IdempotencyStore } from '@dailydoco/http';
import { restWhileBusy } from '@dailydoco/lifecycle';
import { Bulkhead } from '@dailydoco/resilience';
import { counter, gauge, histogram, type Logger } from '@dailydoco/telemetry';
import type { Pool } from 'pg';
import { Deliveries } from './deliveries.js';
import type { Claim } from './delivery.js';
import { DeliverMessages, type Recorded } from './deliver-messages.js';
import {
  claimDue,
  DeliveryStore,
  disable,
  measureWaiting,
  purgeDeliveries,
  recordAttempt,
  RETENTION_MS,
} from './delivery.store.js';
import { SecretSealer } from './secret-sealer.js';
import { Sender, type SenderOptions } from './sender.adapter.js';
import { targetRulesOf, type WebhookConfig } from './settings.js';
import { noteChange, SubscriptionStore } from './subscription.store.js';
import { Subscriptions } from './subscriptions.js';

/** What a service hands in. */
export interface WebhooksGiven {
  readonly pool: Pool;
  readonly idempotency: IdempotencyStore;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly logger: Logger;
  readonly config: WebhookConfig;
  /** 32 bytes, under which signing secrets are sealed. */
  readonly keyEncryption: Uint8Array;
  /** What can be subscribed to. */
  readonly eventTypes: readonly string[];
  /** For specs. */
  readonly resolve?: SenderOptions['resolve'];
}

/** A claim outlives its attempt by so much: the time to write down what came of it. */
const CLAIM_MARGIN_MS = 30_000;
/** The pool is the callers' first: what came of attempts is written down by so many connections at most. */
const RECORDS_AT_ONCE = 4;
const MEASURE_EVERY_MS = 15_000;
const PURGE_EVERY_MS = 60_000;
const PURGE_BATCH = 1_000;

const attempts = counter('dailydoco_webhook_attempts_total');
const duration = histogram('dailydoco_webhook_attempt_duration_seconds');
const givenUp = counter('dailydoco_webhook_messages_given_up_total');
const disabled = counter('dailydoco_webhook_subscriptions_disabled_total');
const disabledNow = gauge('dailydoco_webhook_disabled_subscriptions');
const oldest = gauge('dailydoco_webhook_oldest_due_age_seconds');

/** A loop of the service, as `repeat` takes it. */
export interface WebhookTask {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<boolean>;
}

/** Subscriptions over HTTP's use cases. */
export function subscriptionsOf(given: WebhooksGiven): Subscriptions {
  const { pool, idempotency, config, eventTypes, clock, newId } = given;
  const sealer = new SecretSealer(given.keyEncryption, randomBytes);
  return new Subscriptions({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new SubscriptionStore(tx, sealer))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new SubscriptionStore(tx, sealer))),
    reads: new SubscriptionStore(pool, sealer),
    eventTypes,
    rules: targetRulesOf(config),
    clock,
    newId,
    randomBytes,
  });
}

/** What became of messages, and replays. */
export function deliveriesOf({ pool, idempotency, clock, keyEncryption }: WebhooksGiven): Deliveries {
  const sealer = new SecretSealer(keyEncryption, randomBytes);
  return new Deliveries({
    once: (call, work) =>
      idempotency.run(pool, call, (tx) =>
        work({ subscriptions: new SubscriptionStore(tx, sealer), deliveries: new DeliveryStore(tx) }),
      ),
    reads: { subscriptions: new SubscriptionStore(pool, sealer), deliveries: new DeliveryStore(pool) },
    clock,
  });
}

/** The loops that send, measure and purge, and what waits at the end for messages under way. */
export function deliveryTasks(given: WebhooksGiven): { tasks: WebhookTask[]; stop: () => Promise<void> } {
  const { pool, clock, config } = given;
  const sender = new Sender({
    rules: targetRulesOf(config),
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
    connections: config.WEBHOOK_IN_FLIGHT_MAX,
    ...(given.resolve && { resolve: given.resolve }),
  });
  const records = new Bulkhead({
    client: 'webhook-records',
    concurrent: RECORDS_AT_ONCE,
    queued: config.WEBHOOK_IN_FLIGHT_MAX,
  });
  const deliver = deliverOver(given, { sender, records });
  const tasks: WebhookTask[] = [
    { name: 'webhook-deliveries', everyMs: config.WEBHOOK_SEND_EVERY_MS, run: () => sendGivingWay(deliver) },
    { name: 'webhook-age', everyMs: MEASURE_EVERY_MS, run: () => measure(given) },
    {
      name: 'webhook-purge',
      everyMs: PURGE_EVERY_MS,
      run: async () => {
        const before = new Date(clock.now().getTime() - RETENTION_MS);
        return (await purgeDeliveries(pool, { before, limit: PURGE_BATCH })) === PURGE_BATCH;
      },
    },
  ];
  const stop = async (): Promise<void> => {
    await deliver.drain();
    await sender.close();
    records.close();
  };
  return { tasks, stop };
}

/** Callers of the service come first: between two rounds it rests for as long as they keep the process busy. */
async function sendGivingWay(deliver: DeliverMessages): Promise<boolean> {
  const startedAtMs = performance.now();
  const isMore = await deliver.runOnce();
  if (isMore) await restWhileBusy(performance.now() - startedAtMs);
  return isMore;
}

function deliverOver(
  { pool, clock, config, keyEncryption, logger }: WebhooksGiven,
  { sender, records }: { sender: Sender; records: Bulkhead },
): DeliverMessages {
  const subscriptions = new SubscriptionStore(pool, new SecretSealer(keyEncryption, randomBytes));
  return new DeliverMessages({
    claim: (limits) => inDatabaseTransaction(pool, (tx) => claimDue(tx, limits)),
    secretsOf: (claims, now) =>
      subscriptions.secretsOf(
        claims.map(({ tenantId, subscriptionId: id }) => ({ tenantId, id })),
        now,
      ),
    post: (url, message) => sender.post(url, message),
    record: (claim, attempt) => records.run(() => recordOver({ pool, logger }, { claim, attempt })),
    clock,
    random: Math.random,
    inFlightMax: config.WEBHOOK_IN_FLIGHT_MAX,
    perSubscriptionMax: config.WEBHOOK_RECEIVER_IN_FLIGHT_MAX,
    claimMs: config.WEBHOOK_TIMEOUT_MS + CLAIM_MARGIN_MS,
    everyMs: config.WEBHOOK_SEND_EVERY_MS,
    failed: ({ subscriptionId, messageId }, err) =>
      logger.warn({ err, subscriptionId, messageId }, 'what came of a webhook was not written down; it is sent again'),
    ended: ({ outcome, durationMs }, gaveUp) => {
      attempts.add(1, { outcome });
      duration.record(durationMs / 1_000);
      if (gaveUp) givenUp.add(1);
    },
  });
}

/** Writes down what came of an attempt, and what that makes of the subscription. */
function recordOver(
  { pool, logger }: Pick<WebhooksGiven, 'pool' | 'logger'>,
  { claim, attempt: { disableFor, ...attempt } }: { claim: Claim; attempt: Recorded },
): Promise<void> {
  return inDatabaseTransaction(pool, async (tx) => {
    const because = disableFor(await recordAttempt(tx, claim, attempt));
    if (because === undefined) return;
    const key = { tenantId: claim.tenantId, id: claim.subscriptionId };
    if (!(await disable(tx, key, { because, at: attempt.now }))) return;
    await noteChange(tx, key, { change: 'disabled', detail: { because }, by: 'webhooks', at: attempt.now });
    tx.afterCommit(() => {
      disabled.add(1, { because });
      logger.warn({ tenantId: key.tenantId, subscriptionId: key.id, because }, 'a webhook subscription was disabled');
    });
  });
}

async function measure({ pool, clock }: WebhooksGiven): Promise<boolean> {
  const waiting = await measureWaiting(pool, clock.now());
  oldest.set(waiting.steadySeconds, { lane: 'steady' });
  oldest.set(waiting.limpingSeconds, { lane: 'limping' });
  disabledNow.set(waiting.disabled);
  return false;
}
