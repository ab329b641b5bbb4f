import type { CurrencyCode } from '@dailydoco/money';
import type { CommissionId, PurchaseId, RefundId, UserId } from '../ids.js';
import type { CommissionStatus, EntryState } from './entry-life.js';
import type { Cut } from './limit-entries.js';
import type { CommissionKind } from './split.js';

/** What one person earns from one purchase. The gross and all that led to it never change; the entry's state lives. */
export interface Commission extends EntryState {
  readonly id: CommissionId;
  readonly purchaseId: PurchaseId;
  readonly beneficiaryId: UserId;
  readonly kind: CommissionKind;
  /** 1–7; 0 for a website bonus. */
  readonly level: number;
  readonly rateBps: number;
  readonly boostBps: number;
  readonly currency: CurrencyCode;
  /** At the split, after all limits. */
  readonly grossMicros: bigint;
  /** What each limit took off at the split; it stays with the house. */
  readonly cuts: readonly Cut[];
  readonly createdAt: Date;
}

/** Why a commission changed. */
export type ChangeReason =
  | 'refund'
  | 'chargeback'
  | 'chargeback_won'
  | 'refund_failed'
  | 'hold_over'
  | 'released_by_finance'
  | 'lifted'
  | 'beneficiary_suspended'
  | 'fraud_review'
  | 'dispute'
  | 'finance'
  | 'forfeited';

/** One change of a commission after the split: a row that is only ever added. net = gross + the sum of the deltas. */
export interface CommissionChange {
  readonly commissionId: CommissionId;
  readonly purchaseId: PurchaseId;
  /** The sequence of the purchase's event that tells of it. */
  readonly purchaseSequence: bigint;
  readonly fromStatus: CommissionStatus;
  readonly toStatus: CommissionStatus;
  readonly deltaMicros: bigint;
  readonly netMicros: bigint;
  readonly availableAt: Date;
  readonly reason: ChangeReason;
  readonly refundId: RefundId | undefined;
  readonly changedAt: Date;
}

/** A commission before and after one event of its life. */
export interface ChangedCommission {
  readonly before: Commission;
  readonly after: Commission;
}

/** Website bonus first, then by level: the order of every answer. */
export function inAnswerOrder(commissions: readonly Commission[]): Commission[] {
  return commissions.toSorted((a, b) => a.level - b.level);
}
