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
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPayoutMethodId, asUserId, type TenantId, type UserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { RAIL_KINDS } from '../rails/rail.js';
import { methodStatus, type PayoutMethod, SANDBOX_OUTCOMES } from './method.js';
import { PayoutMethods } from './payout-methods.js';

export const kindSchema = z.enum(RAIL_KINDS).meta({ description: 'The rail: the way for the money to leave.' });

const methodBody = z
  .strictObject({
    kind: kindSchema,
    details: z
      .record(z.string().max(64), z.unknown())
      .meta({ description: 'What the rail needs to know of the account. Kept sealed and shown masked, if at all.' }),
  })
  .meta({ id: 'PayoutMethodInput' });

const methodSchema = z
  .object({
    id: uuidSchema,
    kind: kindSchema,
    status: z.enum(['active', 'held']).meta({ description: 'held: a change of method, which receives nothing yet.' }),
    details: z
      .object({ outcome: z.enum(SANDBOX_OUTCOMES) })
      .optional()
      .meta({ description: 'Of sandbox methods only: nothing else is ever shown again.' }),
    masked: z.string().optional().meta({ description: 'What may be shown of the account.', example: 'DE•• •••• 3000' }),
    country: z.string().optional().meta({ description: 'Where the account is, ISO 3166-1 alpha-2.' }),
    heldUntil: z.string().optional().meta({ format: 'date-time', description: 'While it is held: until when.' }),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'PayoutMethod' });

type MethodView = z.infer<typeof methodSchema>;
type MethodPage = { items: MethodView[]; nextPageToken?: string };

const position = z.strictObject({ id: uuidSchema });

@Controller('v1')
@Requires({ person: true })
export class PayoutMethodsHttp {
  readonly #methods: PayoutMethods;

  constructor(@Inject(PayoutMethods) methods: PayoutMethods) {
    this.#methods = methods;
  }

  @Post('payout-methods')
  @Answers(
    { 201: { description: 'The payout method, masked.', schema: methodSchema } },
    {
      summary: 'Add a payout method',
      description:
        'The first method of a real rail receives payouts at once; each later one is a change and waits, 48 hours unless the installation says otherwise. The sandbox pays nobody: it ends payouts as its details say.',
      problems: ['RAIL_UNREACHABLE'],
    },
  )
  async add(
    @Body({ schema: methodBody }) body: z.output<typeof methodBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MethodView> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const answer = await this.#methods.add(
      { tenantId, personId, ...body },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (method) => ({ status: 201, body: viewMethod(method, method.createdAt) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get('payout-methods')
  @Answers(
    { 200: { description: 'The own payout methods, oldest first.', schema: pageSchema(methodSchema) } },
    { summary: 'List the own payout methods' },
  )
  list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<MethodPage> {
    const { tenantId, userId: personId } = viewerOf(caller);
    return this.#page({ tenantId, personId }, query);
  }

  @Get('people/:id/payout-methods')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    {
      200: { description: 'The payout methods of the person, masked, oldest first.', schema: pageSchema(methodSchema) },
    },
    { summary: 'List the payout methods of a person' },
  )
  theirs(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<MethodPage> {
    return this.#page({ tenantId: viewerOf(caller).tenantId, personId: asUserId(id) }, query);
  }

  async #page(
    of: { tenantId: TenantId; personId: UserId },
    query: z.output<typeof pageQuerySchema>,
  ): Promise<MethodPage> {
    const { pageSize, pageToken } = query;
    const methods = await this.#methods.list({
      ...of,
      after: pageToken === undefined ? undefined : asPayoutMethodId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(methods, pageSize, ({ id }) => ({ id }));
    const now = this.#methods.now();
    return { items: items.map((method) => viewMethod(method, now)), ...rest };
  }

  @Delete('payout-methods/:id')
  @HttpCode(204)
  @Answers(
    { 204: { description: 'It is gone. Payouts already asked for go on.' } },
    { summary: 'Delete a payout method', problems: ['NOT_FOUND'] },
  )
  async delete(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<void> {
    const { tenantId, userId } = viewerOf(caller);
    await this.#methods.delete(tenantId, userId, asPayoutMethodId(id));
  }
}

function viewMethod(method: PayoutMethod, now: Date): MethodView {
  const { id, kind, outcome, masked, country, heldUntil, createdAt } = method;
  const status = methodStatus(method, now);
  return {
    id,
    kind,
    status,
    ...(outcome !== undefined && { details: { outcome } }),
    ...(masked !== undefined && { masked }),
    ...(country !== undefined && { country }),
    ...(status === 'held' && { heldUntil: heldUntil?.toISOString() }),
    createdAt: createdAt.toISOString(),
  };
}
