import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema, timestampSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { asUserId } from '../ids.js';
import { type Balance, ReadLedger } from './read-ledger.js';
import { viewerOf } from './viewer.http.js';

const accountId = uuidSchema.optional();

const balanceSchema = z
  .object({
    currency: z.string(),
    pending: moneyAnswerSchema.meta({ description: 'Earned, the hold period is not over.' }),
    held: moneyAnswerSchema.meta({ description: 'Stopped until a review or a suspension ends.' }),
    available: moneyAnswerSchema.meta({
      description: 'Can be paid out; negative after more was taken back than was there.',
    }),
    inTransit: moneyAnswerSchema.meta({ description: 'On its way by payouts that have not settled.' }),
    paid: moneyAnswerSchema.meta({ description: 'Settled and not returned, over all time.' }),
    accounts: z
      .object({ pending: accountId, held: accountId, available: accountId, inTransit: accountId })
      .meta({ description: 'Ledger accounts by balance, as far as they have been used: statements are read by them.' }),
  })
  .meta({ id: 'Balance' });

const balancesSchema = z.object({ balances: z.array(balanceSchema) }).meta({ id: 'Balances' });

const asOfQuery = z.strictObject({
  asOf: timestampSchema
    .optional()
    .meta({ description: 'What was recorded until this moment, itself included; now unless told.' }),
});

@Controller('v1')
export class BalancesHttp {
  readonly #ledger: ReadLedger;

  constructor(@Inject(ReadLedger) ledger: ReadLedger) {
    this.#ledger = ledger;
  }

  @Get('balances/me')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'One entry per currency in which the caller ever earned.', schema: balancesSchema } },
    { summary: 'Show the own balances' },
  )
  async mine(
    @Query({ schema: asOfQuery }) { asOf }: z.output<typeof asOfQuery>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof balancesSchema>> {
    const balances = await this.#ledger.balancesOf(viewerOf(caller), asOf);
    return { balances: balances.map(viewBalance) };
  }

  @Get('people/:id/balances')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'One entry per currency in which the person ever earned.', schema: balancesSchema } },
    { summary: 'Show the balances of a person' },
  )
  async theirs(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: asOfQuery }) { asOf }: z.output<typeof asOfQuery>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof balancesSchema>> {
    const { tenantId } = viewerOf(caller);
    const balances = await this.#ledger.balancesOf({ tenantId, userId: asUserId(id) }, asOf);
    return { balances: balances.map(viewBalance) };
  }
}

function viewBalance(balance: Balance): z.infer<typeof balanceSchema> {
  const { currency, accounts } = balance;
  const money = (amountMicros: bigint) => formatMoney({ amountMicros, currency });
  return {
    currency,
    pending: money(balance.pendingMicros),
    held: money(balance.heldMicros),
    available: money(balance.availableMicros),
    inTransit: money(balance.inTransitMicros),
    paid: money(balance.paidMicros),
    accounts: {
      pending: accounts.get('pending'),
      held: accounts.get('held'),
      available: accounts.get('available'),
      inTransit: accounts.get('in_transit'),
    },
  };
}
