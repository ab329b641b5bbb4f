import type { Commission, CommissionChange } from '../commissions/commission.js';
import type { RefundId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { netAfterRefunds } from '../refunds/refund.js';

/** What was given back of a purchase, and which of it came to nothing: chargebacks won, refunds that failed. */
export interface RefundHistory {
  readonly refunds: readonly {
    readonly id: RefundId;
    readonly amountMicros: bigint;
    /** Of the event that told of it. */
    readonly purchaseSequence: bigint;
  }[];
  readonly wins: readonly {
    readonly refundId: RefundId;
    readonly wonAt: Date;
    /** Of the event that told of it; undefined when it changed no commission, so that there was nothing to tell. */
    readonly purchaseSequence: bigint | undefined;
  }[];
}

export const NO_REFUNDS: RefundHistory = { refunds: [], wins: [] };

/**
 * R of the purchase right after a change, where a refund caused it, or one that came to nothing; undefined elsewhere. R is put
 * together from what was recorded; the net of the change must follow from it, so where the record leaves a doubt (a
 * win that no event told of), the net decides.
 */
export function refundedAfter(
  change: CommissionChange,
  given: { purchase: PurchaseRecord; commission: Commission; refunds: RefundHistory },
): bigint | undefined {
  if (change.refundId === undefined) return undefined;
  const { purchase, commission, refunds } = given;
  const recorded = sumUpTo(change, refunds);
  // What stands now is what stood then, unless more was refunded since.
  const candidates = [recorded, purchase.refundedMicros, sumUpTo(change, refunds, { silentWins: 'none' })];
  const explains = (refundedMicros: bigint): boolean =>
    refundedMicros >= 0n &&
    refundedMicros <= purchase.amountMicros &&
    netAfterRefunds(commission.grossMicros, { amountMicros: purchase.amountMicros, refundedMicros }) ===
      change.netMicros;
  return candidates.find(explains) ?? recorded;
}

function sumUpTo(
  change: CommissionChange,
  { refunds, wins }: RefundHistory,
  { silentWins }: { silentWins: 'by time' | 'none' } = { silentWins: 'by time' },
): bigint {
  const amounts = new Map(refunds.map(({ id, amountMicros }) => [id, amountMicros]));
  const taken = refunds
    .filter(({ purchaseSequence }) => purchaseSequence <= change.purchaseSequence)
    .reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
  return wins
    .filter(({ purchaseSequence, wonAt }) => {
      if (purchaseSequence !== undefined) return purchaseSequence <= change.purchaseSequence;
      return silentWins === 'by time' && wonAt < change.changedAt;
    })
    .reduce((left, { refundId }) => left - (amounts.get(refundId) ?? 0n), taken);
}
