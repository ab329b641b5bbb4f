import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutId, PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { Journal, Leg } from '../ledger/journal.js';

export const PAYOUT_STATUSES = ['requested', 'submitted', 'settled', 'failed', 'returned', 'cancelled'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export interface Payout {
  readonly tenantId: TenantId;
  /** Also the reference that the rail knows the payout by: asked again, the rail pays nothing again. */
  readonly id: PayoutId;
  readonly personId: UserId;
  readonly methodId: PayoutMethodId;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly requestedAt: Date;
  readonly status: PayoutStatus;
  /** Why it failed or was returned. */
  readonly reason: string | undefined;
  readonly changedAt: Date;
}

/** The steps that may follow each; a payout goes forward only. */
const NEXT: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  requested: ['submitted', 'cancelled'],
  submitted: ['settled', 'failed'],
  settled: ['returned'],
  failed: [],
  returned: [],
  cancelled: [],
};

export function mayBecome(from: PayoutStatus, to: PayoutStatus): boolean {
  return NEXT[from].includes(to);
}

/**
 * The journal of a step; none for `submitted`, which moves nothing. In two phases: what is asked for leaves the
 * available balance at once and waits in transit until the rail has settled it or given it back.
 */
export function journalOf(payout: Payout, step: PayoutStatus, at: Date): Journal | undefined {
  const { tenantId, id: payoutId, personId, currency, amountMicros, reason } = payout;
  const legs = legsOf(step, { personId, amountMicros });
  if (legs === undefined) return undefined;
  return {
    tenantId,
    eventType: `Payout${step.charAt(0).toUpperCase()}${step.slice(1)}`,
    currency,
    cause: { kind: 'payout', payoutId, step },
    reason,
    occurredAt: at,
    legs,
    mayOverdraw: false,
  };
}

function legsOf(
  step: PayoutStatus,
  { personId, amountMicros }: { personId: UserId; amountMicros: bigint },
): Leg[] | undefined {
  const available = (sign: bigint): Leg => ({ personId, kind: 'available', amountMicros: sign * amountMicros });
  const inTransit = (sign: bigint): Leg => ({ personId, kind: 'in_transit', amountMicros: sign * amountMicros });
  const cash = (sign: bigint): Leg => ({ personId: undefined, kind: 'cash', amountMicros: sign * amountMicros });
  switch (step) {
    case 'requested':
      return [available(-1n), inTransit(1n)];
    case 'settled':
      return [inTransit(-1n), cash(1n)];
    case 'failed':
    case 'cancelled':
      return [inTransit(-1n), available(1n)];
    case 'returned':
      return [cash(-1n), available(1n)];
    case 'submitted':
      return undefined;
  }
}
