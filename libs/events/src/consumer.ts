import type { DatabaseTransaction } from '@dailydoco/database';
import type { EventType } from './event-type.js';
import type { TopicName } from './topics.js';

/** One event as a consumer sees it. `key` is the aggregate: events of one key arrive in the order they happened. */
export interface ReceivedEvent<T = unknown> {
  readonly id: string;
  readonly type: EventType<T>;
  readonly tenantId: string;
  readonly key: string;
  readonly occurredAt: Date;
  readonly payload: T;
  readonly traceparent?: string;
  readonly topic: TopicName;
  readonly partition: number;
  readonly offset: bigint;
}

export interface ConsumerDefinition {
  /** Names the consumer group and the rows in inbox and parked events: never rename a consumer that has run. */
  readonly name: string;
  readonly topics: readonly TopicName[];
  /** Events of other types on these topics are skipped and counted. */
  readonly handles: readonly EventType[];
  /**
   * What it makes of events may come later than answers to callers: while other work keeps the process busy, it takes a
   * fifth of the time at most, and the rest waits in Kafka. `untilAgeMs`: not after events that happened longer ago.
   */
  readonly givesWay?: true | { readonly untilAgeMs: number };
  /**
   * Which events it has any use for, asked in the same database transaction before anything is written. The others are
   * passed over and not remembered: should one come again later, it is asked again. Absent: all.
   */
  wants?(tx: DatabaseTransaction, events: readonly ReceivedEvent[]): Promise<(event: ReceivedEvent) => boolean>;
  /**
   * Applies events that were never applied before, in order, inside the database transaction that also remembers them.
   * Everything written through `tx` is committed with the events or not at all, so a call that throws leaves no trace;
   * it may then be called again with some of the same events. No remote calls in here.
   */
  applyBatch(tx: DatabaseTransaction, events: readonly ReceivedEvent[]): Promise<void>;
}

/** Checks a definition where it is written down: a mistake here stops the boot. */
export function defineConsumer(definition: ConsumerDefinition): ConsumerDefinition {
  const { name, topics, handles } = definition;
  if (!/^[a-z][a-z0-9-]{0,99}$/.test(name)) throw new Error(`consumer name '${name}' is not a slug`);
  if (handles.length === 0) throw new Error(`consumer '${name}' handles nothing`);
  for (const { type, topic } of handles) {
    if (!topics.includes(topic)) throw new Error(`consumer '${name}' handles ${type} but does not read ${topic}`);
  }
  return Object.freeze({ ...definition });
}

/** Whether the event is of this type; the payload's type follows. */
export function isEvent<T>(event: ReceivedEvent, type: EventType<T>): event is ReceivedEvent<T> {
  return event.type.type === type.type;
}
