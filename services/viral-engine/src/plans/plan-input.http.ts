import { z } from 'zod';
import { asPlanId, type PlanId } from '../ids.js';
import { isPlanId, type PlanTerms } from './plan.js';
import { limitsInputShape, toLimits } from './plan-limits-view.http.js';
import { planTermsShape } from './plan-view.http.js';
import { STANDARD } from './shipped-plans.js';

export const planIdSchema = z
  .string()
  .refine(isPlanId, 'must be a slug such as standard or creator-2026')
  .meta({ description: "The plan's slug: [a-z][a-z0-9_-]{0,63}." });

/** What a plan says, as a body may spell it: what is left out is as `standard` has it, and without limits. */
export const planInputShape = {
  id: planIdSchema,
  ...planTermsShape,
  websiteBonusBps: planTermsShape.websiteBonusBps.default(STANDARD.websiteBonusBps),
  maxPayoutBps: planTermsShape.maxPayoutBps.default(STANDARD.maxPayoutBps),
  compression: planTermsShape.compression.default(STANDARD.compression),
  holdDays: planTermsShape.holdDays.default(STANDARD.holdDays),
  attributionWindowDays: planTermsShape.attributionWindowDays.default(STANDARD.attributionWindowDays),
  recurring: planTermsShape.recurring.default('all'),
  streams: planTermsShape.streams.default([]),
  productTags: planTermsShape.productTags.default([]),
  ...limitsInputShape,
} as const;

type PlanInput = z.output<z.ZodObject<typeof planInputShape>>;

export function toTerms(input: PlanInput): Omit<PlanTerms, 'effectiveFrom'> & { planId: PlanId } {
  const { id, qualification, beneficiaryCaps, companyCap, ...terms } = input;
  return { ...terms, ...toLimits({ qualification, beneficiaryCaps, companyCap }), planId: asPlanId(id) };
}
