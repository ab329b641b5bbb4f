import { formatMoney, moneyAnswerSchema, moneySchema } from '@dailydoco/http';
import type { Money } from '@dailydoco/money';
import { z } from 'zod';
import { CAP_PERIODS, NO_LIMITS, type PlanLimits } from './plan-limits.js';

/** More currencies than there are cannot be meant. */
const MAX_AMOUNTS = 200;

const QUALIFICATION_MEANS =
  'What a referrer must have before a level pays: purchases of the own that are not refunded in full, and active direct referrals. ' +
  'Who has not is as one who is not active on that level. A level without an item asks nothing.';
const BENEFICIARY_CAPS_MEAN =
  'What one person may earn under the plan in the UTC day or month of recording, and in all the life of the plan. ' +
  'A currency without an amount has no cap. Refunds give no room back.';
const COMPANY_CAP_MEANS =
  'What everybody together may earn in a period. The purchase that goes over it is paid in proportion (pro_rata) or not at all (stop); ' +
  'after it nothing is paid until the period ends. Null: no cap.';

const amountsInput = z.array(moneySchema).max(MAX_AMOUNTS);
const periodSchema = z.enum(CAP_PERIODS);
const modeSchema = z.enum(['pro_rata', 'stop']);

/** The limits as a body may spell them; left out, there are none. */
export const limitsInputShape = {
  qualification: z
    .array(
      z.strictObject({
        level: z.int(),
        minOwnPurchases: z.int().default(0),
        minActiveReferrals: z.int().default(0),
      }),
    )
    .default([])
    .meta({ description: QUALIFICATION_MEANS }),
  beneficiaryCaps: z
    .strictObject({
      day: amountsInput.default([]),
      month: amountsInput.default([]),
      lifetime: amountsInput.default([]),
    })
    .prefault({})
    .meta({ description: BENEFICIARY_CAPS_MEAN }),
  companyCap: z
    .strictObject({ period: periodSchema, mode: modeSchema, amounts: amountsInput })
    .nullable()
    .default(null)
    .meta({ description: COMPANY_CAP_MEANS }),
} as const;

const amountsAnswer = z.array(moneyAnswerSchema);

/** The limits as answers spell them. */
export const limitsAnswerShape = {
  qualification: z
    .array(z.object({ level: z.int(), minOwnPurchases: z.int(), minActiveReferrals: z.int() }))
    .meta({ description: QUALIFICATION_MEANS }),
  beneficiaryCaps: z
    .object({ day: amountsAnswer, month: amountsAnswer, lifetime: amountsAnswer })
    .meta({ description: BENEFICIARY_CAPS_MEAN }),
  companyCap: z
    .object({ period: periodSchema, mode: modeSchema, amounts: amountsAnswer })
    .nullable()
    .meta({ description: COMPANY_CAP_MEANS }),
} as const;

type LimitsInput = z.output<z.ZodObject<typeof limitsInputShape>>;
type LimitsView = z.infer<z.ZodObject<typeof limitsAnswerShape>>;

export function toLimits({ qualification, beneficiaryCaps, companyCap }: LimitsInput): PlanLimits {
  return { ...NO_LIMITS, qualification, beneficiaryCaps, companyCap: companyCap ?? undefined };
}

export function viewLimits({ qualification, beneficiaryCaps, companyCap }: PlanLimits): LimitsView {
  const { day, month, lifetime } = beneficiaryCaps;
  return {
    qualification: qualification.map((each) => ({ ...each })),
    beneficiaryCaps: { day: viewAmounts(day), month: viewAmounts(month), lifetime: viewAmounts(lifetime) },
    companyCap: companyCap === undefined ? null : { ...companyCap, amounts: viewAmounts(companyCap.amounts) },
  };
}

/** By currency, whatever order they were given in. */
function viewAmounts(amounts: readonly Money[]): z.infer<typeof amountsAnswer> {
  return amounts.map(formatMoney).toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}
