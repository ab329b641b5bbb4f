import type {
  FoundSignal,
  MemberFingerprint,
  NewReview,
  PaidPurchase,
  PurchaseRef,
  ReferralActivity,
  ScoreBook,
} from './fraud-book.js';
import { distinctRefs, readPaid, type Scored, scorePurchases } from './score-purchases.js';

/** What happened, as far as scoring goes by it. */
export interface Happened {
  readonly fingerprints: readonly MemberFingerprint[];
  readonly activity: readonly ReferralActivity[];
  /** Purchases that paid somebody. */
  readonly accrued: readonly PaidPurchase[];
  /** Purchases some of whose entries were taken back. */
  readonly reversed: readonly PurchaseRef[];
}

/** How many purchases of a member are scored again when its fingerprints come after them. */
const SCORED_AGAIN = 50;
/** So many purchases are scored together at most: their facts are in memory at once. */
const CHUNK = 200;
const MAX_MOOT = 1_000;

/**
 * Takes in a batch of events: what registrations have in common, what referrals did, then the score of what was bought.
 * Fingerprints that come after a member's purchases have those scored again.
 */
export async function scoreBatch(
  book: ScoreBook,
  { fingerprints, activity, accrued, reversed }: Happened,
  given: { now: Date; newId: () => string },
): Promise<Scored> {
  const known = fingerprints.length === 0 ? [] : await book.addFingerprints(fingerprints);
  if (activity.length > 0) await book.countActivity(activity);
  const again = known.length === 0 ? [] : await book.findPurchasesOf(known, SCORED_AGAIN);
  if (accrued.length > 0) await book.addPaymentWays(accrued);
  const told = new Map(accrued.map((purchase) => [purchase.purchaseId, purchase]));
  const others = again.filter(({ purchaseId }) => !told.has(purchaseId));
  const purchases = [...told.values(), ...(await readPaid(book, others))];
  const signals: FoundSignal[] = [];
  const reviews: NewReview[] = [];
  for (let from = 0; from < purchases.length; from += CHUNK) {
    const scored = await scorePurchases(book, purchases.slice(from, from + CHUNK), given);
    signals.push(...scored.signals);
    reviews.push(...scored.reviews);
  }
  if (reversed.length > 0) await book.closeMoot({ refs: distinctRefs(reversed), at: given.now, limit: MAX_MOOT });
  return { signals, reviews };
}
