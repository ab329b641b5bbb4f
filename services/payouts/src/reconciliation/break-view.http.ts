import { uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { asJournalId } from '../ids.js';
import { BREAK_STATUSES, type BreakAnswer, type BreakCase, type BreakStep, INVARIANTS } from './break-case.js';
import type { BreakReport } from './breaks.js';

const MAX_JOURNALS = 50;
const timeSchema = z.string().meta({ format: 'date-time' });

/** Words of a person, trimmed: without control characters but line breaks and tabs. */
const wordsSchema = z
  .string()
  .trim()
  .min(1)
  .max(2_000)
  .refine(
    (text) => text.isWellFormed() && !/[^\P{Cc}\n\r\t]/u.test(text),
    'must be well-formed text without control characters',
  );

export const noteBody = z
  .strictObject({ note: wordsSchema.meta({ description: 'Kept for good; name nobody in it.' }) })
  .meta({ id: 'BreakNoteInput' });

const reasonSchema = wordsSchema.meta({ description: 'Why, in words; kept for good.' });

export const resolveBody = z
  .discriminatedUnion('outcome', [
    z.strictObject({
      outcome: z.literal('corrected'),
      journalIds: z
        .array(uuidSchema)
        .min(1)
        .max(MAX_JOURNALS)
        .meta({ description: 'The journals that mend it: adjustments, or what was missing and came.' }),
      reason: reasonSchema,
    }),
    z.strictObject({
      outcome: z.literal('accepted').meta({ description: 'It stands; it stays in every report while it does.' }),
      reason: reasonSchema,
    }),
  ])
  .meta({ id: 'BreakResolutionInput' });

export const breakSchema = z
  .object({
    id: uuidSchema,
    invariant: z.enum(INVARIANTS).meta({ description: 'What does not hold.' }),
    subject: z.string().meta({ description: 'About what.', example: 'payout 019ab5a0-0000-7000-8000-000000000001' }),
    detail: z.string().meta({ description: 'In the words of the last run that found it.' }),
    status: z.enum(BREAK_STATUSES).meta({
      description:
        'corrected: journals were named, and no run has looked since. accepted: it may stand. resolved: a run no longer found it.',
    }),
    ownerId: uuidSchema.nullable(),
    openedAt: timeSchema.meta({ description: 'When the first run that found it ended.' }),
    lastSeenAt: timeSchema,
    timesSeen: z.int(),
    answeredAt: timeSchema.nullable(),
    resolvedAt: timeSchema.nullable(),
  })
  .meta({ id: 'Break' });

const stepSchema = z.object({
  position: z.int(),
  kind: z.enum(['opened', 'taken', 'noted', 'corrected', 'accepted', 'found_again', 'resolved']),
  userId: uuidSchema.nullable().meta({ description: 'Null: a run.' }),
  runId: uuidSchema.nullable(),
  text: z.string().nullable(),
  journalIds: z.array(uuidSchema).meta({
    description: 'corrected: said to mend it. resolved: written about its subject while it stood, the first twenty.',
  }),
  at: timeSchema,
});

/** A break and everything that happened to it. */
export const breakReportSchema = breakSchema
  .extend({ steps: z.array(stepSchema).meta({ description: 'Oldest first.' }) })
  .meta({ id: 'BreakReport' });

export type BreakView = z.infer<typeof breakSchema>;
export type BreakReportView = z.infer<typeof breakReportSchema>;

/** What finance said, as the rules know it. */
export function toAnswer(body: z.output<typeof resolveBody>): BreakAnswer {
  if (body.outcome === 'accepted') return body;
  return { ...body, journalIds: body.journalIds.map(asJournalId) };
}

export function viewBreak(breakCase: BreakCase): BreakView {
  return {
    id: breakCase.id,
    invariant: breakCase.invariant,
    subject: breakCase.subject,
    detail: breakCase.detail,
    status: breakCase.status,
    ownerId: breakCase.ownerId ?? null,
    openedAt: breakCase.openedAt.toISOString(),
    lastSeenAt: breakCase.lastSeenAt.toISOString(),
    timesSeen: breakCase.timesSeen,
    answeredAt: breakCase.answeredAt?.toISOString() ?? null,
    resolvedAt: breakCase.resolvedAt?.toISOString() ?? null,
  };
}

export function viewBreakReport({ breakCase, steps }: BreakReport): BreakReportView {
  return { ...viewBreak(breakCase), steps: steps.map(viewStep) };
}

function viewStep(step: BreakStep): z.infer<typeof stepSchema> {
  return {
    position: step.position,
    kind: step.kind,
    userId: step.userId ?? null,
    runId: step.runId ?? null,
    text: step.text ?? null,
    journalIds: [...step.journalIds],
    at: step.takenAt.toISOString(),
  };
}
