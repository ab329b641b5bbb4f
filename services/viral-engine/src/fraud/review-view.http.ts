import { uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { commissionSchema, viewCommission } from '../commissions/commission-view.http.js';
import { inAnswerOrder } from '../commissions/commission.js';
import { type Review, type ReviewCase, REVIEW_STATUSES } from './review.js';
import { RULE_NAMES } from './tuning.js';

const timeSchema = z.string().meta({ format: 'date-time' });

export const ruleSchema = z.enum(RULE_NAMES).meta({ description: 'A rule; see GET /v1/fraud/rules.' });
export const statusSchema = z.enum(REVIEW_STATUSES).meta({
  description:
    'open: to be decided. cleared: the entries were lifted. confirmed: they were forfeited. moot: there was nothing left to decide.',
});

const reviewShape = {
  id: uuidSchema,
  status: statusSchema,
  purchaseId: uuidSchema,
  buyerId: uuidSchema,
  beneficiaryId: uuidSchema,
  score: z.int().min(1).max(100).meta({ description: 'The sum of the points when it was opened, at most 100.' }),
  threshold: z.int().meta({ description: 'The score from which on entries were held when it was opened.' }),
  openedAt: timeSchema,
  decision: z
    .object({
      decision: z.enum(['cleared', 'confirmed', 'moot']),
      reason: z.string(),
      decidedBy: z.string().meta({ description: 'user:… for a person, fraud for what closed by itself.' }),
      decidedAt: timeSchema,
    })
    .nullable(),
};

export const reviewSchema = z.object(reviewShape).meta({
  id: 'FraudReview',
  description: 'What one beneficiary earns from one purchase, held until somebody decides.',
});

export const reviewCaseSchema = z
  .object({
    ...reviewShape,
    signals: z
      .array(
        z.object({
          rule: ruleSchema,
          points: z.int(),
          reason: z.string().meta({ description: 'A sentence with the numbers.' }),
          evidence: z
            .object({ memberIds: z.array(uuidSchema), purchaseIds: z.array(uuidSchema) })
            .meta({ description: 'Whom and what to look at.' }),
          tuningVersion: z.int().meta({ description: 'By which numbers it was found; 0 is the standard.' }),
          foundAt: timeSchema,
        }),
      )
      .meta({ description: 'What was found, also after it was opened.' }),
    commissions: z.array(commissionSchema).meta({ description: 'The entries that it is about, as they stand.' }),
  })
  .meta({ id: 'FraudReviewCase' });

export type ReviewView = z.infer<typeof reviewSchema>;
export type ReviewCaseView = z.infer<typeof reviewCaseSchema>;

export function viewReview(review: Review): ReviewView {
  const { id, status, purchaseId, buyerId, beneficiaryId, score, threshold, openedAt, decision } = review;
  return {
    id,
    status,
    purchaseId,
    buyerId,
    beneficiaryId,
    score,
    threshold,
    openedAt: openedAt.toISOString(),
    decision: decision === undefined ? null : { ...decision, decidedAt: decision.decidedAt.toISOString() },
  };
}

export function viewCase({ review, signals, purchase }: ReviewCase): ReviewCaseView {
  return {
    ...viewReview(review),
    signals: signals.map(({ rule, points, reason, evidence, tuningVersion, foundAt }) => ({
      rule,
      points,
      reason,
      evidence: { memberIds: [...evidence.members], purchaseIds: [...evidence.purchases] },
      tuningVersion,
      foundAt: foundAt.toISOString(),
    })),
    commissions: inAnswerOrder(purchase.commissions)
      .filter(({ beneficiaryId }) => beneficiaryId === review.beneficiaryId)
      .map(viewCommission),
  };
}
