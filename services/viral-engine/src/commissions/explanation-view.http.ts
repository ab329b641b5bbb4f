import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import type { UserId } from '../ids.js';
import { planVersionSchema, viewPlanVersion } from '../plans/plan-view.http.js';
import { commissionSchema, viewCommission } from './commission-view.http.js';
import { COMMISSION_STATUSES } from './entry-life.js';
import type { Explanation, SplitStep } from './explain.js';
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
    .enum(['nobody', 'not_active', 'own_purchase'])
    .nullable()
    .meta({ description: 'Why nothing is paid here; null where something is.' }),
  uncapped: moneyAnswerSchema,
  amount: moneyAnswerSchema,
  thisCommission: z.boolean(),
});

const capStepSchema = z.object({
  step: z.literal('cap'),
  maxPayoutBps: z.int(),
  cap: moneyAnswerSchema,
  sum: moneyAnswerSchema.meta({ description: 'All shares together, before the cap.' }),
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
        websiteId: uuidSchema.nullable(),
        occurredAt: timeSchema,
        recordedAt: timeSchema,
        firstPurchaseAt: timeSchema.nullable(),
        refunded: moneyAnswerSchema,
      })
      .meta({ description: 'The purchase that paid it.' }),
    plan: planVersionSchema.meta({ description: 'The plan version that decided.' }),
    steps: z.array(z.union([shareStepSchema, capStepSchema])).meta({
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
  })
  .meta({ id: 'CommissionExplanation' });

export type ExplanationView = z.infer<typeof explanationSchema>;

/** Finance reads all of it; a person reads the own part, and of others only that they are there. */
export function viewExplanation(explanation: Explanation, viewer: Viewer): ExplanationView {
  const { commission, purchase, plan, steps, matches, changes } = explanation;
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
      websiteId: purchase.websiteId ?? null,
      occurredAt: purchase.occurredAt.toISOString(),
      recordedAt: purchase.recordedAt.toISOString(),
      firstPurchaseAt: purchase.snapshot.first?.occurredAt.toISOString() ?? null,
      refunded: money(purchase.refundedMicros),
    },
    plan: viewPlanVersion(plan),
    steps: steps.map((step) => viewStep(step, { money, idFor })),
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
  };
}

function viewStep(
  step: SplitStep,
  given: {
    money: (micros: bigint) => z.infer<typeof moneyAnswerSchema>;
    idFor: (userId: UserId | undefined) => string | null;
  },
): ExplanationView['steps'][number] {
  const { money, idFor } = given;
  if (step.step === 'cap') {
    const { maxPayoutBps, capMicros, sumMicros, applied } = step;
    return { step: 'cap', maxPayoutBps, cap: money(capMicros), sum: money(sumMicros), applied };
  }
  return {
    step: step.step,
    level: step.step === 'level' ? step.level : null,
    rateBps: step.rateBps,
    boostBps: step.boostBps,
    beneficiaryId: idFor(step.beneficiaryId),
    unpaid: step.unpaid ?? null,
    uncapped: money(step.uncappedMicros),
    amount: money(step.amountMicros),
    thisCommission: step.isThis,
  };
}
