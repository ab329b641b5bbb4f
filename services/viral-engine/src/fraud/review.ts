import type { PurchaseId, ReviewId, TenantId, UserId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { FoundSignal } from './fraud-book.js';
import type { RuleName } from './tuning.js';

/**
 * open: somebody is to decide. cleared: there was nothing in it, and the entries were lifted. confirmed: there was, and
 * they were forfeited. moot: there was nothing left to decide.
 */
export const REVIEW_STATUSES = ['open', 'cleared', 'confirmed', 'moot'] as const;
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

/** What a person may decide. */
export const VERDICTS = ['cleared', 'confirmed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one beneficiary earns from one purchase, held until a person has looked at it. */
export interface Review {
  readonly tenantId: TenantId;
  readonly id: ReviewId;
  readonly purchaseId: PurchaseId;
  readonly buyerId: UserId;
  readonly beneficiaryId: UserId;
  /** As they stood when it was opened. */
  readonly score: number;
  readonly threshold: number;
  readonly status: ReviewStatus;
  readonly openedAt: Date;
  readonly decision: ReviewDecision | undefined;
}

/** How a review ended. Never changes. */
export interface ReviewDecision {
  readonly decision: Exclude<ReviewStatus, 'open'>;
  readonly reason: string;
  /** A person (user:…), or fraud for what closed by itself. */
  readonly decidedBy: string;
  readonly decidedAt: Date;
}

/** A review with what it goes by. */
export interface ReviewCase {
  readonly review: Review;
  readonly signals: readonly (FoundSignal & { readonly foundAt: Date })[];
  readonly purchase: PurchaseRecord;
}

/** What people decided about reviews that a rule had a part in. */
export interface RuleRecord {
  readonly rule: RuleName;
  readonly decided: number;
  readonly confirmed: number;
}
