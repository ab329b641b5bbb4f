import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import type { UserId } from '../ids.js';
import { planVersionSchema, viewPlanVersion } from '../plans/plan-view.http.js';
import { CAP_PERIODS } from '../plans/plan-limits.js';
import { commissionSchema, cutsSchema, viewCommission, viewCuts } from './commission-view.http.js';
import { COMMISSION_STATUSES } from './entry-life.js';
import type { Explanation, SplitStep } from './explain.js';
import type { DecisionRecord } from './decide-commissions.js';
import type { Viewer } from './find-commissions.js';

const timeSchema = z.string().meta({ format: 'date-time' });
const somebody = uuidSchema.nullable().meta({ description: 'Null where it is nobody, or not for the reader to know.' });

const shareStepSchema = z.object({
  step: z.enum(['website_bonus', 'level']),
  level: z.int().nullable(),
  rateBps: z.int(),
  boostBps: z.int(),
  beneficiaryId: somebody,
  unpaid: z
    .enum(['nobody', 'not_active', 'own_purchase', 'not_qualified'])
    .nullable()
    .meta({ description: 'Why nothing is paid here; null where something is.' }),
  qualification: z
    .object({
      minOwnPurchases: z.int(),
      minActiveReferrals: z.int(),
      ownPurchases: z.int().nullable(),
      activeReferrals: z.int().nullable(),
    })
    .nullable()
    .meta({ description: 'What the plan asks before this level pays, and what there was, counted up to 1000.' }),
  uncapped: moneyAnswerSchema.meta({ description: 'Before any limit.' }),
  amount: moneyAnswerSchema.meta({ description: 'After all limits.' }),
  cuts: cutsSchema,
  room: z
    .object({
      day: moneyAnswerSchema.nullable(),
      month: moneyAnswerSchema.nullable(),
      lifetime: moneyAnswerSchema.nullable(),
    })
    .nullable()
    .meta({ description: 'What its beneficiary could still earn; null without a cap, or not for the reader to know.' }),
  thisCommission: z.boolean(),
});

const capStepSchema = z.object({
  step: z.literal('cap'),
  maxPayoutBps: z.int(),
  cap: moneyAnswerSchema,
  sum: moneyAnswerSchema.meta({ description: 'All shares together, before the cap.' }),
  applied: z.boolean(),
});

const companyCapStepSchema = z.object({
  step: z.literal('company_cap'),
  period: z.enum(CAP_PERIODS),
  mode: z.enum(['pro_rata', 'stop']),
  cap: moneyAnswerSchema,
  left: moneyAnswerSchema
    .nullable()
    .meta({ description: 'What everybody together could still earn; null where it is not for the reader to know.' }),
  closed: z.boolean().meta({ description: 'A purchase before went over the cap: nothing until the period ends.' }),
  sum: moneyAnswerSchema.meta({ description: 'All shares together, before this cap.' }),
  applied: z.boolean(),
});

/** A commission that says why. */
export const explanationSchema = commissionSchema
  .extend({
    inputs: z
      .object({
        purchaseId: uuidSchema,
        externalId: z.string().nullable(),
        buyerId: somebody,
        amount: moneyAnswerSchema,
        stream: z.string(),
        productTag: z.string().nullable(),
        websiteId: uuidSchema.nullable(),
        occurredAt: timeSchema,
        recordedAt: timeSchema,
        firstPurchaseAt: timeSchema.nullable(),
        refunded: moneyAnswerSchema,
      })
      .meta({ description: 'The purchase that paid it.' }),
    plan: planVersionSchema.meta({ description: 'The plan version that decided.' }),
    steps: z.array(z.union([shareStepSchema, capStepSchema, companyCapStepSchema])).meta({
      description: 'The split, computed once more from what was stored with the purchase.',
    }),
    recomputed: z.boolean().meta({ description: 'Whether the recomputed amount is the one that was paid.' }),
    changes: z.array(
      z.object({
        purchaseSequence: z.string().meta({ description: "The purchase's event that told of it." }),
        from: z.enum(COMMISSION_STATUSES),
        to: z.enum(COMMISSION_STATUSES),
        delta: moneyAnswerSchema,
        net: moneyAnswerSchema,
        availableAt: timeSchema,
        reason: z.string(),
        refundId: uuidSchema.nullable(),
        changedAt: timeSchema,
      }),
    ),
    decisions: z
      .array(
        z.object({
          decision: z.enum(['hold', 'lift', 'release', 'forfeit']),
          cause: z
            .enum(['fraud_review', 'dispute', 'finance'])
            .nullable()
            .meta({ description: 'Of a hold or a lift.' }),
          reason: z
            .string()
            .nullable()
            .meta({ description: 'For finance alone where it is about a review for fraud.' }),
          decidedBy: z.string().nullable().meta({ description: 'For finance alone.' }),
          decidedAt: timeSchema,
        }),
      )
      .meta({ description: 'What was decided about it, oldest first.' }),
  })
  .meta({ id: 'CommissionExplanation' });

export type ExplanationView = z.infer<typeof explanationSchema>;

/** Finance reads all of it; a person reads the own part, and of others only that they are there. */
export function viewExplanation(explanation: Explanation, viewer: Viewer): ExplanationView {
  const { commission, purchase, plan, steps, matches, changes, decisions } = explanation;
  const { currency, amountMicros } = purchase;
  const money = (micros: bigint) => formatMoney({ amountMicros: micros, currency });
  const idFor = (userId: UserId | undefined) =>
    userId !== undefined && (viewer.isFinance || userId === viewer.userId) ? userId : null;
  return {
    ...viewCommission(commission),
    inputs: {
      purchaseId: purchase.id,
      externalId: viewer.isFinance ? purchase.externalId : null,
      buyerId: idFor(purchase.buyerId),
      amount: money(amountMicros),
      stream: purchase.stream,
      productTag: purchase.productTag ?? null,
      websiteId: purchase.websiteId ?? null,
      occurredAt: purchase.occurredAt.toISOString(),
      recordedAt: purchase.recordedAt.toISOString(),
      firstPurchaseAt: purchase.snapshot.first?.occurredAt.toISOString() ?? null,
      refunded: money(purchase.refundedMicros),
    },
    plan: viewPlanVersion(plan),
    steps: steps.map((step) => viewStep(step, { money, idFor, isFinance: viewer.isFinance })),
    recomputed: matches,
    changes: changes.map((change) => ({
      purchaseSequence: change.purchaseSequence.toString(),
      from: change.fromStatus,
      to: change.toStatus,
      delta: money(change.deltaMicros),
      net: money(change.netMicros),
      availableAt: change.availableAt.toISOString(),
      reason: change.reason,
      refundId: change.refundId ?? null,
      changedAt: change.changedAt.toISOString(),
    })),
    decisions: decisions.map((decision) => viewDecision(decision, viewer)),
  };
}

/** Why a review for fraud was opened is not told to the one it is about: that would teach how to go unseen. */
function viewDecision(
  { decision, reason, decidedBy, decidedAt }: DecisionRecord,
  { isFinance }: Viewer,
): ExplanationView['decisions'][number] {
  const cause = 'cause' in decision ? decision.cause : null;
  return {
    decision: decision.kind,
    cause,
    reason: isFinance || cause !== 'fraud_review' ? reason : null,
    decidedBy: isFinance ? decidedBy : null,
    decidedAt: decidedAt.toISOString(),
  };
}

interface ViewedBy {
  readonly money: (micros: bigint) => z.infer<typeof moneyAnswerSchema>;
  readonly idFor: (userId: UserId | undefined) => string | null;
  readonly isFinance: boolean;
}

function viewStep(step: SplitStep, by: ViewedBy): ExplanationView['steps'][number] {
  const { money } = by;
  switch (step.step) {
    case 'cap': {
      const { maxPayoutBps, capMicros, sumMicros, applied } = step;
      return { step: 'cap', maxPayoutBps, cap: money(capMicros), sum: money(sumMicros), applied };
    }
    case 'company_cap': {
      const { period, mode, capMicros, leftMicros, closed, sumMicros, applied } = step;
      const left = by.isFinance ? money(leftMicros) : null;
      return { step: 'company_cap', period, mode, cap: money(capMicros), left, closed, sum: money(sumMicros), applied };
    }
    case 'website_bonus':
    case 'level':
      return viewShare(step, by);
  }
}

function viewShare(
  step: Extract<SplitStep, { step: 'website_bonus' | 'level' }>,
  { money, idFor }: ViewedBy,
): z.infer<typeof shareStepSchema> {
  const { qualification, room } = step;
  const beneficiaryId = idFor(step.beneficiaryId);
  const known = beneficiaryId === null ? undefined : room;
  const left = (micros: bigint | undefined) => (micros === undefined ? null : money(micros));
  return {
    step: step.step,
    level: step.step === 'level' ? step.level : null,
    rateBps: step.rateBps,
    boostBps: step.boostBps,
    beneficiaryId,
    unpaid: step.unpaid ?? null,
    qualification:
      qualification === undefined
        ? null
        : {
            minOwnPurchases: qualification.asked.minOwnPurchases,
            minActiveReferrals: qualification.asked.minActiveReferrals,
            // What another person has is not for the reader to know.
            ownPurchases: (beneficiaryId === null ? undefined : qualification.had?.ownPurchases) ?? null,
            activeReferrals: (beneficiaryId === null ? undefined : qualification.had?.activeReferrals) ?? null,
          },
    uncapped: money(step.uncappedMicros),
    amount: money(step.amountMicros),
    cuts: viewCuts(step.cuts, money),
    room:
      known === undefined ? null : { day: left(known.day), month: left(known.month), lifetime: left(known.lifetime) },
    thisCommission: step.isThis,
  };
}
