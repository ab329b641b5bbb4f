import type { Outcome, Sent } from './sender.adapter.js';

/** What a tenant is told, as a receiver reads it. */
export interface WebhookMessage {
  /** The event's id: a UUID. What has it is one message, however often it comes. */
  readonly id: string;
  readonly tenantId: string;
  /** As `payout.settled`. */
  readonly type: string;
  readonly occurredAt: Date;
  /** In the public API's shape; no personal data beyond ids. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body of a message: the same in every attempt, for the signature is over its bytes. */
export function bodyOf({ type, occurredAt, data }: WebhookMessage): string {
  return JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
}

export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'skipped';

/** One message to one subscription, as it stands. */
export interface Delivery {
  readonly messageId: string;
  readonly position: bigint;
  readonly eventType: string;
  readonly occurredAt: Date;
  readonly createdAt: Date;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** When it is sent next; undefined: it is not. */
  readonly dueAt: Date | undefined;
  readonly settledAt: Date | undefined;
}

/** What came of one attempt. */
export interface Attempt extends Sent {
  readonly attempt: number;
  readonly startedAt: Date;
}

/** A message that is this process's to send, until the claim runs out. */
export interface Claim {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly messageId: string;
  readonly url: string;
  readonly body: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** The number of this attempt since the message was put in line. */
  readonly tries: number;
}

/** An answer that took longer is one of a slow receiver. */
export const SLOW_MS = 2_000;

/** Whether the subscription is to be served in the lane of those that would hold others up. */
export function limpsAfter({ outcome, durationMs }: Pick<Sent, 'outcome' | 'durationMs'>): boolean {
  return outcome !== 'delivered' || durationMs > SLOW_MS;
}

/** What an outcome makes of the message. */
export function stateAfter(outcome: Outcome, pauseMs: number | undefined): Exclude<DeliveryState, 'skipped'> {
  if (outcome === 'delivered') return 'delivered';
  return pauseMs === undefined ? 'failed' : 'pending';
}
