import type { Money } from '@dailydoco/money';
import type { CommissionId, PlanId, PurchaseId, RefundId, TenantId, UserId, WebsiteId } from '../ids.js';
import type { RefundReason } from '../refunds/refund.js';
import type { ChangedCommission, ChangeReason, Commission } from './commission.js';
import type { CommissionStatus } from './entry-life.js';
import type { CommissionKind } from './split.js';

/** What a money event tells of one commission. */
export interface EntryMove {
  readonly commissionId: CommissionId;
  readonly beneficiaryId: UserId;
  readonly kind: CommissionKind;
  readonly level: number;
  /** Undefined when the commission did not exist before. */
  readonly fromStatus: CommissionStatus | undefined;
  readonly toStatus: CommissionStatus;
  readonly deltaMicros: bigint;
  readonly netMicros: bigint;
}

/** What happened, without the purchase that it happened to. */
export type MoneyFact =
  | {
      readonly kind: 'purchaseRecorded';
      readonly amount: Money;
      readonly stream: string;
      readonly websiteId: WebsiteId | undefined;
      readonly plan: { readonly id: PlanId; readonly version: number } | undefined;
      readonly houseMicros: bigint;
      readonly occurredAt: Date;
    }
  | { readonly kind: 'accrued'; readonly moves: readonly EntryMove[]; readonly availableAt: Date }
  | { readonly kind: 'held'; readonly moves: readonly EntryMove[]; readonly reason: ChangeReason }
  | { readonly kind: 'released'; readonly moves: readonly EntryMove[] }
  | { readonly kind: 'reversed'; readonly moves: readonly EntryMove[]; readonly refundId: RefundId }
  | { readonly kind: 'restored'; readonly moves: readonly EntryMove[]; readonly refundId: RefundId }
  | { readonly kind: 'forfeited'; readonly moves: readonly EntryMove[]; readonly reason: string }
  | {
      readonly kind: 'refundRecorded';
      readonly refundId: RefundId;
      readonly reason: RefundReason;
      readonly amount: Money;
    };

/** A fact of one purchase, numbered 1, 2, … without a gap under the purchase's row lock. */
export interface MoneyEvent {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
  readonly buyerId: UserId;
  readonly currency: string;
  readonly sequence: bigint;
  readonly at: Date;
  readonly fact: MoneyFact;
  /** Of the request that caused it, where many requests are committed together. */
  readonly traceparent?: string | undefined;
}

/** A new commission, as its accrual tells of it. */
export function accrualOf(commission: Commission): EntryMove {
  return {
    ...named(commission),
    fromStatus: undefined,
    toStatus: commission.status,
    deltaMicros: commission.netMicros,
  };
}

/** What a change did to a commission. */
export function moveOf({ before, after }: ChangedCommission): EntryMove {
  const deltaMicros = after.netMicros - before.netMicros;
  return { ...named(after), fromStatus: before.status, toStatus: after.status, deltaMicros };
}

function named(
  commission: Commission,
): Pick<EntryMove, 'commissionId' | 'beneficiaryId' | 'kind' | 'level' | 'netMicros'> {
  const { id: commissionId, beneficiaryId, kind, level, netMicros } = commission;
  return { commissionId, beneficiaryId, kind, level, netMicros };
}
