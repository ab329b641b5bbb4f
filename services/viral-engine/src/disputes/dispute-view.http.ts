import { uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { plainText } from '../plain-text.http.js';
import {
  type Dispute,
  DISPUTE_HOLDS,
  DISPUTE_KINDS,
  DISPUTE_OUTCOMES,
  DISPUTE_STATUSES,
  type DisputeReport,
  type DisputeStep,
  type DisputeText,
  type Evidence,
} from './dispute.js';
import type { DisputeViewer } from './disputes.js';

const MAX_EVIDENCE = 10;
const timeSchema = z.string().meta({ format: 'date-time' });

const evidenceInput = z
  .array(
    z
      .strictObject({
        name: plainText(200).meta({ description: 'What it is.' }),
        url: z
          .url({ protocol: /^https$/ })
          .max(2_000)
          .optional()
          .meta({ description: 'Where it can be seen.' }),
        text: plainText(4_000).optional().meta({ description: 'Or the words themselves.' }),
      })
      .refine(({ url, text }) => (url === undefined) !== (text === undefined), 'must have a url or a text, not both'),
  )
  .max(MAX_EVIDENCE)
  .default([]);

const statementSchema = plainText(4_000);

export const disputeBody = z
  .strictObject({
    commissionId: uuidSchema.meta({ description: 'A commission of one’s own.' }),
    kind: z.enum(DISPUTE_KINDS).meta({ description: 'What is questioned about it.' }),
    statement: statementSchema.meta({ description: 'What is wrong, in the partner’s words.' }),
    evidence: evidenceInput,
  })
  .meta({ id: 'DisputeInput' });

export const noteBody = z
  .strictObject({ note: statementSchema, evidence: evidenceInput })
  .meta({ id: 'DisputeNoteInput' });

export const decideBody = z
  .strictObject({
    outcome: z.enum(['upheld', 'rejected']),
    note: statementSchema.meta({ description: 'Why, and what was done about it. The partner reads it.' }),
    forfeit: z.boolean().default(false).meta({
      description: 'The commission is forfeited; otherwise it goes on as if it had not been held, later by that time.',
    }),
  })
  .meta({ id: 'DisputeDecisionInput' });

export const disputeSchema = z
  .object({
    id: uuidSchema,
    commissionId: uuidSchema,
    openedBy: uuidSchema,
    kind: z.enum(DISPUTE_KINDS),
    status: z.enum(DISPUTE_STATUSES),
    outcome: z.enum(DISPUTE_OUTCOMES).nullable(),
    hold: z.enum(DISPUTE_HOLDS).meta({
      description: 'Whether the commission could be held when it was questioned: one that is available already is not.',
    }),
    ownerId: uuidSchema.nullable().meta({ description: 'Who looks into it; for staff alone.' }),
    openedAt: timeSchema,
    dueAt: timeSchema.meta({ description: 'Until when it is to be decided.' }),
    escalatedAt: timeSchema.nullable().meta({ description: 'When it was found undecided past that.' }),
    decidedAt: timeSchema.nullable(),
  })
  .meta({ id: 'Dispute' });

const stepSchema = z.object({
  position: z.int(),
  kind: z.enum(['opened', 'taken', 'noted', 'escalated', 'decided', 'withdrawn']),
  by: z.enum(['partner', 'staff', 'system']),
  userId: uuidSchema.nullable().meta({ description: 'For staff, and of one’s own steps.' }),
  text: z.string().nullable().meta({ description: 'What was written; null too once its writer was erased.' }),
  evidence: z.array(z.object({ name: z.string(), url: z.string().nullable(), text: z.string().nullable() })),
  outcome: z.enum(DISPUTE_OUTCOMES).nullable(),
  entry: z
    .enum(['held', 'lifted', 'forfeited', 'unchanged'])
    .nullable()
    .meta({ description: 'What the step did to the commission.' }),
  at: timeSchema,
});

/** A dispute and everything that happened to it. */
export const disputeReportSchema = disputeSchema
  .extend({ steps: z.array(stepSchema).meta({ description: 'Oldest first; the partner sees every one.' }) })
  .meta({ id: 'DisputeReport' });

export type DisputeView = z.infer<typeof disputeSchema>;
export type DisputeReportView = z.infer<typeof disputeReportSchema>;

/** What was written, as the rules know it. */
export function toWritten(text: string, evidence: z.output<typeof evidenceInput>): DisputeText {
  return {
    text,
    evidence: evidence.map(
      ({ name, url, text: words }): Evidence => (url === undefined ? { name, text: words ?? '' } : { name, url }),
    ),
  };
}

export function viewDispute(dispute: Dispute, { isStaff }: DisputeViewer): DisputeView {
  return {
    id: dispute.id,
    commissionId: dispute.commissionId,
    openedBy: dispute.openedBy,
    kind: dispute.kind,
    status: dispute.status,
    outcome: dispute.outcome ?? null,
    hold: dispute.hold,
    ownerId: isStaff ? (dispute.ownerId ?? null) : null,
    openedAt: dispute.openedAt.toISOString(),
    dueAt: dispute.dueAt.toISOString(),
    escalatedAt: dispute.escalatedAt?.toISOString() ?? null,
    decidedAt: dispute.decidedAt?.toISOString() ?? null,
  };
}

export function viewReport({ dispute, steps }: DisputeReport, viewer: DisputeViewer): DisputeReportView {
  return { ...viewDispute(dispute, viewer), steps: steps.map((step) => viewStep(step, viewer)) };
}

function viewStep(step: DisputeStep, { isStaff, userId }: DisputeViewer): z.infer<typeof stepSchema> {
  return {
    position: step.position,
    kind: step.kind,
    by: step.takenBy,
    userId: isStaff || step.userId === userId ? (step.userId ?? null) : null,
    text: step.written?.text ?? null,
    evidence: (step.written?.evidence ?? []).map((each) => ({ url: null, text: null, ...each })),
    outcome: step.outcome ?? null,
    entry: step.entry ?? null,
    at: step.takenAt.toISOString(),
  };
}
