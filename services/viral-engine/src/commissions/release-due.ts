import type { TenantId, UserId } from '../ids.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';

/** Due commissions in an open database transaction. */
export interface ReleaseBook {
  /** The first statement: nobody is suspended until the end. */
  shareSplitLock(): Promise<void>;
  /**
   * Purchases with a pending commission of somebody not suspended that fell due by `now`, earliest first, with their
   * row locks. Those that somebody else has locked are left for later.
   */
  lockDue(now: Date, limit: number): Promise<PurchaseRecord[]>;
  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>>;
  saveAll(updates: readonly PurchaseUpdate[]): Promise<void>;
}

/**
 * Releases what is due, at most `limit` purchases at a time; one event per purchase. Many replicas may do this at once.
 * Returns how many purchases it had in hand: 0 means that there is nothing left to do now.
 */
export async function releaseDue(book: ReleaseBook, { now, limit }: { now: Date; limit: number }): Promise<number> {
  await book.shareSplitLock();
  const purchases = await book.lockDue(now, limit);
  const updates: PurchaseUpdate[] = [];
  for (const [tenantId, own] of Map.groupBy(purchases, (purchase) => purchase.tenantId)) {
    const people = new Set(own.flatMap(({ commissions }) => commissions.map(({ beneficiaryId }) => beneficiaryId)));
    const suspended = await book.findSuspended(tenantId, [...people]);
    updates.push(...own.map((purchase) => releaseUpdate(purchase, { now, suspended })));
  }
  await book.saveAll(updates.filter((update) => !update.isEmpty));
  return purchases.length;
}

/** What the end of the hold period does to a purchase: all that is due, but nothing of a suspended person. */
export function releaseUpdate(
  purchase: PurchaseRecord,
  { now, suspended }: { now: Date; suspended: ReadonlySet<UserId> },
): PurchaseUpdate {
  const update = new PurchaseUpdate(purchase, now);
  update.change({
    reason: 'hold_over',
    happens: ({ beneficiaryId }) => (suspended.has(beneficiaryId) ? undefined : { kind: 'fellDue', at: now }),
    fact: (moves) => ({ kind: 'released', moves }),
  });
  return update;
}
