import { DomainError } from '@dailydoco/errors';
import { type Money, mulDivFloor } from '@dailydoco/money';

export type RefundReason = 'requested' | 'chargeback';

/** What a refund is decided from: the purchase and R, all that was refunded so far (chargebacks won taken off). */
export interface Refundable {
  readonly amountMicros: bigint;
  readonly currency: string;
  readonly refundedMicros: bigint;
}

/**
 * How much a refund takes: what was asked for, or all that is left. Throws CURRENCY_MISMATCH, and
 * REFUND_EXCEEDS_PURCHASE when more is asked for than is left, or nothing is left.
 */
export function refundAmount(purchase: Refundable, requested: Money | undefined): bigint {
  if (requested !== undefined && requested.currency !== purchase.currency) {
    throw new DomainError('CURRENCY_MISMATCH', { detail: `The purchase was made in ${purchase.currency}.` });
  }
  const leftMicros = purchase.amountMicros - purchase.refundedMicros;
  const amountMicros = requested?.amountMicros ?? leftMicros;
  if (amountMicros > leftMicros || amountMicros <= 0n) throw new DomainError('REFUND_EXCEEDS_PURCHASE');
  return amountMicros;
}

/**
 * What stands of an entry after R of the purchase has been refunded: floor(gross × (amount − R) ÷ amount). It depends
 * on R alone and not on the parts that R came in, so a full refund ends at exactly zero on every level.
 */
export function netAfterRefunds(grossMicros: bigint, purchase: Omit<Refundable, 'currency'>): bigint {
  const { amountMicros, refundedMicros } = purchase;
  if (refundedMicros < 0n || refundedMicros > amountMicros) throw new RangeError('R lies between 0 and the amount');
  return mulDivFloor(grossMicros, amountMicros - refundedMicros, amountMicros);
}
