import type { EventId, TenantId, UserId } from '../ids.js';

/** Invitations that people sent: counted by the metrics. */
export const INVITE_SENT = 'invite_sent';

/** Largest serialised `properties`, in UTF-8 bytes. */
export const MAX_PROPERTIES_BYTES = 4_096;
/** Clocks of browsers run ahead; by more than this they are wrong. */
const MAX_AHEAD_MS = 86_400_000;
const DAY_MS = 86_400_000;

/** Why one event of a request was not taken: the closed list. The others of the request are not concerned. */
export const REJECTIONS = [
  'NOT_AN_OBJECT',
  'UNKNOWN_FIELD',
  'INVALID_ID',
  'INVALID_NAME',
  'INVALID_OCCURRED_AT',
  'INVALID_ANONYMOUS_ID',
  'INVALID_USER_ID',
  'INVALID_PROPERTIES',
  'PROPERTIES_TOO_LARGE',
  'OCCURRED_AT_IN_FUTURE',
  'OCCURRED_AT_TOO_OLD',
  'USER_NOT_CALLER',
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** An event as it was sent, well-formed. */
export interface SentEvent {
  readonly id: EventId;
  readonly name: string;
  readonly occurredAt: Date;
  readonly anonymousId: string | undefined;
  readonly userId: UserId | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Who sent events. A key stands for a program or a page and may speak of any user of its tenant. */
export type Sender =
  | { readonly kind: 'person'; readonly id: UserId }
  | { readonly kind: 'apiKey'; readonly id: string };

/** An event as it is kept. */
export interface StoredEvent extends Omit<SentEvent, 'properties'> {
  readonly tenantId: TenantId;
  readonly receivedAt: Date;
  readonly sender: Sender;
  readonly propertiesJson: string;
}

export interface Receipt {
  readonly tenantId: TenantId;
  readonly sender: Sender;
  readonly receivedAt: Date;
  /** Events that happened longer ago are not kept. */
  readonly retentionDays: number;
}

// JSON.stringify writes a lone surrogate as an escape, which jsonb refuses: it is no character.
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;

/** The event as it is to be kept, or why it is not. What a person sends without naming anybody is about that person. */
export function receive(sent: SentEvent, receipt: Receipt): StoredEvent | Rejection {
  const { tenantId, sender, receivedAt, retentionDays } = receipt;
  const { properties, ...event } = sent;
  const propertiesJson = JSON.stringify(properties);
  if (LONE_SURROGATE.test(propertiesJson)) return 'INVALID_PROPERTIES';
  if (Buffer.byteLength(propertiesJson) > MAX_PROPERTIES_BYTES) return 'PROPERTIES_TOO_LARGE';
  const aheadMs = sent.occurredAt.getTime() - receivedAt.getTime();
  if (aheadMs > MAX_AHEAD_MS) return 'OCCURRED_AT_IN_FUTURE';
  if (-aheadMs > retentionDays * DAY_MS) return 'OCCURRED_AT_TOO_OLD';
  const userId = event.userId ?? (sender.kind === 'person' ? sender.id : undefined);
  if (sender.kind === 'person' && userId !== sender.id) return 'USER_NOT_CALLER';
  return { ...event, userId, tenantId, sender, receivedAt, propertiesJson };
}
