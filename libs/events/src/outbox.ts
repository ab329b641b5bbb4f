import type { Sql } from '@dailydoco/database';
import type { NewId } from '@dailydoco/lifecycle';
import { currentTraceparent } from '@dailydoco/telemetry';
import type { EventType } from './event-type.js';
import { type NewOutboxRow, insertOutboxRows } from './outbox.store.js';

export interface OutgoingEvent<T = unknown> {
  readonly type: EventType<T>;
  /** The aggregate: events of one key are delivered in the order of their writing. 1 to 200 characters. */
  readonly key: string;
  readonly tenantId: string;
  readonly payload: T;
  readonly occurredAt: Date;
  /** UUID; consumers drop a second event with the same one. Default: a new one. */
  readonly id?: string;
  /** Default: the running span's. A group writer, which commits for many requests, hands in each request's own. */
  readonly traceparent?: string;
}

/** Ties the payload's type to the event's; an array of mixed events loses that check otherwise. */
export function outgoing<T>(event: OutgoingEvent<T>): OutgoingEvent {
  return event;
}

/** Kafka refuses messages above 1 MiB by default, and a refused one would hold up every event behind it for ever. */
const MAX_PAYLOAD_BYTES = 512 * 1024;
const MAX_KEY_LENGTH = 200;

/**
 * Writes events into the database transaction of the change they tell of: they are published if and only if it commits.
 * The writer must hold the aggregate's row lock; ids are then taken in the order of the aggregate's history.
 */
export class Outbox {
  readonly #source: string;
  readonly #newId: NewId;

  /** `source` is the CloudEvents source, such as `dailydoco/viral-engine`. */
  constructor({ source, newId }: { source: string; newId: NewId }) {
    this.#source = source;
    this.#newId = newId;
  }

  /** One statement for all events; wakes the relay when the database transaction commits. */
  async append(sql: Sql, events: readonly OutgoingEvent[]): Promise<void> {
    if (events.length === 0) return;
    const traceparent = currentTraceparent();
    await insertOutboxRows(
      sql,
      this.#source,
      events.map((event) => this.#toRow(event, traceparent)),
    );
  }

  #toRow(event: OutgoingEvent, traceparent: string | undefined): NewOutboxRow {
    const { type, key, tenantId, payload, occurredAt } = event;
    if (key.length === 0 || key.length > MAX_KEY_LENGTH)
      throw new RangeError(`${type.type}: key of ${key.length} characters`);
    if (tenantId === '') throw new RangeError(`${type.type}: no tenant`);
    const bytes = type.codec.encode(payload).finish();
    if (bytes.length > MAX_PAYLOAD_BYTES) throw new RangeError(`${type.type}: payload of ${bytes.length} bytes`);
    return {
      eventId: event.id ?? this.#newId(),
      topic: type.topic,
      eventType: type.type,
      key,
      tenantId,
      occurredAt,
      payload: bytes,
      traceparent: event.traceparent ?? traceparent,
    };
  }
}
