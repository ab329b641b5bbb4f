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
import { asPayoutMethodId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { type PayoutMethod, PayoutMethods, SANDBOX_OUTCOMES } from './payout-method.js';

const details = z.strictObject({
  outcome: z.enum(SANDBOX_OUTCOMES).optional().meta({ description: 'How payments to it end; settled unless told.' }),
});

const methodBody = z.strictObject({ kind: z.literal('sandbox'), details }).meta({ id: 'PayoutMethodInput' });

const methodSchema = z
  .object({
    id: uuidSchema,
    kind: z.literal('sandbox'),
    status: z.literal('active'),
    details: z.object({ outcome: z.enum(SANDBOX_OUTCOMES) }),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'PayoutMethod' });

type MethodView = z.infer<typeof methodSchema>;

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/payout-methods')
@Requires({ person: true })
export class PayoutMethodsHttp {
  readonly #methods: PayoutMethods;

  constructor(@Inject(PayoutMethods) methods: PayoutMethods) {
    this.#methods = methods;
  }

  @Post()
  @Answers(
    { 201: { description: 'The payout method.', schema: methodSchema } },
    { summary: 'Add a payout method', description: 'The sandbox pays nobody: it ends payouts as its details say.' },
  )
  async add(
    @Body({ schema: methodBody }) body: z.output<typeof methodBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MethodView> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const { outcome = 'settled' } = body.details;
    const answer = await this.#methods.add(
      { tenantId, personId, kind: body.kind, outcome },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (method) => ({ status: 201, body: viewMethod(method) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Answers(
    { 200: { description: 'The own payout methods, oldest first.', schema: pageSchema(methodSchema) } },
    { summary: 'List the own payout methods' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: MethodView[]; nextPageToken?: string }> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const { pageSize, pageToken } = query;
    const methods = await this.#methods.list({
      tenantId,
      personId,
      after: pageToken === undefined ? undefined : asPayoutMethodId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(methods, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewMethod), ...rest };
  }

  @Delete(':id')
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

function viewMethod({ id, kind, outcome, createdAt }: PayoutMethod): MethodView {
  return { id, kind, status: 'active', details: { outcome }, createdAt: createdAt.toISOString() };
}
