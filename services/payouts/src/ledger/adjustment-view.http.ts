import { formatMoney, moneyAnswerSchema, positiveMoneySchema, timestampSchema, uuidSchema } from '@dailydoco/http';
import type { Money } from '@dailydoco/money';
import { z } from 'zod';
import { asJournalId, asUserId, type TenantId, type UserId } from '../ids.js';
import { HOUSE_KINDS } from './account.js';
import type { Proposal } from './adjust-ledger.js';
import { type Adjustment, ADJUSTMENT_STATUSES, statusOf } from './adjustment.js';

const reason = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine(
    (text) => text.isWellFormed() && !/[^\P{Cc}\n\r\t]/u.test(text),
    'must be well-formed text without control characters',
  )
  .meta({ description: 'Why; kept for good.' });

const common = {
  reason,
  effectiveAt: timestampSchema
    .optional()
    .meta({ description: 'When the fact took place; now unless told. The journal goes into the open period anyway.' }),
};
const houseKind = z.enum(HOUSE_KINDS);

export const adjustmentBody = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('writeOff').meta({ description: 'A negative available balance: bad debt → available.' }),
      personId: uuidSchema,
      amount: positiveMoneySchema,
      ...common,
    }),
    z.strictObject({
      kind: z.literal('reversal').meta({ description: 'A journal of finance or of the house alone, taken back.' }),
      journalId: uuidSchema,
      ...common,
    }),
    z.strictObject({
      kind: z.literal('transfer').meta({ description: 'Between two accounts of the house.' }),
      debit: houseKind,
      credit: houseKind,
      amount: positiveMoneySchema,
      corrects: uuidSchema.optional().meta({ description: 'The journal that this one puts right.' }),
      ...common,
    }),
  ])
  .refine((body) => body.kind !== 'transfer' || body.debit !== body.credit, {
    path: ['credit'],
    message: 'must be another account than the debit',
  })
  .meta({ id: 'AdjustmentInput' });

export const rejectionBody = z.strictObject({ reason }).meta({ id: 'AdjustmentRejectionInput' });

export const adjustmentSchema = z
  .object({
    id: uuidSchema,
    kind: z.enum(['writeOff', 'reversal', 'transfer']),
    status: z.enum(ADJUSTMENT_STATUSES),
    currency: z.string(),
    amount: moneyAnswerSchema.optional().meta({ description: 'Absent on a reversal: as much as its journal moved.' }),
    personId: uuidSchema.optional(),
    debit: houseKind.optional(),
    credit: houseKind.optional(),
    reverses: uuidSchema.optional(),
    corrects: uuidSchema.optional(),
    reason: z.string(),
    effectiveAt: z.string().meta({ format: 'date-time' }),
    proposedBy: uuidSchema,
    proposedAt: z.string().meta({ format: 'date-time' }),
    decidedBy: uuidSchema.optional(),
    decidedAt: z.string().optional().meta({ format: 'date-time' }),
    decisionReason: z.string().optional(),
    journalId: uuidSchema.optional().meta({ description: 'The journal that it made, once it is approved.' }),
  })
  .meta({ id: 'Adjustment' });

export type AdjustmentView = z.infer<typeof adjustmentSchema>;
type AdjustmentBody = z.output<typeof adjustmentBody>;

export function toProposal(body: AdjustmentBody, by: { tenantId: TenantId; userId: UserId }): Proposal {
  const { tenantId, userId } = by;
  const { terms, currency } = termsOf(body);
  return { tenantId, terms, currency, reason: body.reason, effectiveAt: body.effectiveAt, by: userId };
}

function termsOf(body: AdjustmentBody): Pick<Proposal, 'terms' | 'currency'> {
  if (body.kind === 'reversal') {
    return { terms: { kind: 'reversal', reverses: asJournalId(body.journalId) }, currency: undefined };
  }
  const { amountMicros, currency }: Money = body.amount;
  if (body.kind === 'writeOff') {
    return { terms: { kind: 'write_off', personId: asUserId(body.personId), amountMicros }, currency };
  }
  const { debit, credit } = body;
  const corrects = body.corrects === undefined ? undefined : asJournalId(body.corrects);
  return { terms: { kind: 'transfer', debit, credit, amountMicros, corrects }, currency };
}

export function viewAdjustment(adjustment: Adjustment): AdjustmentView {
  const { id, terms, currency, reason, effectiveAt, proposedBy, proposedAt, decision, journalId } = adjustment;
  return {
    id,
    kind: terms.kind === 'write_off' ? 'writeOff' : terms.kind,
    status: statusOf(adjustment),
    currency,
    ...(terms.kind !== 'reversal' && { amount: formatMoney({ amountMicros: terms.amountMicros, currency }) }),
    ...(terms.kind === 'write_off' && { personId: terms.personId }),
    ...(terms.kind === 'transfer' && { debit: terms.debit, credit: terms.credit, corrects: terms.corrects }),
    ...(terms.kind === 'reversal' && { reverses: terms.reverses }),
    reason,
    effectiveAt: effectiveAt.toISOString(),
    proposedBy,
    proposedAt: proposedAt.toISOString(),
    decidedBy: decision?.decidedBy,
    decidedAt: decision?.decidedAt.toISOString(),
    decisionReason: decision?.reason,
    journalId,
  };
}
