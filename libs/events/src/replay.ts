import { inDatabaseTransaction } from '@dailydoco/database';
import { counter, withTraceparent } from '@dailydoco/telemetry';
import type { Pool } from 'pg';
import { toDelivery } from './cloud-events.js';
import type { ConsumerDefinition, ReceivedEvent } from './consumer.js';
import { errorText, isTransientFailure } from './failures.js';
import type { EventsLogger } from './logger.js';
import {
  type ParkedRow,
  type TopicKey,
  lockForReplay,
  markApplied,
  nextWaiting,
  parkedKeys,
  recordReplayFailure,
  releaseKey,
} from './parked.store.js';

const applied = counter('dailydoco_consumer_applied_events_total');

export interface ReplayOptions {
  readonly pool: Pool;
  readonly consumer: ConsumerDefinition;
  readonly logger: EventsLogger;
  /** Only this topic, or this key. Default: everything the consumer has parked. */
  readonly topic?: string;
  readonly key?: string;
  /** Only keys whose replay was asked for by `requestReplay`. Default: false. */
  readonly requestedOnly?: boolean;
  readonly signal?: AbortSignal;
  /** Called before each event: a long replay is no silence. */
  readonly onAttempt?: () => void;
}

export interface ReplayReport {
  readonly applied: number;
  readonly released: readonly TopicKey[];
  /** Keys that stopped at an event that cannot be applied yet. */
  readonly stillParked: readonly (TopicKey & { readonly error: string })[];
}

const MAX_KEYS = 1_000;

/**
 * Applies parked events, per key in the order they came, each in a database transaction of its own; a key is given free
 * in the one that finds nothing left of it. Safe beside the running consumer and beside another replay. A failure that
 * may pass is thrown: what was applied before it stays applied.
 */
export async function replayParked(options: ReplayOptions): Promise<ReplayReport> {
  const { pool, consumer, topic, key, requestedOnly = false, signal } = options;
  const filter = { ...(topic === undefined ? {} : { topic }), ...(key === undefined ? {} : { key }), requestedOnly };
  let count = 0;
  const released: TopicKey[] = [];
  const stillParked: (TopicKey & { error: string })[] = [];
  for (const line of await parkedKeys(pool, consumer.name, { ...filter, limit: MAX_KEYS })) {
    if (signal?.aborted) break;
    const outcome = await replayKey(options, line);
    count += outcome.applied;
    if (outcome.error === undefined) released.push(line);
    else stillParked.push({ ...line, error: outcome.error });
  }
  return { applied: count, released, stillParked };
}

async function replayKey(
  { pool, consumer, logger, signal, onAttempt }: ReplayOptions,
  line: TopicKey,
): Promise<{ applied: number; error: string | undefined }> {
  for (let count = 0; ; count += 1) {
    if (signal?.aborted) return { applied: count, error: 'the replay was stopped' };
    onAttempt?.();
    const outcome = await applyNext(pool, consumer, line);
    if (outcome === 'applied') continue;
    if (outcome === 'released') {
      logger.info({ consumer: consumer.name, ...line, applied: count }, 'parked events applied');
      return { applied: count, error: undefined };
    }
    const error = errorText(outcome.error);
    await recordReplayFailure(pool, { consumer: consumer.name, ...line, id: outcome.id, error });
    logger.warn({ consumer: consumer.name, ...line, applied: count, error }, 'parked event still cannot be applied');
    return { applied: count, error };
  }
}

type Step = 'applied' | 'released' | { readonly id: string; readonly error: unknown };

async function applyNext(pool: Pool, consumer: ConsumerDefinition, line: TopicKey): Promise<Step> {
  let next: ParkedRow | undefined;
  try {
    return await inDatabaseTransaction(pool, async (tx) => {
      next = undefined;
      if (!(await lockForReplay(tx, consumer.name, line))) return 'released';
      next = await nextWaiting(tx, consumer.name, line);
      if (next === undefined) {
        await releaseKey(tx, consumer.name, line);
        return 'released';
      }
      const event = readParked(next, line, consumer);
      await withTraceparent(event.traceparent, `replay ${consumer.name}`, 'consumer', () =>
        consumer.applyBatch(tx, [event]),
      );
      await markApplied(tx, next.id);
      tx.afterCommit(() => applied.add(1, { consumer: consumer.name, type: event.type.type }));
      return 'applied';
    });
  } catch (error) {
    if (next === undefined || isTransientFailure(error)) throw error;
    return { id: next.id, error };
  }
}

function readParked(row: ParkedRow, { topic, key }: TopicKey, consumer: ConsumerDefinition): ReceivedEvent {
  const message = {
    key,
    value: row.payload ?? undefined,
    headers: row.headers,
    offset: BigInt(row.record_offset),
  };
  const handled = new Map(consumer.handles.map((type) => [type.type, type]));
  const delivery = toDelivery(message, { topic, partition: row.partition }, handled);
  if (delivery === undefined) throw new Error(`consumer '${consumer.name}' does not handle this type any more`);
  if (delivery.event === undefined) throw new Error(delivery.unreadable);
  return delivery.event;
}
