import { Caller, hasRole, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
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
import { asPayoutId, asPayoutMethodId, asUserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import {
  payoutSchema,
  type PayoutView,
  storySchema,
  type StoryView,
  viewPayout,
  viewStory,
} from './payout-view.http.js';
import { PAYOUT_STATUSES } from './payout.js';
import { Payouts, type PayoutViewer } from './payouts.js';

export const PAYOUTS_PATH = '/v1/payouts';

/** A payout asked for twice is remembered longer than other calls: 30 days. */
export const TTL_HOURS = 30 * 24;

const payoutBody = z
  .strictObject({
    amount: positiveMoneySchema.meta({ description: 'In whole minor units of the currency: cents, yen.' }),
    methodId: uuidSchema,
  })
  .meta({ id: 'PayoutInput' });

const listQuery = pageQuerySchema.extend({
  personId: uuidSchema.optional().meta({ description: 'Whose; finance and support may name anybody.' }),
  status: z
    .enum(PAYOUT_STATUSES)
    .optional()
    .meta({ description: 'For finance and support without personId: everybody’s, such as those that are screened.' }),
});

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
      problems: [
        'NOT_FOUND',
        'INSUFFICIENT_BALANCE',
        'AMOUNT_TOO_FINE',
        'PAYOUTS_FROZEN',
        'PAYOUTS_STOPPED',
        'PAYOUT_METHOD_HELD',
        'RAIL_UNREACHABLE',
        'PAYOUT_BELOW_MINIMUM',
        'PAYOUT_ABOVE_MAXIMUM',
      ],
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
    { 200: { description: 'Payouts, newest first.', schema: pageSchema(payoutSchema) } },
    { summary: 'List the own payouts, or those that staff looks for', problems: ['FORBIDDEN'] },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: PayoutView[]; nextPageToken?: string }> {
    const { pageSize, pageToken, personId, status } = query;
    const payouts = await this.#payouts.list(payoutViewerOf(caller), {
      personId: personId === undefined ? undefined : asUserId(personId),
      status,
      before: pageToken === undefined ? undefined : asPayoutId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(payouts, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewPayout), ...rest };
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The payout as it stands, with the steps it took.', schema: storySchema } },
    { summary: 'Look at a payout', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<StoryView> {
    const viewer = payoutViewerOf(caller);
    return viewStory(await this.#payouts.find(viewer, asPayoutId(id)), viewer.isStaff);
  }
}

function payoutViewerOf(caller: Principal): PayoutViewer {
  const { tenantId, userId } = viewerOf(caller);
  const isStaff = caller.kind === 'person' && (hasRole(caller.roles, 'finance') || hasRole(caller.roles, 'support'));
  return { tenantId, userId, isStaff };
}
