import type { PayoutMethodId, TenantId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';

/** A payout method in the clear, made for one payment. Never stored, never logged. */
export interface OpenDestination {
  readonly kind: RailKind;
  /** As the rail's `destinationOf` returned it. */
  readonly destination: unknown;
  /** Until when a changed method receives nothing; undefined: it may be paid. */
  readonly heldUntil: Date | undefined;
}

/** Opens payout methods, also deleted ones, since payouts that have been asked for go on. */
export interface Destinations {
  open(
    methods: readonly { readonly tenantId: TenantId; readonly methodId: PayoutMethodId }[],
  ): Promise<ReadonlyMap<PayoutMethodId, OpenDestination>>;
}
