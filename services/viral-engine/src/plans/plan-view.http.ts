import { z } from 'zod';
import type { PlanId } from '../ids.js';
import { limitsAnswerShape, viewLimits } from './plan-limits-view.http.js';
import type { PlanCatalogue, PlanVersion } from './plan.js';

const recurringSchema = z.union([z.enum(['all', 'first']), z.strictObject({ months: z.int() })]).meta({
  description: 'Which purchases of a buyer pay: all, the first, or those within so many months of the first.',
});

/** What a plan says, as bodies and answers spell it. Bounds are checked by the plans' own rules. */
export const planTermsShape = {
  levelsBps: z.array(z.int()).meta({ description: '1 to 7 rates in basis points, nearest referrer first.' }),
  websiteBonusBps: z.int().meta({ description: 'What the owner of the website gets, in basis points.' }),
  maxPayoutBps: z.int().meta({ description: 'The most of a purchase that may be paid out, in basis points.' }),
  compression: z
    .enum(['none', 'dynamic'])
    .meta({ description: 'dynamic: the next active referrer takes the level of one who may not earn.' }),
  holdDays: z.int().meta({ description: 'Days from the purchase until its commissions fall due.' }),
  attributionWindowDays: z.int().meta({
    description:
      'For how many days, 1 to 90, a click can lead to a registration (by the default plan then in force) or to a first purchase (by the plan that decides it).',
  }),
  recurring: recurringSchema,
  streams: z.array(z.string()).meta({ description: 'The streams that this plan takes from the default plan.' }),
  productTags: z
    .array(z.string())
    .meta({ description: 'The product tags that this plan takes, also from a plan that names the stream.' }),
} as const;

export const planVersionSchema = z
  .object({
    id: z.string(),
    version: z.int(),
    ...planTermsShape,
    ...limitsAnswerShape,
    effectiveFrom: z.string().meta({ format: 'date-time' }),
    archivedAt: z.string().nullable().meta({
      format: 'date-time',
      description: 'From here on it decides no purchase; null while it is not archived.',
    }),
  })
  .meta({ id: 'PlanVersion' });

export const planSchema = z
  .object({ id: z.string(), isDefault: z.boolean(), versions: z.array(planVersionSchema) })
  .meta({ id: 'Plan', description: 'A plan with all its versions, in the order of writing.' });

export type PlanView = z.infer<typeof planSchema>;

export function viewPlanVersion(version: PlanVersion): z.infer<typeof planVersionSchema> {
  const { planId: id, effectiveFrom, recurring } = version;
  return {
    id,
    version: version.version,
    levelsBps: [...version.levelsBps],
    websiteBonusBps: version.websiteBonusBps,
    maxPayoutBps: version.maxPayoutBps,
    compression: version.compression,
    holdDays: version.holdDays,
    attributionWindowDays: version.attributionWindowDays,
    recurring: typeof recurring === 'object' ? { ...recurring } : recurring,
    streams: [...version.streams],
    productTags: [...version.productTags],
    ...viewLimits(version),
    effectiveFrom: effectiveFrom.toISOString(),
    archivedAt: version.archivedAt?.toISOString() ?? null,
  };
}

/** All plans of a tenant, by id. */
export function viewPlans({ versions, defaultPlanId }: PlanCatalogue): PlanView[] {
  const byPlan = Map.groupBy(versions, ({ planId }) => planId);
  return [...byPlan]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, own]: [PlanId, PlanVersion[]]) => ({
      id,
      isDefault: id === defaultPlanId,
      versions: own.map(viewPlanVersion),
    }));
}
