import { Caller, type Principal, Requires, SCOPES, tenantOf } from '@dailydoco/auth';
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
import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asApiKeyId, asTenantId, asUserId } from '../ids.js';
import { displayNameSchema } from '../sessions/auth-view.http.js';
import type { ApiKey } from './api-key.js';
import { ApiKeys } from './api-keys.js';

const scopesSchema = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

const keyBody = z.strictObject({ name: displayNameSchema, scopes: scopesSchema }).meta({ id: 'ApiKeyInput' });

const keySchema = z
  .object({
    id: uuidSchema,
    name: z.string(),
    scopes: z.array(z.string()),
    createdBy: uuidSchema,
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'ApiKey' });

const madeSchema = keySchema
  .extend({ key: z.string().meta({ description: 'The key itself. It is shown this once.' }) })
  .meta({ id: 'MadeApiKey' });

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/api-keys')
@Requires({ person: { roles: ['admin'] } })
export class ApiKeysHttp {
  readonly #keys: ApiKeys;

  constructor(@Inject(ApiKeys) keys: ApiKeys) {
    this.#keys = keys;
  }

  @Post()
  @Answers({ 201: { description: 'The new key.', schema: madeSchema } }, { summary: 'Make an API key' })
  async make(
    @Body({ schema: keyBody }) body: z.output<typeof keyBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
    const answer = await this.#keys.make(
      {
        tenantId: asTenantId(tenantOf(caller)),
        name: body.name,
        scopes: [...new Set(body.scopes)],
        createdBy: asUserId(caller.userId),
        actor: callerIdOf(caller),
      },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (made) => ({ status: 201, body: { ...viewKey(made), key: made.key } }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Answers(
    { 200: { description: 'Keys in use, newest first, without their secrets.', schema: pageSchema(keySchema) } },
    { summary: 'List API keys' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) { pageSize, pageToken }: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof keySchema>[]; nextPageToken?: string }> {
    const keys = await this.#keys.list({
      tenantId: asTenantId(tenantOf(caller)),
      before: pageToken === undefined ? undefined : decodePageToken(pageToken, position).id,
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(keys, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewKey), ...rest };
  }

  @Delete(':id')
  @Answers(
    { 204: { description: 'The key is revoked; it is refused everywhere within seconds.' } },
    { summary: 'Revoke an API key' },
  )
  async revoke(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<void> {
    await this.#keys.revoke({
      tenantId: asTenantId(tenantOf(caller)),
      id: asApiKeyId(id),
      actor: callerIdOf(caller),
    });
  }
}

function viewKey({ id, name, scopes, createdBy, createdAt }: ApiKey): z.infer<typeof keySchema> {
  return { id, name, scopes: [...scopes], createdBy, createdAt: createdAt.toISOString() };
}
