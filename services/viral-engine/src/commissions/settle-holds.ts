import type { TenantId, UserId } from '../ids.js';
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

/** Holds in an open database transaction. */
export interface HoldBook {
  /** The first statement: nobody's status changes until the end. */
  shareSplitLock(): Promise<void>;
  /** Some member that has commissions to be held or lifted, locked; one that nobody else is busy with. */
  lockUnsettledMember(): Promise<UnsettledMember | undefined>;
  /**
   * Purchases with a commission of the member to be held (when suspended) or lifted (when active), with their row
   * locks; `found` also counts those that somebody else has locked.
   */
  lockUnsettled(member: UnsettledMember, limit: number): Promise<{ found: number; purchases: PurchaseRecord[] }>;
  saveAll(updates: readonly PurchaseUpdate[]): Promise<void>;
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
  const { found, purchases } = await book.lockUnsettled(member, limit);
  await book.saveAll(purchases.map((purchase) => holdUpdate(purchase, member, now)));
  if (found > 0) return purchases.length > 0;
  await book.markSettled(member);
  return true;
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
