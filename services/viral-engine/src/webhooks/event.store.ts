import type { Sql } from '@dailydoco/database';
import { currencyOf, type Money } from '@dailydoco/money';
import { asCustomerId, asEndpointId, asTenantId, asUserId, type EndpointId, type TenantId } from '../ids.js';
import type { Applied, EventQueue } from './apply-events.js';
import type { BillingEvent, BillingFact, ReceivedEvent } from './billing-fact.js';
import type { Endpoint } from './endpoints.js';
import type { EventReads, EventStatus, TrackedEvent } from './find-events.js';

/** Nobody else takes an event that somebody took within this time. */
const LEASE_S = 60;

/** Writes down an event; false when it came before. One statement, so event and progress are there or neither. */
export async function insertEvent(
  sql: Sql,
  { tenantId, id }: Endpoint,
  { event, receivedAt }: { event: BillingEvent; receivedAt: Date },
): Promise<boolean> {
  if (event.fact === undefined) throw new Error('An event that means nothing is not kept');
  const { rowCount } = await sql.query(
    `WITH added AS (
       INSERT INTO webhook_event (tenant_id, endpoint_id, event_id, type, sent_at, received_at, fact)
       VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb) ON CONFLICT DO NOTHING
       RETURNING tenant_id, endpoint_id, event_id, received_at
     )
     INSERT INTO webhook_progress (tenant_id, endpoint_id, event_id, try_after, changed_at)
     SELECT tenant_id, endpoint_id, event_id, received_at, received_at FROM added`,
    [tenantId, id, event.eventId, event.type, event.sentAt, receivedAt, JSON.stringify(toStored(event.fact))],
  );
  return rowCount === 1;
}

interface TakenRow {
  tenant_id: string;
  endpoint_id: string;
  stream: string;
  event_id: string;
  fact: StoredFact;
  sent_at: Date;
  received_at: Date;
  attempts: number;
}

interface TrackedRow {
  event_id: string;
  type: string;
  status: EventStatus;
  reason: string | null;
  attempts: number;
  position: bigint;
  received_at: Date;
  changed_at: Date;
  excess_micros: bigint | null;
  excess_currency: string | null;
}

/** Events, outside any database transaction: who takes one has a minute for it. */
export class EventStore implements EventQueue, EventReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async take(now: Date, limit: number): Promise<ReceivedEvent[]> {
    const { rows } = await this.#sql.query<TakenRow>(
      `WITH due AS (
         SELECT tenant_id, endpoint_id, event_id FROM webhook_progress
         WHERE try_after <= $1 ORDER BY position LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
       ), taken AS (
         UPDATE webhook_progress p
         SET attempts = p.attempts + 1, try_after = $1::timestamptz + make_interval(secs => ${LEASE_S})
         FROM due WHERE p.tenant_id = due.tenant_id AND p.endpoint_id = due.endpoint_id AND p.event_id = due.event_id
         RETURNING p.tenant_id, p.endpoint_id, p.event_id, p.attempts, p.position
       )
       SELECT t.tenant_id, t.endpoint_id, n.stream, t.event_id, e.fact, e.sent_at, e.received_at, t.attempts
       FROM taken t
       JOIN webhook_event e ON e.tenant_id = t.tenant_id AND e.endpoint_id = t.endpoint_id AND e.event_id = t.event_id
       JOIN webhook_endpoint n ON n.tenant_id = t.tenant_id AND n.id = t.endpoint_id
       ORDER BY t.position`,
      [now, limit],
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      endpointId: asEndpointId(row.endpoint_id),
      stream: row.stream,
      eventId: row.event_id,
      fact: fromStored(row.fact),
      sentAt: row.sent_at,
      receivedAt: row.received_at,
      attempts: row.attempts,
    }));
  }

  async settle({ tenantId, endpointId, eventId }: ReceivedEvent, applied: Applied, now: Date): Promise<void> {
    const reason = applied.status === 'applied' ? null : applied.reason;
    const tryAfter = applied.status === 'parked' ? applied.tryAfter : null;
    // What is settled for good stays so: somebody whose minute was over may come late.
    await this.#sql.query(
      `UPDATE webhook_progress SET status = $4, reason = $5, try_after = $6, changed_at = $7
       WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3 AND try_after IS NOT NULL`,
      [tenantId, endpointId, eventId, applied.status, reason, tryAfter, now],
    );
  }

  async list(query: {
    tenantId: TenantId;
    endpointId: EndpointId;
    status: EventStatus | undefined;
    before: bigint | undefined;
    limit: number;
  }): Promise<TrackedEvent[]> {
    const { rows } = await this.#sql.query<TrackedRow>(
      `SELECT p.event_id, e.type, p.status, p.reason, p.attempts, p.position, e.received_at, p.changed_at,
         x.excess_micros, x.currency AS excess_currency
       FROM webhook_progress p
       JOIN webhook_event e ON e.tenant_id = p.tenant_id AND e.endpoint_id = p.endpoint_id AND e.event_id = p.event_id
       LEFT JOIN chargeback_excess x ON x.tenant_id = p.tenant_id AND x.endpoint_id = p.endpoint_id
         AND e.fact ->> 'kind' = 'disputeOpened' AND x.dispute_id = e.fact ->> 'disputeId'
       WHERE p.tenant_id = $1 AND p.endpoint_id = $2 AND ($3::text IS NULL OR p.status = $3)
         AND ($4::bigint IS NULL OR p.position < $4)
       ORDER BY p.position DESC LIMIT $5`,
      [query.tenantId, query.endpointId, query.status ?? null, query.before ?? null, query.limit],
    );
    return rows.map(toTracked);
  }
}

function toTracked(row: TrackedRow): TrackedEvent {
  const { excess_micros: amountMicros, excess_currency: currency } = row;
  return {
    eventId: row.event_id,
    type: row.type,
    status: row.status,
    reason: row.reason ?? undefined,
    attempts: row.attempts,
    position: row.position,
    receivedAt: row.received_at,
    changedAt: row.changed_at,
    excess: amountMicros === null || currency === null ? undefined : { amountMicros, currency: currencyOf(currency) },
  };
}

type StoredMoney = [micros: string, currency: string];
/** A fact as jsonb keeps it: amounts are texts, because JSON's numbers are not exact. */
type StoredFact =
  | {
      kind: 'invoicePaid';
      invoiceId: string;
      customerId: string;
      userId?: string;
      amount: StoredMoney;
      occurredAt: string;
      paymentIds: string[];
    }
  | { kind: 'invoicePaymentMade'; invoiceId: string; paymentIds: string[] }
  | {
      kind: 'chargeRefunded';
      chargeId: string;
      invoiceId?: string;
      paymentIds: string[];
      refunded: StoredMoney;
      refunds: [refundId: string, micros: string][];
    }
  | { kind: 'refundFailed'; refundId: string; chargeId: string; paymentIds: string[]; amount: StoredMoney }
  | { kind: 'disputeOpened'; disputeId: string; paymentIds: string[]; amount: StoredMoney }
  | { kind: 'disputeWon'; disputeId: string };

function toStored(fact: BillingFact): StoredFact {
  switch (fact.kind) {
    case 'invoicePaid': {
      const { kind, invoiceId, customerId, userId, amount, occurredAt, paymentIds } = fact;
      const stored = { kind, invoiceId, customerId, amount: storedMoney(amount), occurredAt: occurredAt.toISOString() };
      return { ...stored, paymentIds: [...paymentIds], ...(userId !== undefined && { userId }) };
    }
    case 'invoicePaymentMade':
      return { kind: fact.kind, invoiceId: fact.invoiceId, paymentIds: [...fact.paymentIds] };
    case 'chargeRefunded': {
      const { kind, chargeId, invoiceId, paymentIds, currency, refundedMicros: amountMicros, refunds } = fact;
      const parts = refunds.map(({ refundId, amountMicros: part }): [string, string] => [refundId, String(part)]);
      const stored = { kind, chargeId, paymentIds: [...paymentIds], refunded: storedMoney({ amountMicros, currency }) };
      return { ...stored, refunds: parts, ...(invoiceId !== undefined && { invoiceId }) };
    }
    case 'refundFailed': {
      const { kind, refundId, chargeId, paymentIds, amount } = fact;
      return { kind, refundId, chargeId, paymentIds: [...paymentIds], amount: storedMoney(amount) };
    }
    case 'disputeOpened': {
      const { kind, disputeId, paymentIds, amount } = fact;
      return { kind, disputeId, paymentIds: [...paymentIds], amount: storedMoney(amount) };
    }
    case 'disputeWon':
      return { kind: fact.kind, disputeId: fact.disputeId };
  }
}

function fromStored(stored: StoredFact): BillingFact {
  switch (stored.kind) {
    case 'invoicePaid': {
      const { customerId, userId, amount, occurredAt, ...rest } = stored;
      return {
        ...rest,
        customerId: asCustomerId(customerId),
        userId: userId === undefined ? undefined : asUserId(userId),
        amount: moneyOf(amount),
        occurredAt: new Date(occurredAt),
      };
    }
    case 'chargeRefunded': {
      const { kind, chargeId, invoiceId, paymentIds, refunded, refunds } = stored;
      const { amountMicros: refundedMicros, currency } = moneyOf(refunded);
      const parts = refunds.map(([refundId, micros]) => ({ refundId, amountMicros: BigInt(micros) }));
      return { kind, chargeId, invoiceId, paymentIds, currency, refundedMicros, refunds: parts };
    }
    case 'refundFailed':
    case 'disputeOpened':
      return { ...stored, amount: moneyOf(stored.amount) };
    case 'invoicePaymentMade':
    case 'disputeWon':
      return stored;
  }
}

function storedMoney({ amountMicros, currency }: Money): StoredMoney {
  return [String(amountMicros), currency];
}

function moneyOf([micros, currency]: StoredMoney): Money {
  return { amountMicros: BigInt(micros), currency: currencyOf(currency) };
}
