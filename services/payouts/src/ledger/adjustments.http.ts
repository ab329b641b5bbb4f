import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
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
import { asAdjustmentId } from '../ids.js';
import { AdjustLedger } from './adjust-ledger.js';
import {
  adjustmentBody,
  adjustmentSchema,
  type AdjustmentView,
  rejectionBody,
  toProposal,
  viewAdjustment,
} from './adjustment-view.http.js';
import { type Adjustment, ADJUSTMENT_STATUSES } from './adjustment.js';
import { viewerOf } from './viewer.http.js';

const listQuery = pageQuerySchema.extend({ status: z.enum(ADJUSTMENT_STATUSES).optional() });
const position = z.strictObject({ id: uuidSchema });
const adjusted = { description: 'The adjustment as it stands.', schema: adjustmentSchema };

@Controller('v1/ledger/adjustments')
export class AdjustmentsHttp {
  readonly #adjust: AdjustLedger;

  constructor(@Inject(AdjustLedger) adjust: AdjustLedger) {
    this.#adjust = adjust;
  }

  @Post()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 201: adjusted },
    {
      summary: 'Propose a change of the books',
      description: 'Moves nothing: another person of finance approves it, and then one journal is written.',
      problems: ['NOT_FOUND', 'CONFLICT', 'CURRENCY_MISMATCH'],
    },
  )
  async propose(
    @Body({ schema: adjustmentBody }) body: z.output<typeof adjustmentBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdjustmentView> {
    const answer = await this.#adjust.propose(toProposal(body, viewerOf(caller)), {
      call: { key, scope, requestHash: requestHash(body) },
      answer: answering(201),
    });
    return replyWith(reply, answer);
  }

  @Post(':id/approve')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: adjusted },
    { summary: 'Approve a change of the books', problems: ['NOT_FOUND', 'SELF_APPROVAL', 'CONFLICT'] },
  )
  async approve(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdjustmentView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const answer = await this.#adjust.approve(
      { tenantId, id: asAdjustmentId(id), by },
      { call: { key, scope, requestHash: requestHash({ id }) }, answer: answering(200) },
    );
    return replyWith(reply, answer);
  }

  @Post(':id/reject')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: adjusted },
    {
      summary: 'Reject a proposed change of the books',
      description: 'The proposer may take the own proposal back.',
      problems: ['NOT_FOUND', 'CONFLICT'],
    },
  )
  async reject(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: rejectionBody }) body: z.output<typeof rejectionBody>,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AdjustmentView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const answer = await this.#adjust.reject(
      { tenantId, id: asAdjustmentId(id), by, reason: body.reason },
      { call: { key, scope, requestHash: requestHash({ id, ...body }) }, answer: answering(200) },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'Adjustments, newest first.', schema: pageSchema(adjustmentSchema) } },
    { summary: 'List changes of the books' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: AdjustmentView[]; nextPageToken?: string }> {
    const { pageSize, pageToken, status } = query;
    const found = await this.#adjust.list({
      tenantId: viewerOf(caller).tenantId,
      status,
      before: pageToken === undefined ? undefined : asAdjustmentId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewAdjustment), ...rest };
  }

  @Get(':id')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers({ 200: adjusted }, { summary: 'Look at a change of the books', problems: ['NOT_FOUND'] })
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<AdjustmentView> {
    return viewAdjustment(await this.#adjust.find(viewerOf(caller).tenantId, asAdjustmentId(id)));
  }
}

const answering =
  (status: number) =>
  (adjustment: Adjustment): { status: number; body: AdjustmentView } => ({ status, body: viewAdjustment(adjustment) });
