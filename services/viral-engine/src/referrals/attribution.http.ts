import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf, uuidSchema } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { Attribution, type ReferrerSource } from './attribution.js';

const firstPurchase = z.boolean().meta({
  description: 'Whether a buyer without a referrer may get one by the first purchase; a registration always may.',
});
const settingBody = z.strictObject({ firstPurchase }).meta({ id: 'AttributionInput' });
const settingSchema = z.object({ firstPurchase }).meta({ id: 'Attribution' });

const sourceSchema = z
  .object({
    userId: uuidSchema,
    referrerId: uuidSchema.meta({ description: 'Who was credited then; a later move changes nothing here.' }),
    decidedBy: z.enum(['code', 'click']).meta({ description: 'A code that was told, or a click.' }),
    convertedBy: z.enum(['sign_up', 'first_purchase']),
    code: z.string(),
    linkId: uuidSchema.optional(),
    couponId: uuidSchema.optional(),
    campaign: z.string().optional(),
    clickId: uuidSchema.optional().meta({ description: 'The click that decided.' }),
    brought: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'UTM values and sub-ids that the click brought: utm_source, …, sub1 to sub5.' }),
    externalId: z.string().optional().meta({ description: 'The first purchase that decided.' }),
    at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'ReferralSource', description: 'By what a person got the referrer.' });

type SourceView = z.infer<typeof sourceSchema>;

@Controller('v1')
@Requires({ person: { roles: ['admin'] } })
export class AttributionHttp {
  readonly #attribution: Attribution;

  constructor(@Inject(Attribution) attribution: Attribution) {
    this.#attribution = attribution;
  }

  @Get('attribution')
  @Answers(
    { 200: { description: 'What may give people their referrers.', schema: settingSchema } },
    { summary: 'Read what may give people their referrers' },
  )
  async read(@Caller() caller: Principal): Promise<z.infer<typeof settingSchema>> {
    return { firstPurchase: await this.#attribution.firstPurchase(asTenantId(tenantOf(caller))) };
  }

  @Put('attribution')
  @Answers(
    { 200: { description: 'What may give people their referrers now.', schema: settingSchema } },
    {
      summary: 'Say what may give people their referrers',
      description:
        'With firstPurchase, a purchase may name a couponCode or a clickId: a buyer who has no referrer, has bought nothing and refers nobody gets one by it, once.',
    },
  )
  async change(
    @Body({ schema: settingBody }) body: z.output<typeof settingBody>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof settingSchema>> {
    const change = { ...body, tenantId: asTenantId(tenantOf(caller)), changedBy: callerIdOf(caller) };
    return { firstPurchase: await this.#attribution.change(change) };
  }

  @Get('referral-sources/:userId')
  @Answers(
    { 200: { description: 'By what the person got the referrer.', schema: sourceSchema } },
    { summary: 'Read by what a person got the referrer', problems: ['NOT_FOUND'] },
  )
  async source(
    @Param('userId', { schema: uuidSchema }) userId: string,
    @Caller() caller: Principal,
  ): Promise<SourceView> {
    return view(await this.#attribution.source(asTenantId(tenantOf(caller)), asUserId(userId)));
  }
}

/** What is not there is left out. */
function view({ at, brought, ...source }: ReferrerSource): SourceView {
  return { ...source, ...(brought && { brought: { ...brought } }), at: at.toISOString() };
}
