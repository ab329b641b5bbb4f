import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { RAIL_KINDS } from '../rails/rail.js';
import { type Payout, PAYOUT_STATUSES } from './payout.js';
import type { PayoutStory } from './payouts.js';
import { FINDING_DECISIONS, type KeptFinding, type TakenStep } from './review-payouts.js';
import { FINDING_SOURCES } from './screen.js';

const time = z.string().meta({ format: 'date-time' });

export const payoutSchema = z
  .object({
    id: uuidSchema,
    personId: uuidSchema,
    amount: moneyAnswerSchema.meta({ description: 'What leaves the available balance.' }),
    withheld: moneyAnswerSchema.optional().meta({ description: 'Of it, kept back for tax; the rail pays the rest.' }),
    fee: moneyAnswerSchema.optional().meta({ description: 'What the rail took, borne by the house.' }),
    status: z.enum(PAYOUT_STATUSES),
    rail: z.enum(RAIL_KINDS),
    methodId: uuidSchema,
    batchId: uuidSchema.optional().meta({ description: 'The file in which it left.' }),
    reason: z.string().optional().meta({ description: 'Why it failed, was refused or was returned.' }),
    requestedAt: time,
    changedAt: time,
  })
  .meta({ id: 'Payout' });

const stepSchema = z.object({
  step: z.enum(PAYOUT_STATUSES),
  at: time,
  reason: z.string().optional(),
  by: uuidSchema.optional().meta({ description: 'Who decided it; absent: the service or the rail.' }),
  note: z.string().optional().meta({ description: 'What that person said.' }),
});

const findingSchema = z
  .object({
    position: z.int(),
    source: z.enum(FINDING_SOURCES),
    code: z.string(),
    detail: z.string(),
    hitId: uuidSchema.optional().meta({
      description: 'A match with a list. The finding is closed with it: POST /v1/screening/hits/{id}/decide.',
    }),
    foundAt: time,
    closed: z.object({ at: time, by: uuidSchema, decision: z.enum(FINDING_DECISIONS), reason: z.string() }).optional(),
  })
  .meta({ id: 'PayoutFinding' });

export const storySchema = payoutSchema
  .extend({
    underReview: z.boolean().meta({ description: 'It waits for somebody’s decision.' }),
    steps: z.array(stepSchema),
    findings: z
      .array(findingSchema)
      .optional()
      .meta({ description: 'For finance and support only: what speaks against paying it.' }),
  })
  .meta({ id: 'PayoutStory' });

export type PayoutView = z.infer<typeof payoutSchema>;
export type StoryView = z.infer<typeof storySchema>;

export function viewPayout(payout: Payout): PayoutView {
  const { id, personId, currency, status, rail, methodId, batchId, reason } = payout;
  const money = (amountMicros: bigint) => formatMoney({ amountMicros, currency });
  return {
    id,
    personId,
    amount: money(payout.amountMicros),
    withheld: payout.withheldMicros === 0n ? undefined : money(payout.withheldMicros),
    fee: payout.feeMicros === 0n ? undefined : money(payout.feeMicros),
    status,
    rail,
    methodId,
    batchId,
    reason,
    requestedAt: payout.requestedAt.toISOString(),
    changedAt: payout.changedAt.toISOString(),
  };
}

/** Persons see that somebody looks at their payout, and not why: a rule that is known is a rule that is walked around. */
export function viewStory({ payout, steps, findings }: PayoutStory, isStaff: boolean): StoryView {
  const hasOpen = payout.status === 'requested' && findings.some(({ closed }) => closed === undefined);
  return {
    ...viewPayout(payout),
    underReview: hasOpen || payout.status === 'screened',
    steps: steps.map((step) => viewStep(step, isStaff)),
    findings: isStaff ? findings.map(viewFinding) : undefined,
  };
}

function viewStep({ step, at, reason, by, note }: TakenStep, isStaff: boolean): StoryView['steps'][number] {
  return { step, at: at.toISOString(), reason, ...(isStaff && { by, note }) };
}

function viewFinding(finding: KeptFinding): z.infer<typeof findingSchema> {
  const { position, source, code, detail, hitId, foundAt, closed } = finding;
  return {
    position,
    source,
    code,
    detail,
    hitId,
    foundAt: foundAt.toISOString(),
    closed: closed && { ...closed, at: closed.at.toISOString() },
  };
}
