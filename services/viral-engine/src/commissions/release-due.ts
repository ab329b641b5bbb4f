import type { CommissionId, PurchaseId, TenantId, UserId } from '../ids.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { MoneyEvent } from './money-event.js';
import type { CommissionKind } from './split.js';

export interface PurchaseRef {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
}

/** A purchase whose row lock is held, and the sequence under which a release of it is told. */
export interface DuePurchase extends PurchaseRef {
  readonly buyerId: UserId;
  readonly currency: string;
  readonly sequence: bigint;
}

/** What of a purchase was released. */
export interface ReleasedPurchase extends DuePurchase {
  /** In the order of levels. */
  readonly entries: readonly ReleasedEntry[];
}

export interface ReleasedEntry {
  readonly commissionId: CommissionId;
  readonly beneficiaryId: UserId;
  readonly kind: CommissionKind;
  readonly level: number;
  readonly netMicros: bigint;
}

/** What one database transaction takes up. */
export interface ReleaseBatch {
  readonly now: Date;
  /** Most purchases that it takes up. */
  readonly limit: number;
  /** Purchases are divided into lanes, so that batches side by side find different ones: 0 to lanes − 1. */
  readonly lane: number;
  readonly lanes: number;
}

/** Due commissions in an open database transaction. */
export interface ReleaseBook {
  /** The first statement: nobody is suspended until the end. */
  shareSplitLock(): Promise<void>;
  /**
   * Up to `limit` purchases of the lane that may have something due by `now`, earliest first, with their row locks. Left for
   * later are those that somebody else has locked, and those where all that is due belongs to suspended people.
   */
  lockDue(batch: ReleaseBatch): Promise<DuePurchase[]>;
  /**
   * Does to each of these purchases what `releaseUpdate` says, all of them in one statement, keeps when the rest of it falls
   * due, and returns those of which something was released. Their row locks must be held.
   */
  release(purchases: readonly DuePurchase[], now: Date): Promise<ReleasedPurchase[]>;
  tell(events: readonly MoneyEvent[]): Promise<void>;
}

/**
 * Releases what is due, `limit` purchases at a time; one event per purchase. Many may do this
 * at once; all there is is one lane unless told. Returns how many purchases it had in hand: 0 means that there is nothing
 * left to do now.
 */
export async function releaseDue(
  book: ReleaseBook,
  { now, limit, lane = 0, lanes = 1 }: Pick<ReleaseBatch, 'now' | 'limit'> & Partial<ReleaseBatch>,
): Promise<number> {
  await book.shareSplitLock();
  const purchases = await book.lockDue({ now, limit, lane, lanes });
  if (purchases.length === 0) return 0;
  const released = await book.release(purchases, now);
  await book.tell(released.map((each) => eventOf(each, now)));
  return purchases.length;
}

function eventOf({ entries, ...purchase }: ReleasedPurchase, at: Date): MoneyEvent {
  const moves = entries.map((entry) => ({
    ...entry,
    fromStatus: 'pending' as const,
    toStatus: 'available' as const,
    deltaMicros: 0n,
  }));
  return { ...purchase, at, fact: { kind: 'released', moves } };
}

/**
 * The rule: what the end of the hold period does to a purchase is to release all that is due, but nothing of a suspended
 * person. A million entries that fall due at once are released by statements that say the same, and a spec holds the two
 * together.
 */
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
