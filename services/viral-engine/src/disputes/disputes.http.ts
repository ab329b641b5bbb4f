import { Caller, hasRole, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
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
import { asCommissionId, asDisputeId, asTenantId, asUserId } from '../ids.js';
import {
  decideBody,
  disputeBody,
  disputeReportSchema,
  disputeSchema,
  type DisputeReportView,
  type DisputeView,
  noteBody,
  toWritten,
  viewDispute,
  viewReport,
} from './dispute-view.http.js';
import { DISPUTE_STATUSES, type DisputeReport } from './dispute.js';
import { Disputes, type DisputeViewer } from './disputes.js';

const listQuery = pageQuerySchema.extend({
  status: z.enum(DISPUTE_STATUSES).optional(),
  overdue: z.enum(['true', 'false']).default('false').meta({ description: 'Undecided past their deadline only.' }),
  openedBy: uuidSchema.optional().meta({ description: 'Whose; staff may name anybody.' }),
});
const position = z.strictObject({ id: uuidSchema });
const report = { description: 'The dispute with every step.', schema: disputeReportSchema };

interface Replayable {
  readonly key: string | undefined;
  readonly scope: IdempotencyScope;
  readonly hashed: unknown;
}

@Controller('v1/disputes')
export class DisputesHttp {
  readonly #disputes: Disputes;

  constructor(@Inject(Disputes) disputes: Disputes) {
    this.#disputes = disputes;
  }

  @Post()
  @Requires({ person: true })
  @Answers(
    { 201: report },
    {
      summary: 'Question a commission of mine',
      description:
        'While it is undecided the commission is held, if it is not available yet; `hold` says so. Everything that happens is a step.',
      problems: ['NOT_FOUND', 'DISPUTE_OPEN', 'DISPUTE_LIMIT_REACHED'],
    },
  )
  async open(
    @Body({ schema: disputeBody }) body: z.output<typeof disputeBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const viewer = viewerOf(caller);
    const order = {
      tenantId: viewer.tenantId,
      openedBy: viewer.userId,
      commissionId: asCommissionId(body.commissionId),
      kind: body.kind,
      written: toWritten(body.statement, body.evidence),
    };
    const answering = answerWith(viewer, { status: 201, key, scope, hashed: body });
    return replyWith(reply, await this.#disputes.open(order, answering));
  }

  @Get()
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Disputes, newest first.', schema: pageSchema(disputeSchema) } },
    { summary: 'List disputes', description: 'One’s own; for support and finance everybody’s.' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: DisputeView[]; nextPageToken?: string }> {
    const { status, overdue, openedBy, pageSize, pageToken } = query;
    const viewer = viewerOf(caller);
    const disputes = await this.#disputes.list(viewer, {
      status,
      overdue: overdue === 'true',
      openedBy: openedBy === undefined ? undefined : asUserId(openedBy),
      before: pageToken === undefined ? undefined : asDisputeId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(disputes, pageSize, ({ id }) => ({ id }));
    return { items: items.map((dispute) => viewDispute(dispute, viewer)), ...rest };
  }

  @Get(':id')
  @Requires({ person: true })
  @Answers({ 200: report }, { summary: 'Read a dispute with every step', problems: ['NOT_FOUND'] })
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<DisputeReportView> {
    const viewer = viewerOf(caller);
    return viewReport(await this.#disputes.read(viewer, asDisputeId(id)), viewer);
  }

  @Post(':id/take')
  @Requires({ person: { roles: ['support', 'finance'] } })
  @Answers(
    { 200: report },
    {
      summary: 'Look into a dispute',
      description: 'The caller owns it from then on. Nobody looks into one’s own.',
      problems: ['NOT_FOUND', 'DISPUTE_DECIDED', 'DISPUTE_LIMIT_REACHED'],
    },
  )
  async take(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const viewer = viewerOf(caller);
    const answering = answerWith(viewer, { status: 200, key, scope, hashed: {} });
    return replyWith(reply, await this.#disputes.take({ ...viewer, disputeId: asDisputeId(id) }, answering));
  }

  @Post(':id/notes')
  @Requires({ person: true })
  @Answers(
    { 201: report },
    {
      summary: 'Say something more about a dispute',
      description: 'The partner, support and finance; all of them read it.',
      problems: ['NOT_FOUND', 'DISPUTE_DECIDED', 'DISPUTE_LIMIT_REACHED'],
    },
  )
  async note(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: noteBody }) body: z.output<typeof noteBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const viewer = viewerOf(caller);
    const written = toWritten(body.note, body.evidence);
    const answering = answerWith(viewer, { status: 201, key, scope, hashed: body });
    return replyWith(reply, await this.#disputes.note({ viewer, disputeId: asDisputeId(id), written }, answering));
  }

  @Post(':id/decide')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: report },
    {
      summary: 'Decide a dispute',
      description: 'Once somebody has taken it, for good. The hold ends; nobody decides about one’s own.',
      problems: ['NOT_FOUND', 'DISPUTE_DECIDED', 'DISPUTE_NOT_TAKEN', 'COMMISSION_RELEASED', 'COMMISSION_CLOSED'],
    },
  )
  async decide(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decideBody }) body: z.output<typeof decideBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const viewer = viewerOf(caller);
    const { outcome, forfeit: forfeits, note } = body;
    const order = { ...viewer, disputeId: asDisputeId(id), outcome, forfeits, written: toWritten(note, []) };
    const answering = answerWith(viewer, { status: 200, key, scope, hashed: body });
    return replyWith(reply, await this.#disputes.decide(order, answering));
  }

  @Post(':id/withdraw')
  @Requires({ person: true })
  @Answers(
    { 200: report },
    {
      summary: 'Take a dispute of mine back',
      description: 'The commission goes on as before, later by the time that it was held.',
      problems: ['NOT_FOUND', 'DISPUTE_DECIDED'],
    },
  )
  async withdraw(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const viewer = viewerOf(caller);
    const answering = answerWith(viewer, { status: 200, key, scope, hashed: {} });
    return replyWith(reply, await this.#disputes.withdraw({ ...viewer, disputeId: asDisputeId(id) }, answering));
  }
}

function answerWith(viewer: DisputeViewer, { status, key, scope, hashed }: Replayable & { status: number }) {
  return {
    call: { key, scope, requestHash: requestHash(hashed) },
    answer: (told: DisputeReport) => ({ status, body: viewReport(told, viewer) }),
  };
}

function viewerOf(caller: Principal): DisputeViewer {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return {
    tenantId: asTenantId(caller.tenantId),
    userId: asUserId(caller.userId),
    isStaff: hasRole(caller.roles, 'support') || hasRole(caller.roles, 'finance'),
  };
}
