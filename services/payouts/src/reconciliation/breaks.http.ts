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
import { asBreakId, asUserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { BREAK_STATUSES } from './break-case.js';
import {
  breakReportSchema,
  breakSchema,
  type BreakReportView,
  type BreakView,
  noteBody,
  resolveBody,
  toAnswer,
  viewBreak,
  viewBreakReport,
} from './break-view.http.js';
import { type BreakOrder, type BreakReport, Breaks } from './breaks.js';

const listQuery = pageQuerySchema.extend({
  status: z
    .enum(BREAK_STATUSES)
    .optional()
    .meta({ description: 'Without: all that stand, whatever was said of them.' }),
  ownerId: uuidSchema.optional(),
});
const position = z.strictObject({ id: uuidSchema });
const report = { description: 'The break with every step.', schema: breakReportSchema };

@Controller('v1/reconciliation/breaks')
@Requires({ person: { roles: ['finance', 'support'] } })
export class BreaksHttp {
  readonly #breaks: Breaks;

  constructor(@Inject(Breaks) breaks: Breaks) {
    this.#breaks = breaks;
  }

  @Get()
  @Answers(
    { 200: { description: 'Breaks, oldest first.', schema: pageSchema(breakSchema) } },
    { summary: 'List the breaks of the books' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: BreakView[]; nextPageToken?: string }> {
    const { status, ownerId, pageSize, pageToken } = query;
    const breaks = await this.#breaks.list({
      tenantId: viewerOf(caller).tenantId,
      status,
      ownerId: ownerId === undefined ? undefined : asUserId(ownerId),
      after: pageToken === undefined ? undefined : asBreakId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(breaks, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewBreak), ...rest };
  }

  @Get(':id')
  @Answers({ 200: report }, { summary: 'Read a break with every step', problems: ['NOT_FOUND'] })
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<BreakReportView> {
    return viewBreakReport(await this.#breaks.read(viewerOf(caller).tenantId, asBreakId(id)));
  }

  @Post(':id/take')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: report },
    {
      summary: 'Take a break',
      description: 'The caller owns it from then on.',
      problems: ['NOT_FOUND', 'BREAK_RESOLVED'],
    },
  )
  async take(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return replyWith(reply, await this.#breaks.take(orderOf(caller, id), answering(200, { key, scope, hashed: {} })));
  }

  @Post(':id/notes')
  @Requires({ person: { roles: ['finance'] } })
  @Answers({ 201: report }, { summary: 'Note something about a break', problems: ['NOT_FOUND', 'BREAK_RESOLVED'] })
  async note(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: noteBody }) body: z.output<typeof noteBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const order = { ...orderOf(caller, id), text: body.note };
    return replyWith(reply, await this.#breaks.note(order, answering(201, { key, scope, hashed: body })));
  }

  @Post(':id/resolve')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: report },
    {
      summary: 'Say how a break is resolved',
      description:
        'corrected names the journals that mend it: the next run looks, and opens it again when it still finds it. accepted says why it may stand. Only a run that no longer finds it resolves it.',
      problems: ['NOT_FOUND', 'BREAK_RESOLVED'],
    },
  )
  async resolve(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: resolveBody }) body: z.output<typeof resolveBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const order = { ...orderOf(caller, id), said: toAnswer(body) };
    return replyWith(reply, await this.#breaks.answer(order, answering(200, { key, scope, hashed: body })));
  }
}

function orderOf(caller: Principal, id: string): BreakOrder {
  const { tenantId, userId } = viewerOf(caller);
  return { tenantId, userId, breakId: asBreakId(id) };
}

function answering(
  status: number,
  { key, scope, hashed }: { key: string | undefined; scope: IdempotencyScope; hashed: unknown },
) {
  return {
    call: { key, scope, requestHash: requestHash(hashed) },
    answer: (told: BreakReport) => ({ status, body: viewBreakReport(told) }),
  };
}
