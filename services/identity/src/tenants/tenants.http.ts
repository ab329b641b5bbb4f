import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Inject, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { displayNameSchema, emailSchema, newPasswordSchema, userSchema, viewUser } from '../sessions/auth-view.http.js';
import { InstallationOwnerGuard } from './installation-owner.http.js';
import { normaliseHost } from './tenant.js';
import { Tenants } from './tenants.js';

const MAX_HOSTS = 20;

const hostSchema = z
  .string()
  .max(300)
  .transform((text, context) => {
    const host = normaliseHost(text);
    if (host === undefined) {
      context.addIssue({ code: 'custom', message: 'must be a host name such as shop.example.com' });
      return z.NEVER;
    }
    return host;
  })
  .meta({ description: 'A host name; signed-out requests to it belong to the tenant.' });

const tenantBody = z
  .strictObject({
    name: displayNameSchema,
    hosts: z.array(hostSchema).max(MAX_HOSTS),
    owner: z.strictObject({ email: emailSchema, password: newPasswordSchema, displayName: displayNameSchema }),
  })
  .meta({ id: 'TenantInput' });

const tenantSchema = z
  .object({
    id: uuidSchema,
    name: z.string(),
    hosts: z.array(z.string()),
    owner: userSchema,
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Tenant' });

@Controller('v1/tenants')
export class TenantsHttp {
  readonly #tenants: Tenants;

  constructor(@Inject(Tenants) tenants: Tenants) {
    this.#tenants = tenants;
  }

  @Post()
  @Requires({ person: { roles: ['owner'] } })
  @UseGuards(InstallationOwnerGuard)
  @Answers(
    { 201: { description: 'The new tenant.', schema: tenantSchema } },
    {
      summary: 'Open a tenant',
      description: 'For owners of the installation: those of its default tenant.',
      problems: ['HOST_TAKEN', 'EMAIL_TAKEN'],
    },
  )
  async open(
    @Body({ schema: tenantBody }) body: z.output<typeof tenantBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#tenants.open(
      { ...body, hosts: [...new Set(body.hosts)] },
      {
        actor: callerIdOf(caller),
        call: { key, scope, requestHash: requestHash(body) },
        answer: ({ tenant, owner }) => ({
          status: 201,
          body: {
            id: tenant.id,
            name: tenant.name,
            hosts: [...tenant.hosts],
            owner: viewUser(owner),
            createdAt: tenant.createdAt.toISOString(),
          },
        }),
      },
    );
    return replyWith(reply, answer);
  }
}
