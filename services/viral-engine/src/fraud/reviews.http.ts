import { Caller, hasRole, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import {
  Answers,
  callerIdOf,
  decodePageToken,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asReviewId, asTenantId, asUserId } from '../ids.js';
import { VERDICTS } from './review.js';
import {
  type ReviewCaseView,
  reviewCaseSchema,
  reviewSchema,
  type ReviewView,
  statusSchema,
  viewCase,
  viewReview,
} from './review-view.http.js';
import { Reviews } from './reviews.js';

/** Why somebody decided so, in words. */
export const reasonSchema = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text')
  .meta({ description: 'Why, in words; kept for good.' });

const decisionBody = z
  .strictObject({
    decision: z.enum(VERDICTS).meta({
      description: 'cleared: the entries go on. confirmed: they are forfeited; for finance alone.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'FraudDecisionInput' });

const listQuery = pageQuerySchema.extend({ status: statusSchema.default('open') });
const position = z.strictObject({ id: uuidSchema });

@Controller('v1/fraud/reviews')
@Requires({ person: { roles: ['finance', 'support'] } })
export class ReviewsHttp {
  readonly #reviews: Reviews;

  constructor(@Inject(Reviews) reviews: Reviews) {
    this.#reviews = reviews;
  }

  @Get()
  @Answers(
    { 200: { description: 'Reviews of the status, oldest first.', schema: pageSchema(reviewSchema) } },
    { summary: 'List what is held for review' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: ReviewView[]; nextPageToken?: string }> {
    const { status, pageSize, pageToken } = query;
    const reviews = await this.#reviews.list({
      tenantId: asTenantId(tenantOf(caller)),
      status,
      after: pageToken === undefined ? undefined : asReviewId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(reviews, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewReview), ...rest };
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The review, what was found, and the entries.', schema: reviewCaseSchema } },
    { summary: 'Read a review', problems: ['NOT_FOUND'] },
  )
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<ReviewCaseView> {
    return viewCase(await this.#reviews.read(asTenantId(tenantOf(caller)), asReviewId(id)));
  }

  @Post(':id/decide')
  @Answers(
    { 200: { description: 'The review as it was decided.', schema: reviewCaseSchema } },
    {
      summary: 'Decide a review',
      description: 'Once. Nobody decides about a purchase that they bought or earn from.',
      problems: ['NOT_FOUND', 'FORBIDDEN', 'REVIEW_CLOSED'],
    },
  )
  async decide(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: z.output<typeof decisionBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
    const order = {
      tenantId: asTenantId(caller.tenantId),
      reviewId: asReviewId(id),
      verdict: body.decision,
      reason: body.reason,
      decidedBy: {
        userId: asUserId(caller.userId),
        callerId: callerIdOf(caller),
        isFinance: hasRole(caller.roles, 'finance'),
      },
    };
    const answer = await this.#reviews.decide(order, {
      call: { key, scope, requestHash: requestHash(body) },
      answer: (decided) => ({ status: 200, body: viewCase(decided) }),
    });
    return replyWith(reply, answer);
  }
}
