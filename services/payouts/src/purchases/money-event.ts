import type { CurrencyCode } from '@dailydoco/money';
import type { CommissionId, PurchaseId, RefundId, TenantId, UserId } from '../ids.js';

export const ENTRY_STATUSES = ['pending', 'held', 'available', 'reversed', 'forfeited'] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/** What a money event says about one commission. */
export interface EntryChange {
  readonly commissionId: CommissionId;
  readonly beneficiaryId: UserId;
  /** Undefined: the commission did not exist before. */
  readonly fromStatus: EntryStatus | undefined;
  readonly toStatus: EntryStatus;
  /** What the net changed by; zero when it only moved. */
  readonly deltaMicros: bigint;
  /** What stands afterwards, never negative. */
  readonly netMicros: bigint;
}

export type ChangesKind =
  | 'CommissionsAccrued'
  | 'CommissionsHeld'
  | 'CommissionsReleased'
  | 'CommissionsReversed'
  | 'CommissionsRestored'
  | 'CommissionsForfeited';

export type MoneyFact =
  | { readonly kind: 'PurchaseRecorded'; readonly amountMicros: bigint; readonly houseMicros: bigint }
  | { readonly kind: 'RefundRecorded'; readonly refundId: RefundId }
  | {
      readonly kind: ChangesKind;
      readonly changes: readonly EntryChange[];
      readonly refundId: RefundId | undefined;
      readonly reason: string | undefined;
    };

/** One event of a purchase: they are numbered 1, 2, … without a gap, and count in that order only. */
export interface MoneyEvent {
  readonly tenantId: TenantId;
  readonly eventId: string;
  readonly purchaseId: PurchaseId;
  readonly sequence: bigint;
  readonly currency: CurrencyCode;
  readonly occurredAt: Date;
  readonly fact: MoneyFact;
}
