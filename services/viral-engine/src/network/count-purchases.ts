import type { CurrencyCode } from '@dailydoco/money';
import type { PurchaseId, TenantId, UserId } from '../ids.js';
import { type NetworkChange, type OwnChange, spread } from './spread.js';
import { dayOf, growthOn, salePoints } from './viral-score.js';

export interface PurchaseRef {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
}

/** As what a purchase is counted. */
export interface PurchaseCount extends PurchaseRef {
  readonly revenueMicros: bigint;
  readonly commissionMicros: bigint;
  /** Before they are grown. */
  readonly points: number;
}

/** A purchase as it stands, and who stands above its buyer. */
export interface StandingPurchase extends PurchaseRef {
  readonly buyerId: UserId;
  readonly upline: readonly UserId[];
  readonly currency: CurrencyCode;
  readonly occurredAt: Date;
  /** The amount less refunds. */
  readonly revenueMicros: bigint;
  /** The nets of its commissions. */
  readonly commissionMicros: bigint;
}

/** Counts in an open database transaction. */
export interface PurchaseCounts {
  /** The first statement: nobody moves until the end. */
  shareTree(): Promise<void>;
  /** Locks as what the purchases are counted; those that were not are counted as nothing. */
  lockCounts(refs: readonly PurchaseRef[]): Promise<PurchaseCount[]>;
  /** As they stand after the lock. */
  readPurchases(refs: readonly PurchaseRef[]): Promise<StandingPurchase[]>;
  saveCounts(counts: readonly PurchaseCount[]): Promise<void>;
  add(change: NetworkChange): Promise<void>;
}

/**
 * Counts purchases as they stand now, for their buyers and those above: the difference to what they were counted as is
 * added. So it does not matter who asks for it, how often, or in which order purchases, refunds and moves are told of.
 * Each purchase may be named once. Returns how many were counted as something else before.
 */
export async function countPurchases(counts: PurchaseCounts, refs: readonly PurchaseRef[]): Promise<number> {
  if (refs.length === 0) return 0;
  await counts.shareTree();
  const before = new Map((await counts.lockCounts(refs)).map((count) => [keyOf(count), count]));
  const saved: PurchaseCount[] = [];
  const changes: OwnChange[] = [];
  for (const purchase of await counts.readPurchases(refs)) {
    const was = before.get(keyOf(purchase));
    if (was === undefined) throw new Error('A purchase that is read was locked');
    const now = countOf(purchase);
    if (isSame(was, now)) continue;
    saved.push(now);
    changes.push(changeOf(purchase, was, now));
  }
  if (saved.length > 0) {
    await counts.saveCounts(saved);
    await counts.add(spread(changes));
  }
  return saved.length;
}

const keyOf = ({ tenantId, purchaseId }: PurchaseRef): string => `${tenantId}/${purchaseId}`;

function countOf({ tenantId, purchaseId, revenueMicros, commissionMicros, currency }: StandingPurchase): PurchaseCount {
  return { tenantId, purchaseId, revenueMicros, commissionMicros, points: salePoints(revenueMicros, currency) };
}

function isSame(one: PurchaseCount, other: PurchaseCount): boolean {
  return (
    one.revenueMicros === other.revenueMicros &&
    one.commissionMicros === other.commissionMicros &&
    one.points === other.points
  );
}

function changeOf(purchase: StandingPurchase, was: PurchaseCount, now: PurchaseCount): OwnChange {
  const { tenantId, buyerId: userId, upline, currency, occurredAt } = purchase;
  return {
    tenantId,
    userId,
    upline,
    sold: {
      currency,
      revenueMicros: now.revenueMicros - was.revenueMicros,
      commissionMicros: now.commissionMicros - was.commissionMicros,
      // Grown by the day of the sale, whenever it is counted: a refund takes back exactly what the sale brought.
      points: BigInt(now.points - was.points) * growthOn(dayOf(occurredAt)),
    },
  };
}
