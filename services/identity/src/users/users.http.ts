import { Caller, type Person, type Principal, Requires } from '@dailydoco/auth';
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
import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asSessionId, asTenantId, asUserId } from '../ids.js';
import { userSchema, type UserView, viewUser } from '../sessions/auth-view.http.js';
import { OwnSessions } from '../sessions/own-sessions.js';
import { GRANTABLE_ROLES, type GrantableRole } from './roles.js';
import { Users } from './users.js';

const timestamp = z.string().meta({ format: 'date-time' });

const sessionSchema = z
  .object({
    id: uuidSchema,
    createdAt: timestamp,
    refreshedAt: timestamp,
    expiresAt: timestamp,
    current: z.boolean().meta({ description: 'The session of this very call.' }),
  })
  .meta({ id: 'Session' });

const rolesBody = z
  .strictObject({
    roles: z
      .array(z.enum([...GRANTABLE_ROLES, 'partner']))
      .max(10)
      .meta({ description: 'All the roles the person shall have; partner, which everybody is, may be left out.' }),
  })
  .meta({ id: 'RolesInput' });

const position = z.strictObject({ id: uuidSchema });

function personOf(caller: Principal): Person {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return caller;
}

const ownerOf = (caller: Principal) => {
  const { tenantId, userId } = personOf(caller);
  return { tenantId: asTenantId(tenantId), userId: asUserId(userId) };
};

@Controller('v1/users')
export class UsersHttp {
  readonly #users: Users;
  readonly #sessions: OwnSessions;

  constructor(@Inject(Users) users: Users, @Inject(OwnSessions) sessions: OwnSessions) {
    this.#users = users;
    this.#sessions = sessions;
  }

  @Get('me')
  @Requires({ person: true })
  @Answers({ 200: { description: 'The caller.', schema: userSchema } }, { summary: 'Who am I' })
  async me(@Caller() caller: Principal): Promise<UserView> {
    const { tenantId, userId } = ownerOf(caller);
    return viewUser(await this.#users.read(tenantId, userId));
  }

  @Get('me/sessions')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Sessions that have not ended, newest first.', schema: pageSchema(sessionSchema) } },
    { summary: 'List my sessions' },
  )
  async listSessions(
    @Query({ schema: pageQuerySchema }) { pageSize, pageToken }: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof sessionSchema>[]; nextPageToken?: string }> {
    const before = pageToken === undefined ? undefined : decodePageToken(pageToken, position).id;
    const sessions = await this.#sessions.list(ownerOf(caller), { before, limit: pageSize + 1 });
    const { items, ...rest } = page(sessions, pageSize, ({ id }) => ({ id }));
    const { sessionId } = personOf(caller);
    return {
      items: items.map(({ id, createdAt, refreshedAt, expiresAt }) => ({
        id,
        createdAt: createdAt.toISOString(),
        refreshedAt: refreshedAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
        current: id === sessionId,
      })),
      ...rest,
    };
  }

  @Delete('me/sessions')
  @Requires({ person: true })
  @Answers({ 204: { description: 'All sessions have ended, this one too.' } }, { summary: 'Sign out everywhere' })
  async endSessions(@Caller() caller: Principal): Promise<void> {
    await this.#sessions.endAll(ownerOf(caller));
  }

  @Delete('me/sessions/:id')
  @Requires({ person: true })
  @Answers({ 204: { description: 'The session has ended.' } }, { summary: 'End one of my sessions' })
  async endSession(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<void> {
    await this.#sessions.endOne(ownerOf(caller), asSessionId(id));
  }

  @Put(':id/roles')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    {
      200: {
        description: 'The user with the new roles; tokens carry them from the next refresh on.',
        schema: userSchema,
      },
    },
    { summary: 'Set a user’s roles', problems: ['USER_UNKNOWN', 'FORBIDDEN', 'CONFLICT'] },
  )
  async setRoles(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: rolesBody }) body: z.output<typeof rolesBody>,
    @Caller() caller: Principal,
  ): Promise<UserView> {
    const roles = [...new Set(body.roles)].filter((role): role is GrantableRole => role !== 'partner');
    const actor = { ...ownerOf(caller), callerId: callerIdOf(caller) };
    return viewUser(await this.#users.changeRoles(actor, asUserId(id), roles));
  }

  @Post(':id/suspend')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The user, suspended: access is refused within seconds.', schema: userSchema } },
    { summary: 'Suspend a user', problems: ['USER_UNKNOWN', 'FORBIDDEN', 'CONFLICT'] },
  )
  suspend(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserView> {
    return this.#changeStatus({ id, status: 'suspended', key, scope, caller, reply });
  }

  @Post(':id/reactivate')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The user, active again.', schema: userSchema } },
    { summary: 'Reactivate a user', problems: ['USER_UNKNOWN', 'FORBIDDEN'] },
  )
  reactivate(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserView> {
    return this.#changeStatus({ id, status: 'active', key, scope, caller, reply });
  }

  async #changeStatus(given: {
    id: string;
    status: 'active' | 'suspended';
    key: string | undefined;
    scope: IdempotencyScope;
    caller: Principal;
    reply: FastifyReply;
  }): Promise<UserView> {
    const { id, status, key, scope, caller, reply } = given;
    const actor = { ...ownerOf(caller), callerId: callerIdOf(caller) };
    const answer = await this.#users.changeStatus(
      { actor, userId: asUserId(id), status },
      {
        call: { key, scope, requestHash: requestHash({ status }) },
        answer: (user) => ({ status: 200, body: viewUser(user) }),
      },
    );
    return replyWith(reply, answer);
  }
}
