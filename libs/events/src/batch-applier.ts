import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { restWhileBusy } from '@dailydoco/lifecycle';
import { counter, histogram, withTraceparent } from '@dailydoco/telemetry';
import type { Pool } from 'pg';
import type { Delivery } from './cloud-events.js';
import type { ConsumerDefinition, ReceivedEvent } from './consumer.js';
import { errorText, isTransientFailure } from './failures.js';
import { claimInInbox } from './inbox.store.js';
import type { EventsLogger } from './logger.js';
import { type ToPark, insertParked, lockParkedKeys } from './parked.store.js';
import { type BackOff, backOffMs, pause } from './pause.js';

const applied = counter('dailydoco_consumer_applied_events_total');
const duplicates = counter('dailydoco_consumer_duplicate_events_total');
const retries = counter('dailydoco_consumer_retries_total');
const duration = histogram('dailydoco_consumer_batch_duration_seconds');
const age = histogram('dailydoco_consumer_event_age_seconds');

export interface BatchApplierOptions {
  readonly pool: Pool;
  readonly consumer: ConsumerDefinition;
  readonly logger: EventsLogger;
  readonly backOff: BackOff;
}

/** Told when work begins and ends, so that a call that hangs can be seen from outside. */
export interface Watch {
  begin(): () => void;
}

/** Whether other work of the process comes before the consumer's next batch; `first` is the oldest event of its last one. */
export function givesWayAfter(
  { givesWay }: Pick<ConsumerDefinition, 'givesWay'>,
  first: Delivery | undefined,
  nowMs: number,
): boolean {
  if (givesWay === undefined || givesWay === true) return givesWay === true;
  const happenedAt = first?.event?.occurredAt;
  return happenedAt === undefined || nowMs - happenedAt.getTime() < givesWay.untilAgeMs;
}

/** Applies events exactly once each, per key in order, and sets aside those that cannot be applied. */
export class BatchApplier {
  readonly #pool: Pool;
  readonly #consumer: ConsumerDefinition;
  readonly #logger: EventsLogger;
  readonly #backOff: BackOff;

  constructor({ pool, consumer, logger, backOff }: BatchApplierOptions) {
    this.#pool = pool;
    this.#consumer = consumer;
    this.#logger = logger;
    this.#backOff = backOff;
  }

  /**
   * Resolves with true when every event has been applied, parked or recognised as a duplicate, durably. Failures that
   * may pass are tried again for as long as `go` does not abort; then false, and nothing of the rest has happened.
   */
  async apply(deliveries: readonly Delivery[], watch: Watch, go: AbortSignal): Promise<boolean> {
    for (let attempt = 0; !go.aborted; attempt += 1) {
      const startedAtMs = performance.now();
      const end = watch.begin();
      try {
        const outcome = await this.#applyOrDivide(deliveries);
        this.#record(startedAtMs, outcome);
        end();
        if (givesWayAfter(this.#consumer, deliveries[0], Date.now()))
          await restWhileBusy(performance.now() - startedAtMs, go);
        return true;
      } catch (error) {
        this.#record(startedAtMs, 'retried');
        retries.add(1, { consumer: this.#consumer.name });
        const retryMs = Math.round(backOffMs(attempt, this.#backOff));
        this.#logger.warn(
          { consumer: this.#consumer.name, attempt, retryMs, err: error },
          'events not applied, will retry',
        );
        end();
        await pause(retryMs, go);
      } finally {
        end();
      }
    }
    return false;
  }

  #record(startedAtMs: number, outcome: 'committed' | 'parked' | 'retried'): void {
    duration.record((performance.now() - startedAtMs) / 1_000, { consumer: this.#consumer.name, outcome });
  }

  /** Throws only what may pass. A failure that will not is followed, half by half in order, down to the guilty event. */
  async #applyOrDivide(deliveries: readonly Delivery[]): Promise<'committed' | 'parked'> {
    try {
      return await this.#applyTogether(deliveries);
    } catch (error) {
      if (isTransientFailure(error)) throw error;
      const [first] = deliveries;
      if (first !== undefined && deliveries.length === 1) return this.#parkGuilty(first, error);
      const middle = Math.ceil(deliveries.length / 2);
      const left = await this.#applyOrDivide(deliveries.slice(0, middle));
      const right = await this.#applyOrDivide(deliveries.slice(middle));
      return left === 'parked' ? left : right;
    }
  }

  async #applyTogether(deliveries: readonly Delivery[]): Promise<'committed' | 'parked'> {
    const { name } = this.#consumer;
    const done = await withTraceparent(deliveries[0]?.event?.traceparent, `process ${name}`, 'consumer', () =>
      inDatabaseTransaction(this.#pool, async (tx) => {
        const wanted = await this.#wantedOf(tx, deliveries);
        const passedOver = deliveries.length - wanted.length;
        if (wanted.length === 0) return { toApply: [], toPark: [], passedOver };
        const seen = await claimInInbox(
          tx,
          name,
          wanted.map(({ id }) => id),
        );
        const fresh = firstOfEach(wanted, seen);
        if (fresh.length === 0) return { toApply: [], toPark: [], passedOver };
        const parkedKeys = await lockParkedKeys(tx, name, fresh);
        const { toApply, toPark } = divide(fresh, new Set(parkedKeys.map(lineOf)));
        if (toPark.length > 0) await insertParked(tx, name, toPark);
        if (toApply.length > 0) await this.#consumer.applyBatch(tx, toApply);
        return { toApply, toPark, passedOver };
      }),
    );
    this.#count(deliveries.length - done.passedOver, done);
    return done.toPark.length > 0 ? 'parked' : 'committed';
  }

  /** Whatever cannot be read is wanted: somebody has to look at it. */
  async #wantedOf(tx: DatabaseTransaction, deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
    if (this.#consumer.wants === undefined) return deliveries;
    const events = deliveries.map(({ event }) => event).filter((event) => event !== undefined);
    const wants = await this.#consumer.wants(tx, events);
    return deliveries.filter(({ event }) => event === undefined || wants(event));
  }

  async #parkGuilty(delivery: Delivery, error: unknown): Promise<'parked'> {
    const { name } = this.#consumer;
    const toPark = [{ delivery, error: errorText(error) }];
    await inDatabaseTransaction(this.#pool, async (tx) => {
      const seen = await claimInInbox(tx, name, [delivery.id]);
      if (seen.size > 0) await insertParked(tx, name, toPark);
    });
    this.#logPark(toPark);
    return 'parked';
  }

  #count(received: number, { toApply, toPark }: Divided): void {
    const consumer = this.#consumer.name;
    const perType = new Map<string, number>();
    const now = Date.now();
    for (const { type, occurredAt } of toApply) {
      perType.set(type.type, (perType.get(type.type) ?? 0) + 1);
      // Two machines' clocks may differ by more than the way took.
      age.record(Math.max(0, now - occurredAt.getTime()) / 1_000, { consumer });
    }
    for (const [type, count] of perType) applied.add(count, { consumer, type });
    const dropped = received - toApply.length - toPark.length;
    if (dropped > 0) duplicates.add(dropped, { consumer });
    this.#logPark(toPark);
  }

  #logPark(toPark: readonly ToPark[]): void {
    for (const { delivery, error } of toPark) {
      if (error === undefined) continue;
      const { id, typeName, topic, partition, offset } = delivery;
      this.#logger.error(
        {
          consumer: this.#consumer.name,
          eventId: id,
          eventType: typeName,
          topic,
          partition,
          offset: offset.toString(),
          error,
        },
        'event parked: it and later events of its key wait for a replay',
      );
    }
  }
}

/** The new ones in order; of two copies in one batch, the first. */
function firstOfEach(deliveries: readonly Delivery[], seen: ReadonlySet<string>): Delivery[] {
  const left = new Set(seen);
  return deliveries.filter(({ id }) => left.delete(id));
}

function lineOf({ topic, key }: { topic: string; key: string }): string {
  return `${topic}\u0000${key}`;
}

interface Divided {
  readonly toApply: readonly ReceivedEvent[];
  readonly toPark: readonly ToPark[];
}

/** What can be applied, and what must wait: the unreadable, and whatever comes after a parked event of its key. */
export function divide(deliveries: readonly Delivery[], parkedLines: ReadonlySet<string>): Divided {
  const blocked = new Set(parkedLines);
  const toApply: ReceivedEvent[] = [];
  const toPark: ToPark[] = [];
  for (const delivery of deliveries) {
    const line = lineOf(delivery);
    const { event, unreadable } = delivery;
    if (event !== undefined && !blocked.has(line)) {
      toApply.push(event);
      continue;
    }
    toPark.push({ delivery, error: blocked.has(line) ? undefined : unreadable });
    blocked.add(line);
  }
  return { toApply, toPark };
}
