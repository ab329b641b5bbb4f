import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  uuidSchema,
} from '@dailydoco/http';
import { type CurrencyCode, formatDecimal } from '@dailydoco/money';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { asAccountId } from '../ids.js';
import { ReadLedger, type StatementLine } from './read-ledger.js';
import { viewerOf } from './viewer.http.js';

const decimal = z.string().meta({ description: 'A decimal string.', example: '79.00' });

const trialBalanceSchema = z
  .object({
    currencies: z.array(
      z.object({
        currency: z.string(),
        debit: decimal,
        credit: decimal,
        difference: decimal.meta({ description: 'Debit less credit: "0.00", or money is missing.' }),
      }),
    ),
  })
  .meta({ id: 'TrialBalance' });

const lineSchema = z
  .object({
    id: uuidSchema.meta({ description: 'The journal of which this posting is a part.' }),
    amount: moneyAnswerSchema.meta({ description: 'Signed: a credit is positive.' }),
    balance: moneyAnswerSchema.meta({ description: 'The balance of the account with this posting.' }),
    cause: z.object({
      event: z.string().meta({ example: 'CommissionsAccrued' }),
      purchaseId: uuidSchema.optional(),
      purchaseSequence: z.string().optional().meta({ description: 'Which event of the purchase: 1, 2, …' }),
      refundId: uuidSchema.optional(),
      payoutId: uuidSchema.optional(),
      payoutStep: z.string().optional(),
      reason: z.string().optional(),
    }),
    occurredAt: z.string().meta({ format: 'date-time' }),
    recordedAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'StatementLine' });

type LineView = z.infer<typeof lineSchema>;

const position = z.strictObject({ position: z.string().regex(/^[1-9][0-9]{0,17}$/) });

@Controller('v1/ledger')
export class LedgerHttp {
  readonly #ledger: ReadLedger;

  constructor(@Inject(ReadLedger) ledger: ReadLedger) {
    this.#ledger = ledger;
  }

  @Get('trial-balance')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'Debits and credits of all accounts, by currency.', schema: trialBalanceSchema } },
    { summary: 'Show that the books balance' },
  )
  async trialBalance(@Caller() caller: Principal): Promise<z.infer<typeof trialBalanceSchema>> {
    const currencies = await this.#ledger.trialBalance(viewerOf(caller));
    return {
      currencies: currencies.map(({ currency, debitMicros, creditMicros }) => ({
        currency,
        debit: formatDecimal(debitMicros),
        credit: formatDecimal(creditMicros),
        difference: formatDecimal(debitMicros - creditMicros),
      })),
    };
  }

  @Get('accounts/:id/statement')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The postings of the account, newest first.', schema: pageSchema(lineSchema) } },
    {
      summary: 'Read the statement of an account',
      description: 'Finance reads every account, everybody else the own ones, whose ids stand with the balances.',
      problems: ['NOT_FOUND'],
    },
  )
  async statement(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: LineView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const { account, lines } = await this.#ledger.statement(viewerOf(caller), {
      accountId: asAccountId(id),
      before: pageToken === undefined ? undefined : BigInt(decodePageToken(pageToken, position).position),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(lines, pageSize, (line) => ({ position: line.position.toString() }));
    return { items: items.map((line) => viewLine(line, account.currency)), ...rest };
  }
}

function viewLine(line: StatementLine, currency: CurrencyCode): LineView {
  return {
    id: line.journalId,
    amount: formatMoney({ amountMicros: line.amountMicros, currency }),
    balance: formatMoney({ amountMicros: line.balanceMicros, currency }),
    cause: {
      event: line.eventType,
      purchaseId: line.purchaseId,
      purchaseSequence: line.purchaseSequence?.toString(),
      refundId: line.refundId,
      payoutId: line.payoutId,
      payoutStep: line.payoutStep,
      reason: line.reason,
    },
    occurredAt: line.occurredAt.toISOString(),
    recordedAt: line.recordedAt.toISOString(),
  };
}
