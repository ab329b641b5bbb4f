import { DomainError } from '@dailydoco/errors';
import { formatDecimal, type Money } from '@dailydoco/money';

/** What stands in the way of a new payout by one method in one currency, as things stand in a database transaction. */
export interface RequestTerms {
  /** All payouts of the tenant are stopped. */
  readonly stopped: boolean;
  /** By finance, or because the person is suspended. */
  readonly frozen: boolean;
  /** Until when the method receives nothing, because it is a change. */
  readonly heldUntil: Date | undefined;
  /** The least that the tenant pays by this rail in this currency; undefined: the rail's own least counts. */
  readonly minimumMicros: bigint | undefined;
}

/**
 * Throws PAYOUTS_STOPPED, PAYOUTS_FROZEN, PAYOUT_METHOD_HELD or PAYOUT_BELOW_MINIMUM, the first that holds: what the
 * person can do nothing about comes before what another amount or another day would mend.
 */
export function refuseByTerms(terms: RequestTerms, { amount, now }: { amount: Money; now: Date }): void {
  if (terms.stopped) throw new DomainError('PAYOUTS_STOPPED');
  if (terms.frozen) throw new DomainError('PAYOUTS_FROZEN');
  if (terms.heldUntil !== undefined && now < terms.heldUntil) {
    throw new DomainError('PAYOUT_METHOD_HELD', {
      detail: `The payout method receives payouts from ${terms.heldUntil.toISOString()} on.`,
    });
  }
  if (terms.minimumMicros !== undefined && amount.amountMicros < terms.minimumMicros) {
    throw new DomainError('PAYOUT_BELOW_MINIMUM', {
      detail: `The least that is paid out is ${formatDecimal(terms.minimumMicros)} ${amount.currency}.`,
    });
  }
}
