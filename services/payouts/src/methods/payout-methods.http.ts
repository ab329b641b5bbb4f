import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { type CurrencyCode, currencyOf, isCurrency } from '@dailydoco/money';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPayoutMethodId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { RAIL_KINDS } from '../rails/rail.js';
import { methodStatus, type PayoutMethod, type RailOption, SANDBOX_OUTCOMES } from './method.js';
import { PayoutMethods } from './payout-methods.js';

const kindSchema = z.enum(RAIL_KINDS).meta({ description: 'The rail: the way for the money to leave.' });

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

const optionsQuery = z.strictObject({
  currency: z.string().refine(isCurrency, 'is not an active ISO 4217 code').transform(currencyOf),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as DE')
    .optional()
    .meta({ description: 'Where the account is; without it, rails that reach any country are offered.' }),
});

const optionSchema = z
  .object({
    kind: kindSchema,
    minimum: moneyAnswerSchema.meta({ description: 'Less is refused.' }),
    maximum: moneyAnswerSchema.meta({ description: 'More is refused.' }),
    fee: z
      .object({ fixed: moneyAnswerSchema, bps: z.int() })
      .meta({ description: 'Borne by the house: fixed plus bps basis points of the amount, rounded up. An estimate.' }),
    typicalHours: z.number().meta({ description: 'How long a payment usually takes.' }),
    returnableHours: z.number().meta({ description: 'How long a settled payment may still come back.' }),
  })
  .meta({ id: 'PayoutRailOption' });

const optionsSchema = z.object({ items: z.array(optionSchema) }).meta({ id: 'PayoutRailOptions' });

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
    const now = this.#methods.now();
    return { items: items.map((method) => viewMethod(method, now)), ...rest };
  }

  @Get('options')
  @Answers(
    { 200: { description: 'The rails that reach the account, the quickest first.', schema: optionsSchema } },
    { summary: 'List the rails that carry a currency into a country' },
  )
  async options(
    @Query({ schema: optionsQuery }) query: z.output<typeof optionsQuery>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof optionsSchema>> {
    const { currency, country } = query;
    const options = await this.#methods.options(viewerOf(caller).tenantId, { currency, country });
    return { items: options.map((option) => viewOption(option, currency)) };
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

function viewOption(
  { kind, limits, typicalHours, returnableHours }: RailOption,
  currency: CurrencyCode,
): z.infer<typeof optionSchema> {
  const money = (amountMicros: bigint) => formatMoney({ amountMicros, currency });
  return {
    kind,
    minimum: money(limits.minimumMicros),
    maximum: money(limits.maximumMicros),
    fee: { fixed: money(limits.fee.fixedMicros), bps: limits.fee.bps },
    typicalHours,
    returnableHours,
  };
}
