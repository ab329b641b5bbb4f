import type { TenantId } from '../ids.js';

/** What the metrics count. */
export const FACT_KINDS = [
  'registration',
  'referred_registration',
  'invite',
  'purchase',
  'refund',
  'chargeback_win',
  'commission',
  'site_published',
  'payout_settled',
  'payout_returned',
] as const;
export type FactKind = (typeof FACT_KINDS)[number];

/** Something that happened once; known again by tenant, kind, source and sequence. */
export interface Fact {
  readonly tenantId: TenantId;
  readonly kind: FactKind;
  /** UUID of what it happened to. */
  readonly sourceId: string;
  /** Tells facts of one kind about one source apart; 0 where there is only one. */
  readonly sequence: bigint;
  readonly at: Date;
  /** Absent where no money is concerned. `micros` is negative for a commission that was taken back. */
  readonly money?: { readonly currency: string; readonly micros: bigint };
}

/** A chargeback that was won: the refund, whose amount its own fact holds, no longer counts from then on. */
export interface ChargebackWin {
  readonly tenantId: TenantId;
  readonly refundId: string;
  readonly wonAt: Date;
}
