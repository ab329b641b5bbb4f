import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  positiveMoneySchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPayoutId, asPayoutMethodId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { type Payout, PAYOUT_STATUSES } from './payout.js';
import { Payouts } from './payouts.js';

/** A payout asked for twice is remembered longer than other calls: 30 days. */
const TTL_HOURS = 30 * 24;

const payoutBody = z
  .strictObject({
    amount: positiveMoneySchema.meta({ description: 'In whole minor units of the currency: cents, yen.' }),
    methodId: uuidSchema,
  })
  .meta({ id: 'PayoutInput' });

const payoutSchema = z
  .object({
    id: uuidSchema,
    amount: moneyAnswerSchema,
    status: z.enum(PAYOUT_STATUSES),
    methodId: uuidSchema,
    reason: z.string().optional().meta({ description: 'Why it failed or was returned.' }),
    requestedAt: z.string().meta({ format: 'date-time' }),
    changedAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Payout' });

type PayoutView = z.infer<typeof payoutSchema>;

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/payouts')
@Requires({ person: true })
export class PayoutsHttp {
  readonly #payouts: Payouts;

  constructor(@Inject(Payouts) payouts: Payouts) {
    this.#payouts = payouts;
  }

  @Post()
  @Answers(
    { 202: { description: 'The payout is on its way; look at it for how it ends.', schema: payoutSchema } },
    {
      summary: 'Ask for a payout',
      problems: ['NOT_FOUND', 'INSUFFICIENT_BALANCE', 'AMOUNT_TOO_FINE', 'PAYOUTS_FROZEN'],
    },
  )
  async request(
    @Body({ schema: payoutBody }) body: z.output<typeof payoutBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutView> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const answer = await this.#payouts.request(
      { tenantId, personId, amount: body.amount, methodId: asPayoutMethodId(body.methodId) },
      {
        call: { key, scope, requestHash: requestHash(body), ttlHours: TTL_HOURS },
        answer: (payout) => ({ status: 202, body: viewPayout(payout) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The payout, cancelled; its amount is available again.', schema: payoutSchema } },
    { summary: 'Cancel a payout', problems: ['NOT_FOUND', 'PAYOUT_NOT_CANCELLABLE'] },
  )
  async cancel(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutView> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const answer = await this.#payouts.cancel(
      { tenantId, personId, id: asPayoutId(id) },
      {
        call: { key, scope, requestHash: requestHash({ id }), ttlHours: TTL_HOURS },
        answer: (payout) => ({ status: 200, body: viewPayout(payout) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Answers(
    { 200: { description: 'The own payouts, newest first.', schema: pageSchema(payoutSchema) } },
    { summary: 'List the own payouts' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: PayoutView[]; nextPageToken?: string }> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const { pageSize, pageToken } = query;
    const payouts = await this.#payouts.list({
      tenantId,
      personId,
      before: pageToken === undefined ? undefined : asPayoutId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(payouts, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewPayout), ...rest };
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The payout as it stands.', schema: payoutSchema } },
    { summary: 'Look at a payout', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<PayoutView> {
    const { tenantId, userId } = viewerOf(caller);
    return viewPayout(await this.#payouts.find(tenantId, userId, asPayoutId(id)));
  }
}

function viewPayout(payout: Payout): PayoutView {
  const { id, amountMicros, currency, status, methodId, reason } = payout;
  return {
    id,
    amount: formatMoney({ amountMicros, currency }),
    status,
    methodId,
    reason,
    requestedAt: payout.requestedAt.toISOString(),
    changedAt: payout.changedAt.toISOString(),
  };
}
