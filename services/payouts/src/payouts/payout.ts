import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutBatchId, PayoutId, PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { Journal, Leg } from '../ledger/journal.js';
import type { RailKind } from '../rails/rail.js';

/** In the order of a life in which nothing goes wrong, and then the other ends. */
export const PAYOUT_STATUSES = [
  'requested',
  'screened',
  'approved',
  'submitted',
  'unknown',
  'settled',
  'failed',
  'returned',
  'cancelled',
] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export interface Payout {
  readonly tenantId: TenantId;
  /** Also the reference that the rail knows the payout by: asked again, the rail pays nothing again. */
  readonly id: PayoutId;
  readonly personId: UserId;
  readonly methodId: PayoutMethodId;
  /** The rail of the method. */
  readonly rail: RailKind;
  /** What leaves the available balance; the rail is handed this less what is withheld. */
  readonly amountMicros: bigint;
  /** Kept back for tax, in whole minor units. */
  readonly withheldMicros: bigint;
  readonly currency: CurrencyCode;
  readonly requestedAt: Date;
  readonly status: PayoutStatus;
  /** Why it failed, was returned, or was refused by a person: a stable code. */
  readonly reason: string | undefined;
  readonly changedAt: Date;
  /** What the rail took from the house; 0 until it is known. */
  readonly feeMicros: bigint;
  /** The rail's own id of the payment. */
  readonly railReference: string | undefined;
  /** The file it left in, on rails of files. */
  readonly batchId: PayoutBatchId | undefined;
}

/** What the rail pays: the amount less what is withheld, in micros. */
export function payableMicros({ amountMicros, withheldMicros }: Payout): bigint {
  return amountMicros - withheldMicros;
}

/**
 * The steps that may follow each. A payout goes forward only, but for one way back: what is unknown is submitted again
 * after the rail has said that it never had it. A review is no status: what waits for one is requested or screened.
 */
const NEXT: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  requested: ['screened', 'failed', 'cancelled'],
  screened: ['approved', 'failed', 'cancelled'],
  approved: ['submitted', 'failed', 'cancelled'],
  submitted: ['unknown', 'settled', 'failed'],
  unknown: ['submitted', 'settled', 'failed'],
  settled: ['returned'],
  failed: [],
  returned: [],
  cancelled: [],
};

export function mayBecome(from: PayoutStatus, to: PayoutStatus): boolean {
  return NEXT[from].includes(to);
}

/** Whether the rail may have the payment, so that only the rail's word ends it. */
export function isWithRail(status: PayoutStatus): boolean {
  return status === 'submitted' || status === 'unknown';
}

/**
 * The journals of a step; none where nothing moves. In two phases: what is asked for leaves the available balance at
 * once and waits in transit until the rail has settled it or given it back; what is withheld waits as tax payable and
 * comes back with it.
 */
export function journalsOf(payout: Payout, step: PayoutStatus, at: Date): Journal[] {
  const net = payableMicros(payout);
  const { personId, withheldMicros: tax } = payout;
  const journal = journalFor(payout, at);
  const available = (amountMicros: bigint): Leg => ({ personId, kind: 'available', amountMicros });
  const inTransit = (amountMicros: bigint): Leg => ({ personId, kind: 'in_transit', amountMicros });
  const cash = (amountMicros: bigint): Leg => ({ personId: undefined, kind: 'cash', amountMicros });
  const taxPayable = (amountMicros: bigint): Leg => ({ personId: undefined, kind: 'tax_payable', amountMicros });
  const withheld = tax === 0n ? [] : [journal('withheld', [available(-tax), taxPayable(tax)])];
  const withheldBack = tax === 0n ? [] : [journal('withheld_back', [taxPayable(-tax), available(tax)])];
  switch (step) {
    case 'requested':
      return [journal(step, [available(-net), inTransit(net)]), ...withheld];
    case 'settled':
      return [journal(step, [inTransit(-net), cash(net)])];
    case 'failed':
    case 'cancelled':
      return [journal(step, [inTransit(-net), available(net)]), ...withheldBack];
    case 'returned':
      return [journal(step, [cash(-net), available(net)]), ...withheldBack];
    case 'screened':
    case 'approved':
    case 'submitted':
    case 'unknown':
      return [];
  }
}

/** The journal of what the rail took, borne by the house: payout fees to cash, once per payout. */
export function feeJournalOf(payout: Payout, feeMicros: bigint, at: Date): Journal {
  return journalFor(payout, at)('fee', [
    { personId: undefined, kind: 'payout_fees', amountMicros: -feeMicros },
    { personId: undefined, kind: 'cash', amountMicros: feeMicros },
  ]);
}

const EVENT_TYPES = {
  requested: 'PayoutRequested',
  settled: 'PayoutSettled',
  failed: 'PayoutFailed',
  cancelled: 'PayoutCancelled',
  returned: 'PayoutReturned',
  withheld: 'PayoutTaxWithheld',
  withheld_back: 'PayoutTaxReleased',
  fee: 'PayoutFeeCharged',
} as const;

function journalFor({ tenantId, id: payoutId, currency, reason }: Payout, at: Date) {
  return (step: keyof typeof EVENT_TYPES, legs: Leg[]): Journal => ({
    tenantId,
    eventType: EVENT_TYPES[step],
    currency,
    cause: { kind: 'payout', payoutId, step },
    reason,
    occurredAt: at,
    legs,
    mayOverdraw: false,
  });
}
