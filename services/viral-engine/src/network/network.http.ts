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
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { moveBody, moveSchema, viewMove } from './move-view.http.js';
import { Moves } from './moves.js';
import { childSchema, networkSchema, viewChild, viewNetwork } from './network-view.http.js';
import { Networks, type Viewer } from './networks.js';

/** Where Nest finds the clock. */
export const NETWORK_CLOCK = Symbol('NETWORK_CLOCK');

const position = z.strictObject({ userId: uuidSchema });

@Controller('v1/network')
export class NetworkHttp {
  readonly #networks: Networks;
  readonly #moves: Moves;
  readonly #clock: { now(): Date };

  constructor(
    @Inject(Networks) networks: Networks,
    @Inject(Moves) moves: Moves,
    @Inject(NETWORK_CLOCK) clock: { now(): Date },
  ) {
    this.#networks = networks;
    this.#moves = moves;
    this.#clock = clock;
  }

  @Get(':userId')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The member and what stands below.', schema: networkSchema } },
    {
      summary: 'Read a network',
      description:
        'People, revenue and commissions level by level, and the viral score; one’s own, or anybody’s for administrators. People are counted at once, money and points within seconds.',
      problems: ['USER_UNKNOWN'],
    },
  )
  async read(
    @Param('userId', { schema: uuidSchema }) userId: string,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof networkSchema>> {
    return viewNetwork(await this.#networks.read(viewerOf(caller), asUserId(userId)), this.#clock.now());
  }

  @Get(':userId/children')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Those directly below, in the order of their ids.', schema: pageSchema(childSchema) } },
    {
      summary: 'List who stands directly below',
      description:
        'To draw the tree, node by node: of oneself and of anybody in the own downline; for administrators of anybody. Other people’s names and addresses are in none of it.',
      problems: ['USER_UNKNOWN'],
    },
  )
  async children(
    @Param('userId', { schema: uuidSchema }) userId: string,
    @Query({ schema: pageQuerySchema }) { pageSize, pageToken }: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof childSchema>[]; nextPageToken?: string }> {
    const viewer = viewerOf(caller);
    const { level, children } = await this.#networks.children(viewer, {
      tenantId: viewer.tenantId,
      userId: asUserId(userId),
      after: pageToken === undefined ? undefined : asUserId(decodePageToken(pageToken, position).userId),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(children, pageSize, (last) => ({ userId: last.userId }));
    const now = this.#clock.now();
    return { items: items.map((child) => viewChild(child, { level, viewer, now })), ...rest };
  }

  @Post(':userId/move')
  @HttpCode(200)
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The move, done.', schema: moveSchema } },
    {
      summary: 'Move a person with everybody below',
      description:
        'To another referrer, who must be active, or to the top. Purchases split before stay as they are; what people below have bought and brought is counted for their new upline from now on.',
      problems: ['USER_UNKNOWN', 'CIRCULAR_REFERRAL', 'REFERRER_NOT_ACTIVE', 'DOWNLINE_TOO_LARGE', 'CONFLICT'],
    },
  )
  async move(
    @Param('userId', { schema: uuidSchema }) userId: string,
    @Body({ schema: moveBody }) body: z.output<typeof moveBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = {
      tenantId: asTenantId(tenantOf(caller)),
      userId: asUserId(userId),
      referrerId: body.referrerId === null ? undefined : asUserId(body.referrerId),
      movedBy: callerIdOf(caller),
      reason: body.reason,
    };
    const call = { key, scope, requestHash: requestHash(body) };
    const answer = await this.#moves.move(wanted, { call, answer: (move) => ({ status: 200, body: viewMove(move) }) });
    return replyWith(reply, answer);
  }
}

function viewerOf(caller: Principal): Viewer {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return {
    tenantId: asTenantId(caller.tenantId),
    userId: asUserId(caller.userId),
    isAdmin: hasRole(caller.roles, 'admin'),
  };
}
