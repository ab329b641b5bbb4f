import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';

/** A member whose status changed while commissions were under way. */
export interface UnsettledMember {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  readonly statusChangedAt: Date;
}

/** The way through the commissions of a member whose status changed, in the order of their ids. */
export interface HoldSweep extends UnsettledMember {
  /** The last that needs no second look. Undefined: none was looked at. */
  readonly sweptTo: CommissionId | undefined;
}

/** A step of it. */
export interface SweepStep {
  /** Those with a commission to be held or lifted, with their row locks. */
  readonly purchases: PurchaseRecord[];
  /** How far the step came: short of the first commission whose purchase somebody else has locked. */
  readonly sweptTo: CommissionId | undefined;
  /** With this step nothing of the member is left. */
  readonly isAll: boolean;
}

/** Holds in an open database transaction. */
export interface HoldBook {
  /** The first statement: nobody's status changes until the end. */
  shareSplitLock(): Promise<void>;
  /** Some member that has commissions to be held or lifted, locked; one that nobody else is busy with. */
  lockUnsettledMember(): Promise<HoldSweep | undefined>;
  /**
   * Goes on from where the last step came to, and locks the next purchases, `limit` at most, with a commission of the member to
   * be held (when suspended) or lifted (when active).
   */
  lockUnsettled(member: HoldSweep, limit: number): Promise<SweepStep>;
  saveAll(updates: readonly PurchaseUpdate[]): Promise<void>;
  /** The next step goes on behind this commission. A change of the member's status begins anew. */
  markSwept(member: UnsettledMember, sweptTo: CommissionId | undefined): Promise<void>;
  /** Nothing of this member is left to be held or lifted. */
  markSettled(member: UnsettledMember): Promise<void>;
}

/**
 * Holds the pending commissions of a suspended member, or lifts those of one that is active again, at most `limit`
 * purchases at a time. Clocks stop and go on at the moment of the status, however late this comes by. Returns true
 * when there may be more to do at once.
 */
export async function settleHolds(book: HoldBook, { now, limit }: { now: Date; limit: number }): Promise<boolean> {
  await book.shareSplitLock();
  const member = await book.lockUnsettledMember();
  if (member === undefined) return false;
  const { purchases, sweptTo, isAll } = await book.lockUnsettled(member, limit);
  await book.saveAll(purchases.map((purchase) => holdUpdate(purchase, member, now)));
  if (isAll) await book.markSettled(member);
  else await book.markSwept(member, sweptTo);
  return isAll || sweptTo !== member.sweptTo;
}

/** What a suspension or a reactivation does to the member's commissions of one purchase. */
export function holdUpdate(purchase: PurchaseRecord, member: UnsettledMember, now: Date): PurchaseUpdate {
  const update = new PurchaseUpdate(purchase, now);
  const cause = 'beneficiary_suspended';
  const kind = member.status === 'active' ? 'lifted' : 'held';
  const reason = kind === 'lifted' ? kind : cause;
  update.change({
    reason,
    happens: ({ beneficiaryId }) =>
      beneficiaryId === member.userId ? { kind, cause, at: member.statusChangedAt } : undefined,
    fact: (moves) => ({ kind: 'held', moves, reason }),
  });
  return update;
}
