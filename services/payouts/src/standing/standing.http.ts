import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { z } from 'zod';
import { asUserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { ReadStanding, type Standing } from './read-standing.js';

const standingSchema = z
  .object({
    personId: uuidSchema,
    frozen: z.boolean().meta({ description: 'Payouts to the person are frozen by finance.' }),
    suspended: z.boolean().meta({ description: 'The person is suspended, which freezes payouts as well.' }),
    stopped: z.boolean().meta({ description: 'All payouts of the tenant stand still.' }),
    negativeBalances: z
      .array(moneyAnswerSchema)
      .meta({ description: 'Available balances below zero: taken back after they were paid out.' }),
    payoutsUnderReview: z.int().meta({ description: 'Payouts that wait for somebody’s decision.' }),
    openFindings: z
      .int()
      .optional()
      .meta({ description: 'For finance and support only: how much speaks against those payouts.' }),
  })
  .meta({ id: 'PayoutStanding' });

type StandingView = z.infer<typeof standingSchema>;

@Controller('v1')
export class StandingHttp {
  readonly #standing: ReadStanding;

  constructor(@Inject(ReadStanding) standing: ReadStanding) {
    this.#standing = standing;
  }

  @Get('payout-standing')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'What stands between the caller and a payout.', schema: standingSchema } },
    { summary: 'Show whether the own payouts may leave' },
  )
  async mine(@Caller() caller: Principal): Promise<StandingView> {
    const { openFindings: _, ...standing } = viewStanding(await this.#standing.of(viewerOf(caller)));
    return standing;
  }

  @Get('people/:id/payout-standing')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'What stands between the person and a payout.', schema: standingSchema } },
    {
      summary: 'Show whether payouts to a person may leave',
      description: 'A person that payouts never heard of stands well: persons are kept by identity.',
    },
  )
  async theirs(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<StandingView> {
    const { tenantId } = viewerOf(caller);
    return viewStanding(await this.#standing.of({ tenantId, userId: asUserId(id) }));
  }
}

function viewStanding({ negativeBalances, ...standing }: Standing): StandingView {
  return { ...standing, negativeBalances: negativeBalances.map(formatMoney) };
}
