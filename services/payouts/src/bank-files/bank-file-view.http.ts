import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { FACT_OUTCOMES } from './bank-file.js';
import type { BankFile, BankFileReport } from './bank-files.js';
import { BANK_FILE_KINDS, FACT_STATES } from './read-file.js';

const day = z.string().meta({ format: 'date' });

const file = z.object({
  id: uuidSchema,
  kind: z.enum(BANK_FILE_KINDS),
  messageId: z.string().meta({ description: 'The bank’s own.' }),
  sha256: z.string(),
  sizeBytes: z.int(),
  importedBy: uuidSchema,
  importedAt: z.string().meta({ format: 'date-time' }),
  status: z.enum(['reporting', 'reported']).meta({ description: 'Whether every fact has been told to its payout.' }),
  facts: z
    .object({
      total: z.int(),
      waiting: z.int(),
      recorded: z.int(),
      unknownReference: z.int(),
      contradiction: z.int(),
      amountMismatch: z.int(),
      repeated: z.int(),
      noted: z.int(),
    })
    .meta({ description: 'What the file says about payouts, by what became of it.' }),
  lines: z.int().meta({ description: 'Lines of its statements.' }),
  unmatchedLines: z.int().meta({ description: 'Those of them that no payout is known for.' }),
  warnings: z.array(
    z.object({ code: z.enum(['statement_repeated', 'opening_differs', 'sum_differs']), detail: z.string() }),
  ),
});

export const bankFileSchema = file.meta({ id: 'BankFile' });

export const bankFileReportSchema = file
  .extend({
    statements: z.array(
      z.object({
        statementId: z.string(),
        account: z.string(),
        opening: moneyAnswerSchema,
        closing: moneyAnswerSchema,
        openedOn: day,
        closedOn: day,
      }),
    ),
    unmatched: z.array(
      z.object({
        statementId: z.string(),
        line: z.int(),
        bookedOn: day,
        amount: moneyAnswerSchema.meta({ description: 'Credited positive, debited negative.' }),
        endToEndId: z.string().optional(),
        bankReference: z.string().optional(),
        reasonCode: z.string().optional(),
        counterparty: z.string().optional(),
      }),
    ),
    odd: z
      .array(
        z.object({
          fileLine: z.int(),
          reference: z.string(),
          state: z.enum(FACT_STATES),
          reason: z.string().optional(),
          outcome: z.enum(FACT_OUTCOMES),
        }),
      )
      .meta({ description: 'What the file says about payouts and was not recorded, with the reason.' }),
  })
  .meta({ id: 'BankFileReport' });

export type BankFileView = z.infer<typeof bankFileSchema>;
export type BankFileReportView = z.infer<typeof bankFileReportSchema>;

export function viewBankFile(bankFile: BankFile): BankFileView {
  const { outcomes, facts, waiting, importedAt, warnings, ...same } = bankFile;
  return {
    ...same,
    importedAt: importedAt.toISOString(),
    status: waiting === 0 ? 'reported' : 'reporting',
    facts: {
      total: facts,
      waiting,
      recorded: outcomes.recorded ?? 0,
      unknownReference: outcomes.unknown_reference ?? 0,
      contradiction: outcomes.contradiction ?? 0,
      amountMismatch: outcomes.amount_mismatch ?? 0,
      repeated: outcomes.repeated ?? 0,
      noted: outcomes.noted ?? 0,
    },
    warnings: [...warnings],
  };
}

export function viewBankFileReport({ file: bankFile, statements, unmatched, odd }: BankFileReport): BankFileReportView {
  return {
    ...viewBankFile(bankFile),
    statements: statements.map(({ openingMicros, closingMicros, currency, ...same }) => ({
      ...same,
      opening: formatMoney({ amountMicros: openingMicros, currency }),
      closing: formatMoney({ amountMicros: closingMicros, currency }),
    })),
    unmatched: unmatched.map(({ amountMicros, currency, ...same }) => ({
      ...same,
      amount: formatMoney({ amountMicros, currency }),
    })),
    odd: [...odd],
  };
}
