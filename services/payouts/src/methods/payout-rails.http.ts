import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema } from '@dailydoco/http';
import { type CurrencyCode, currencyOf, isCurrency } from '@dailydoco/money';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { viewerOf } from '../ledger/viewer.http.js';
import { RAIL_OBSTACLES, type RailOption } from './method.js';
import { PayoutMethods } from './payout-methods.js';
import { kindSchema } from './payout-methods.http.js';

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

const optionsSchema = z
  .object({
    items: z.array(optionSchema),
    unreachable: z
      .array(z.object({ kind: kindSchema, obstacle: z.enum(RAIL_OBSTACLES) }))
      .meta({ description: 'All other rails, each with why it is not offered.' }),
  })
  .meta({ id: 'PayoutRailOptions' });

@Controller('v1/payout-rails')
@Requires({ person: true })
export class PayoutRailsHttp {
  readonly #methods: PayoutMethods;

  constructor(@Inject(PayoutMethods) methods: PayoutMethods) {
    this.#methods = methods;
  }

  @Get()
  @Answers(
    { 200: { description: 'The rails that reach the account, the quickest first.', schema: optionsSchema } },
    { summary: 'List the rails that carry a currency into a country' },
  )
  async options(
    @Query({ schema: optionsQuery }) query: z.output<typeof optionsQuery>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof optionsSchema>> {
    const wish = { currency: query.currency, country: query.country };
    const options = await this.#methods.options(viewerOf(caller).tenantId, wish);
    return {
      items: options.map((option) => viewOption(option, wish.currency)),
      unreachable: this.#methods.unreachable(wish),
    };
  }
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
