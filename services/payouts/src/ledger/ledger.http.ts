import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  timestampSchema,
  uuidSchema,
} from '@dailydoco/http';
import { type CurrencyCode, formatDecimal } from '@dailydoco/money';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { asAccountId, asUserId } from '../ids.js';
import { HOUSE_KINDS, PERSON_KINDS } from './account.js';
import { type AccountBalance, ReadLedger, type StatementLine } from './read-ledger.js';
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
      adjustmentId: uuidSchema.optional(),
      reverses: uuidSchema.optional().meta({ description: 'The journal that this one takes back.' }),
      corrects: uuidSchema.optional().meta({ description: 'The journal that this one puts right.' }),
      reason: z.string().optional(),
    }),
    occurredAt: z.string().meta({ format: 'date-time', description: 'The effective date: when the fact took place.' }),
    recordedAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'StatementLine' });

type LineView = z.infer<typeof lineSchema>;

const accountSchema = z
  .object({
    id: uuidSchema,
    kind: z.enum([...PERSON_KINDS, ...HOUSE_KINDS]),
    ownerId: uuidSchema.optional().meta({ description: 'The person; absent on accounts of the house.' }),
    balance: moneyAnswerSchema.meta({ description: 'Signed: a credit balance is positive.' }),
  })
  .meta({ id: 'LedgerAccount' });

type AccountView = z.infer<typeof accountSchema>;

const asOfQuery = z.strictObject({
  asOf: timestampSchema
    .optional()
    .meta({ description: 'What was recorded until this moment, itself included; now unless told.' }),
});
const accountsQuery = pageQuerySchema.extend({
  ownerId: uuidSchema.optional().meta({ description: 'A person; the own tenant: the accounts of the house.' }),
  kind: z.enum([...PERSON_KINDS, ...HOUSE_KINDS]).optional(),
  negative: z.enum(['true', 'false']).default('false').meta({ description: 'Balances below zero only.' }),
});
const statementQuery = pageQuerySchema.extend({
  from: timestampSchema.optional().meta({ description: 'Recorded at this moment or later.' }),
  to: timestampSchema.optional().meta({ description: 'Recorded before this moment.' }),
});

const accountPosition = z.strictObject({ id: uuidSchema });
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
  async trialBalance(
    @Query({ schema: asOfQuery }) { asOf }: z.output<typeof asOfQuery>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof trialBalanceSchema>> {
    const currencies = await this.#ledger.trialBalance(viewerOf(caller), asOf);
    return {
      currencies: currencies.map(({ currency, debitMicros, creditMicros }) => ({
        currency,
        debit: formatDecimal(debitMicros),
        credit: formatDecimal(creditMicros),
        difference: formatDecimal(debitMicros - creditMicros),
      })),
    };
  }

  @Get('accounts')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'Accounts with their balances, by id.', schema: pageSchema(accountSchema) } },
    { summary: 'List accounts of the ledger' },
  )
  async accounts(
    @Query({ schema: accountsQuery }) query: z.output<typeof accountsQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: AccountView[]; nextPageToken?: string }> {
    const { pageSize, pageToken, ownerId, kind, negative } = query;
    const { tenantId } = viewerOf(caller);
    const found = await this.#ledger.accounts({
      tenantId,
      kind,
      ownerId: ownerId === undefined ? undefined : asUserId(ownerId),
      negative: negative === 'true',
      after: pageToken === undefined ? undefined : asAccountId(decodePageToken(pageToken, accountPosition).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewAccount), ...rest };
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
    @Query({ schema: statementQuery }) query: z.output<typeof statementQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: LineView[]; nextPageToken?: string }> {
    const { pageSize, pageToken, from, to } = query;
    const { account, lines } = await this.#ledger.statement(viewerOf(caller), {
      accountId: asAccountId(id),
      from,
      to,
      before: pageToken === undefined ? undefined : BigInt(decodePageToken(pageToken, position).position),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(lines, pageSize, (line) => ({ position: line.position.toString() }));
    return { items: items.map((line) => viewLine(line, account.currency)), ...rest };
  }
}

function viewAccount({ id, kind, ownerId, tenantId, balanceMicros, currency }: AccountBalance): AccountView {
  const owner = ownerId === tenantId ? undefined : ownerId;
  return { id, kind, ownerId: owner, balance: formatMoney({ amountMicros: balanceMicros, currency }) };
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
      adjustmentId: line.adjustmentId,
      reverses: line.reverses,
      corrects: line.corrects,
      reason: line.reason,
    },
    occurredAt: line.occurredAt.toISOString(),
    recordedAt: line.recordedAt.toISOString(),
  };
}
