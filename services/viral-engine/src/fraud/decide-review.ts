import { DomainError } from '@dailydoco/errors';
import { decideCommissions, type Decision, type DecisionBook } from '../commissions/decide-commissions.js';
import type { CommissionId, ReviewId, TenantId, UserId } from '../ids.js';
import type { Review, ReviewCase, ReviewDecision, Verdict } from './review.js';

/** Reviews in an open database transaction. */
export interface ReviewBook {
  readonly decisions: DecisionBook;
  /** The review, which nobody else decides until the end. */
  lock(tenantId: TenantId, id: ReviewId): Promise<Review | undefined>;
  /** The commissions that it is about. */
  commissionsOf(review: Review): Promise<CommissionId[]>;
  close(review: Review, decision: ReviewDecision): Promise<void>;
  read(tenantId: TenantId, id: ReviewId): Promise<ReviewCase | undefined>;
}

export interface ReviewOrder {
  readonly tenantId: TenantId;
  readonly reviewId: ReviewId;
  readonly verdict: Verdict;
  /** In words, 1 to 500 characters. */
  readonly reason: string;
  readonly decidedBy: { readonly userId: UserId; readonly callerId: string; readonly isFinance: boolean };
}

const CARRIED_OUT: Readonly<Record<Verdict, Decision>> = {
  cleared: { kind: 'lift', cause: 'fraud_review' },
  confirmed: { kind: 'forfeit' },
};

/**
 * Decides a review, once: cleared, the entries go on where they were held; confirmed, they are forfeited. Only finance
 * may forfeit, and nobody decides about a purchase that they bought or earn from. Throws NOT_FOUND, FORBIDDEN,
 * REVIEW_CLOSED; nothing changes then.
 */
export async function decideReview(
  book: ReviewBook,
  order: ReviewOrder,
  given: { now: Date; newId: () => string },
): Promise<ReviewCase> {
  const { tenantId, reviewId, verdict, reason, decidedBy } = order;
  const review = await book.lock(tenantId, reviewId);
  if (review === undefined) throw new DomainError('NOT_FOUND');
  refuse(review, order);
  const about = { tenantId, reason, decidedBy: decidedBy.callerId };
  await book.close(review, { decision: verdict, reason, decidedBy: decidedBy.callerId, decidedAt: given.now });
  const commissionIds = await book.commissionsOf(review);
  // What was released, reversed or forfeited meanwhile stays as it is; that it was looked at is recorded all the same.
  await decideCommissions(book.decisions, { ...about, commissionIds, decision: CARRIED_OUT[verdict] }, given);
  const decided = await book.read(tenantId, reviewId);
  if (decided === undefined) throw new Error('A review is never gone');
  return decided;
}

function refuse(review: Review, { verdict, decidedBy: { userId, isFinance } }: ReviewOrder): void {
  if (verdict === 'confirmed' && !isFinance) {
    throw new DomainError('FORBIDDEN', { detail: 'Only finance may forfeit commissions.' });
  }
  if (userId === review.buyerId || userId === review.beneficiaryId) {
    throw new DomainError('FORBIDDEN', { detail: 'Nobody decides about what they bought or earn themselves.' });
  }
  if (review.status !== 'open') throw new DomainError('REVIEW_CLOSED', { detail: `It was ${review.status} already.` });
}
