import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPayoutId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { reasonSchema } from '../policies/decision.http.js';
import { payoutSchema, type PayoutView, viewPayout } from './payout-view.http.js';
import { PayoutReviews } from './payout-reviews.js';
import type { Payout } from './payout.js';
import { FINDING_DECISIONS } from './review-payouts.js';

const decisionBody = z.strictObject({ reason: reasonSchema }).meta({ id: 'PayoutApprovalInput' });

const findingBody = z
  .strictObject({
    decision: z.enum(FINDING_DECISIONS).meta({
      description: 'cleared: nothing is in it. upheld: the payout has failed, and its amount is available again.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'PayoutFindingDecisionInput' });

const positionSchema = z.coerce.number().int().min(1).max(32_767);

const viewed = (payout: Payout) => ({ status: 200, body: viewPayout(payout) });

@Controller('v1/payouts')
@Requires({ person: { roles: ['finance'] } })
export class PayoutReviewsHttp {
  readonly #reviews: PayoutReviews;

  constructor(@Inject(PayoutReviews) reviews: PayoutReviews) {
    this.#reviews = reviews;
  }

  @Post(':id/approve')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The payout, approved.', schema: payoutSchema } },
    {
      summary: 'Approve a payout whose amount needs it',
      description: 'Never by the person who is paid or who asked for it.',
      problems: ['NOT_FOUND', 'SELF_APPROVAL', 'PAYOUT_NOT_APPROVABLE', 'SCREENING_HIT_DECIDES'],
    },
  )
  async approve(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: z.output<typeof decisionBody>,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const call = { key, scope, requestHash: requestHash({ id, ...body }) };
    const decider = { tenantId, id: asPayoutId(id), by, reason: body.reason };
    return replyWith(reply, await this.#reviews.approve(decider, { call, answer: viewed }));
  }

  @Post(':id/reject')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The payout, failed; its amount is available again.', schema: payoutSchema } },
    {
      summary: 'Refuse a payout that waits for an approval',
      problems: ['NOT_FOUND', 'SELF_APPROVAL', 'PAYOUT_NOT_APPROVABLE'],
    },
  )
  async reject(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: z.output<typeof decisionBody>,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const call = { key, scope, requestHash: requestHash({ id, ...body }) };
    const decider = { tenantId, id: asPayoutId(id), by, reason: body.reason };
    return replyWith(reply, await this.#reviews.reject(decider, { call, answer: viewed }));
  }

  @Post(':id/findings/:position/close')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The payout as it stands after the decision.', schema: payoutSchema } },
    {
      summary: 'Decide about a finding that stops a payout',
      description:
        'After the last one is cleared the payout goes on; one that is upheld ends it. A match with a list is decided at its hit, which closes the finding.',
      problems: ['NOT_FOUND', 'SELF_APPROVAL', 'REVIEW_CLOSED', 'SCREENING_HIT_DECIDES'],
    },
  )
  async close(
    @Param('id', { schema: uuidSchema }) id: string,
    @Param('position', { schema: positionSchema }) position: number,
    @Body({ schema: findingBody }) body: z.output<typeof findingBody>,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const call = { key, scope, requestHash: requestHash({ id, position, ...body }) };
    const decided = { tenantId, id: asPayoutId(id), by, position, ...body };
    return replyWith(reply, await this.#reviews.closeFinding(decided, { call, answer: viewed }));
  }
}
