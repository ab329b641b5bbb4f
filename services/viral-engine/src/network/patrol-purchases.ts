import { countPurchases, type PurchaseCounts, type PurchaseRef } from './count-purchases.js';

/** A place in the order of all purchases. */
export interface PatrolPost {
  readonly after: PurchaseRef;
  readonly restsUntil: Date | undefined;
}

/** What the patrol goes by, in an open database transaction. */
export interface PatrolBook extends PurchaseCounts {
  /** Undefined when another replica is on patrol. */
  lockPost(): Promise<PatrolPost | undefined>;
  /** In the order of tenant and id. */
  purchasesAfter(ref: PurchaseRef, limit: number): Promise<(PurchaseRef & { recordedAt: Date })[]>;
  savePost(post: PatrolPost): Promise<void>;
  /** Goes back to the beginning. */
  beginAnew(restsUntil: Date): Promise<void>;
  wonSince(moment: Date, limit: number): Promise<PurchaseRef[]>;
}

/** Younger purchases are left to the events that tell of them. */
const YOUNG_MS = 3_600_000;
const REST_MS = 86_400_000;
/** Longer than the pause between two looks, whatever the clocks of replicas say. */
const WON_WITHIN_MS = 300_000;

/**
 * Looks at purchases again in the order of their ids, at most `limit` at a time, round after round with a day's rest
 * between, and counts what is counted as something else: what was bought before there were counts, and whatever no event
 * told of. Returns true while there is much to count.
 */
export async function patrolPurchases(
  book: PatrolBook,
  { now, limit }: { now: Date; limit: number },
): Promise<boolean> {
  const post = await book.lockPost();
  if (post === undefined || (post.restsUntil !== undefined && post.restsUntil > now)) return false;
  const purchases = await book.purchasesAfter(post.after, limit);
  const last = purchases.at(-1);
  if (last === undefined) {
    await book.beginAnew(new Date(now.getTime() + REST_MS));
    return false;
  }
  const settled = purchases.filter(({ recordedAt }) => now.getTime() - recordedAt.getTime() >= YOUNG_MS);
  const changed = await countPurchases(book, settled);
  await book.savePost({ after: last, restsUntil: undefined });
  return changed > 0;
}

/** Counts purchases of which a chargeback was won lately: where no commission comes back there is no event of it. */
export async function countWon(book: PatrolBook, { now, limit }: { now: Date; limit: number }): Promise<void> {
  await countPurchases(book, await book.wonSince(new Date(now.getTime() - WON_WITHIN_MS), limit));
}
