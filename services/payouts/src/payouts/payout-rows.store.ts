import { events, outgoing, type OutgoingEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import { asPayoutBatchId, asPayoutId, asPayoutMethodId, asTenantId, asUserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { Payout, PayoutStatus } from './payout.js';

export interface PayoutRow {
  tenant_id: string;
  id: string;
  person_id: string;
  method_id: string;
  rail: RailKind;
  amount_micros: bigint;
  withheld_micros: bigint;
  currency: string;
  requested_at: Date;
  status: PayoutStatus;
  reason: string | null;
  changed_at: Date;
  fee_micros: bigint;
  rail_reference: string | null;
  batch_id: string | null;
}

/** Of `payout p`. */
export const COLUMNS = `p.tenant_id, p.id, p.person_id, p.method_id, p.rail, p.amount_micros, p.withheld_micros, p.currency,
  p.requested_at, p.status, p.reason, p.changed_at, p.fee_micros, p.rail_reference, p.batch_id`;

/** That `payout p` may leave now: its tenant is not stopped, its person not frozen. */
export const MAY_LEAVE = `NOT EXISTS (SELECT FROM stopped_tenant s WHERE s.tenant_id = p.tenant_id)
  AND NOT EXISTS (SELECT FROM frozen_person f WHERE f.tenant_id = p.tenant_id AND f.person_id = p.person_id)`;

/** That a rail may be told to pay `payout p` now: it may leave, and its person matches no entry of a list. */
export const MAY_BE_SENT = `${MAY_LEAVE}
  AND NOT EXISTS (SELECT FROM matched_person m WHERE m.tenant_id = p.tenant_id AND m.person_id = p.person_id)`;

export function toPayout(row: PayoutRow): Payout {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asPayoutId(row.id),
    personId: asUserId(row.person_id),
    methodId: asPayoutMethodId(row.method_id),
    rail: row.rail,
    amountMicros: row.amount_micros,
    withheldMicros: row.withheld_micros,
    currency: currencyOf(row.currency),
    requestedAt: row.requested_at,
    status: row.status,
    reason: row.reason ?? undefined,
    changedAt: row.changed_at,
    feeMicros: row.fee_micros,
    railReference: row.rail_reference ?? undefined,
    batchId: row.batch_id === null ? undefined : asPayoutBatchId(row.batch_id),
  };
}

/** What neighbours are told of the step that has made the payout what it is. */
export function eventOf(payout: Payout): OutgoingEvent {
  const { tenantId, id: payoutId, personId, rail, amountMicros: micros, currency: currencyCode } = payout;
  const { changedAt: at, reason = '' } = payout;
  const common = { payoutId, personId, amount: { micros, currencyCode } };
  const envelope = { key: payoutId, tenantId, occurredAt: at };
  switch (payout.status) {
    case 'requested':
      return outgoing({ ...envelope, type: events.payoutRequested, payload: { ...common, requestedAt: at } });
    case 'screened':
      return outgoing({ ...envelope, type: events.payoutScreened, payload: { ...common, screenedAt: at } });
    case 'approved':
      return outgoing({ ...envelope, type: events.payoutApproved, payload: { ...common, approvedAt: at } });
    case 'submitted':
      return outgoing({ ...envelope, type: events.payoutSubmitted, payload: { ...common, rail, submittedAt: at } });
    case 'unknown':
      return outgoing({ ...envelope, type: events.payoutUnknown, payload: { ...common, rail, unknownAt: at } });
    case 'settled':
      return outgoing({ ...envelope, type: events.payoutSettled, payload: { ...common, settledAt: at } });
    case 'failed':
      return outgoing({ ...envelope, type: events.payoutFailed, payload: { ...common, reason, failedAt: at } });
    case 'returned':
      return outgoing({ ...envelope, type: events.payoutReturned, payload: { ...common, reason, returnedAt: at } });
    case 'cancelled':
      return outgoing({ ...envelope, type: events.payoutCancelled, payload: { ...common, cancelledAt: at } });
  }
}
