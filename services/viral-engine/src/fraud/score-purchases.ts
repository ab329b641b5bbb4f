import type { Commission } from '../commissions/commission.js';
import { decideCommissions } from '../commissions/decide-commissions.js';
import { asReviewId, type PurchaseId, type TenantId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { FoundSignal, NewReview, PaidPurchase, PurchaseRef, ScoreBook } from './fraud-book.js';
import { scoreOf, signalsOf } from './rules.js';
import { STANDARD_TUNING, type Tuning } from './tuning.js';

interface Given {
  readonly now: Date;
  readonly newId: () => string;
}

/** What scoring found: for the metrics. */
export interface Scored {
  readonly signals: readonly FoundSignal[];
  readonly reviews: readonly NewReview[];
}

/** How many other purchases a ring may draw into the scoring of a batch. */
const MAX_DRAWN_IN = 100;
const MAX_MOOT = 1_000;
/** Who decided what nobody decided. */
export const DECIDED_BY = 'fraud';

/**
 * Scores what purchases paid, each beneficiary's entries by themselves, and holds the entries of those whose score
 * reaches the threshold, with a review for each. What is found below it is kept as evidence. A purchase that is scored
 * again gets only what is new: nothing is found twice, and what a person decided about is not held again. Where money
 * was found to go round, the purchases it came back by are scored too.
 */
export async function scorePurchases(
  book: ScoreBook,
  purchases: readonly PaidPurchase[],
  given: Given,
): Promise<Scored> {
  const found = await findSignals(book, purchases, given);
  const scored = new Set(purchases.map(refKey));
  const drawnIn = distinctRefs(
    found.flatMap(({ tenantId, evidence }) => evidence.purchases.map((purchaseId) => ({ tenantId, purchaseId }))),
  ).filter((ref) => !scored.has(refKey(ref)));
  const more = await findSignals(book, await readPaid(book, drawnIn.slice(0, MAX_DRAWN_IN)), given);
  const signals = [...found, ...more];
  return { signals, reviews: await review(book, signals, given) };
}

/** Purchases of which no event tells just now. */
export async function readPaid(book: ScoreBook, refs: readonly PurchaseRef[]): Promise<PaidPurchase[]> {
  const purchases = refs.length === 0 ? [] : await book.readPurchases(refs);
  return purchases
    .filter(({ commissions }) => commissions.length > 0)
    .map(({ tenantId, id: purchaseId, buyerId, recordedAt: at, commissions: earners }) => ({
      tenantId,
      purchaseId,
      buyerId,
      at,
      earners,
    }));
}

async function findSignals(
  book: ScoreBook,
  purchases: readonly PaidPurchase[],
  { now }: Given,
): Promise<FoundSignal[]> {
  if (purchases.length === 0) return [];
  const tunings = await book.readTunings([...new Set(purchases.map(({ tenantId }) => tenantId))]);
  const facts = await book.readFacts(purchases, tunings);
  const found = facts.flatMap((each) => {
    const { tenantId, purchaseId, beneficiaryId } = each;
    const tuning = tunings.get(tenantId) ?? STANDARD_TUNING;
    const about = { tenantId, purchaseId, beneficiaryId, tuningVersion: tuning.version };
    return signalsOf(each, tuning).map((signal): FoundSignal => ({ ...signal, ...about }));
  });
  return found.length === 0 ? [] : book.addSignals(found, now);
}

async function review(book: ScoreBook, fresh: readonly FoundSignal[], given: Given): Promise<NewReview[]> {
  if (fresh.length === 0) return [];
  const refs = distinctRefs(fresh);
  const tunings = await book.readTunings([...new Set(refs.map(({ tenantId }) => tenantId))]);
  const all = await book.readSignals(refs);
  const reached = [...Map.groupBy(all, reviewKey).values()].filter((signals) => reaches(signals, tunings));
  if (reached.length === 0) return [];
  const read = await book.readPurchases(distinctRefs(reached.flat()));
  const purchases = new Map(read.map((purchase) => [purchase.id, purchase]));
  const due = reached.flatMap((signals) => reviewOf(signals, { purchases, tunings, newId: given.newId }));
  const opened = await book.addReviews(due, given.now);
  await holdAll(book, opened, given);
  return opened;
}

function reaches(signals: readonly FoundSignal[], tunings: ReadonlyMap<TenantId, Tuning>): boolean {
  const [first] = signals;
  return first !== undefined && scoreOf(signals) >= thresholdOf(first.tenantId, tunings);
}

function thresholdOf(tenantId: TenantId, tunings: ReadonlyMap<TenantId, Tuning>): number {
  return (tunings.get(tenantId) ?? STANDARD_TUNING).threshold;
}

function reviewOf(
  signals: readonly FoundSignal[],
  by: {
    purchases: ReadonlyMap<PurchaseId, PurchaseRecord>;
    tunings: ReadonlyMap<TenantId, Tuning>;
    newId: () => string;
  },
): NewReview[] {
  const [first] = signals;
  if (first === undefined) return [];
  const { tenantId, purchaseId, beneficiaryId } = first;
  const purchase = by.purchases.get(purchaseId);
  const threshold = thresholdOf(tenantId, by.tunings);
  const score = scoreOf(signals);
  const entries = purchase?.commissions.filter(
    (entry) => entry.beneficiaryId === beneficiaryId && (entry.status === 'pending' || entry.status === 'held'),
  );
  // What was released or came to nothing cannot be held; its signals stay as evidence.
  if (purchase === undefined || entries === undefined || entries.length === 0) return [];
  const about = { tenantId, purchaseId, buyerId: purchase.buyerId, beneficiaryId };
  return [{ ...about, id: asReviewId(by.newId()), score, threshold, commissionIds: entries.map(({ id }) => id) }];
}

async function holdAll(book: ScoreBook, opened: readonly NewReview[], { now, newId }: Given): Promise<void> {
  // In the order in which purchases are locked everywhere.
  const byTenant = [...Map.groupBy(opened, ({ tenantId }) => tenantId)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const gone: PurchaseRef[] = [];
  for (const [tenantId, own] of byTenant) {
    const decided = await decideCommissions(
      book.decisions,
      {
        tenantId,
        commissionIds: own.flatMap(({ commissionIds }) => commissionIds),
        decision: { kind: 'hold', cause: 'fraud_review' },
        reason: 'The score reached the threshold; the review tells what was found.',
        decidedBy: DECIDED_BY,
      },
      { now, newId },
    );
    const held = new Set(decided.filter(({ commission }) => isUnderReview(commission)).map(({ id }) => id));
    gone.push(...own.filter(({ commissionIds }) => !commissionIds.some((id) => held.has(id))));
  }
  // Released or refunded since it was read: there is nothing to look at.
  if (gone.length > 0) await book.closeMoot({ refs: gone, at: now, limit: MAX_MOOT });
}

function isUnderReview(commission: Commission | undefined): boolean {
  return commission?.holdCauses.includes('fraud_review') === true;
}

export function distinctRefs(refs: readonly PurchaseRef[]): PurchaseRef[] {
  return [
    ...new Map(
      refs.map(({ tenantId, purchaseId }) => [`${tenantId}/${purchaseId}`, { tenantId, purchaseId }]),
    ).values(),
  ];
}

const refKey = ({ tenantId, purchaseId }: PurchaseRef): string => `${tenantId}/${purchaseId}`;
const reviewKey = (found: FoundSignal): string => `${refKey(found)}/${found.beneficiaryId}`;
