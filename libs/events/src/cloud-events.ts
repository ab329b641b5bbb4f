import { v5 as uuidV5, validate as isUuid } from 'uuid';
import type { IncomingMessage, OutgoingMessage } from './broker.js';
import type { ReceivedEvent } from './consumer.js';
import type { EventType } from './event-type.js';
import type { OutboxRow } from './outbox.store.js';

// CloudEvents 1.0 in Kafka's binary binding: attributes are headers that begin with `ce_`, the value is the payload.

const SPEC_VERSION = '1.0';
const CONTENT_TYPE = 'application/protobuf';

export function toMessage(row: OutboxRow): OutgoingMessage {
  return {
    topic: row.topic,
    key: row.aggregate_key,
    value: row.payload,
    headers: {
      ce_specversion: SPEC_VERSION,
      ce_id: row.event_id,
      ce_type: row.event_type,
      ce_source: row.source,
      ce_time: row.occurred_at,
      ce_subject: row.aggregate_key,
      ce_tenantid: row.tenant_id,
      'content-type': CONTENT_TYPE,
      ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    },
  };
}

/** One message of a type that the consumer handles: readable, or with the reason why it is not. */
export type Delivery = Readability & {
  /** UUID; made from the position when the message carries none. */
  readonly id: string;
  readonly key: string;
  readonly typeName: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array | undefined;
};
type Readability =
  | { readonly event: ReceivedEvent; readonly unreadable?: never }
  | { readonly event?: never; readonly unreadable: string };

export interface Position {
  readonly topic: string;
  readonly partition: number;
}

/** Reads a message; undefined when the consumer does not handle its type. Never throws. */
export function toDelivery(
  message: IncomingMessage,
  { topic, partition }: Position,
  handled: ReadonlyMap<string, EventType>,
): Delivery | undefined {
  const { headers } = message;
  const typeName = headers['ce_type'] ?? '';
  const type = handled.get(typeName);
  if (type === undefined || type.topic !== topic) return undefined;
  const place = `${topic}/${partition}/${message.offset}`;
  const id = headers['ce_id'] ?? '';
  const delivery = {
    id: isUuid(id) ? id.toLowerCase() : uuidV5(place, uuidV5.URL),
    // Without a key there is no order to keep: such a message has a line of its own.
    key: storableText(message.key ?? headers['ce_subject'] ?? place),
    typeName,
    topic,
    partition,
    offset: message.offset,
    headers,
    payload: message.value,
  };
  try {
    return { ...delivery, event: readEvent(delivery, type) };
  } catch (error) {
    return { ...delivery, unreadable: error instanceof Error ? error.message : String(error) };
  }
}

function readEvent(delivery: Omit<Delivery, 'event' | 'unreadable'>, type: EventType): ReceivedEvent {
  const { headers, payload, id, key, partition, offset } = delivery;
  const { ce_id, ce_specversion, ce_tenantid, ce_time, traceparent } = headers;
  if (ce_specversion !== SPEC_VERSION) throw new Error(`ce_specversion is '${ce_specversion ?? ''}'`);
  if (ce_id?.toLowerCase() !== id) throw new Error('ce_id is not a UUID');
  if (ce_tenantid === undefined || ce_tenantid === '') throw new Error('ce_tenantid is missing');
  const occurredAt = new Date(ce_time ?? '');
  if (Number.isNaN(occurredAt.getTime())) throw new Error('ce_time is not a time');
  // An empty message is a valid one, all of it defaults; no message is not.
  if (payload === undefined) throw new Error('there is no payload');
  return {
    id,
    type,
    tenantId: ce_tenantid,
    key,
    occurredAt,
    payload: type.codec.decode(payload),
    ...(traceparent === undefined ? {} : { traceparent }),
    topic: type.topic,
    partition,
    offset,
  };
}

/** Postgres cannot keep U+0000, and a message must not be able to break the parking of itself. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD');
}

export function storableHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [storableText(name), storableText(value)]));
}
