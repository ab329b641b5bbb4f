import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, formatMoney, moneyAnswerSchema, timestampSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { ReadViralMetrics } from './viral-metrics.js';

const FIRST = new Date('1970-01-01T00:00:00.000Z');
const LAST = new Date('9999-12-31T00:00:00.000Z');

const boundSchema = timestampSchema.refine((at) => at >= FIRST && at <= LAST, 'must lie between 1970 and 9999');

const windowQuery = z
  .strictObject({
    from: boundSchema.optional().meta({ description: 'The first moment that counts; from the beginning unless told.' }),
    to: boundSchema.optional().meta({ description: 'The first moment that no longer counts; no end unless told.' }),
  })
  .refine(({ from = FIRST, to = LAST }) => from <= to, { path: ['to'], message: 'must not lie before from' });

const count = z.int().min(0);
const metricsSchema = z
  .object({
    registrations: count.meta({ description: 'People who registered.' }),
    referredRegistrations: count.meta({ description: 'People who joined below a referrer.' }),
    invitesSent: count.meta({ description: 'Events named invite_sent.' }),
    kFactor: z.number().min(0).meta({ description: 'referredRegistrations / registrations; 0 if nobody registered.' }),
    purchases: count,
    revenue: z
      .array(moneyAnswerSchema)
      .meta({ description: 'By currency: purchases less refunds, each at its own time; may be negative.' }),
    commissions: z
      .array(moneyAnswerSchema)
      .meta({ description: 'By currency: commissions accrued less those taken back, each at its own time.' }),
  })
  .meta({ id: 'ViralMetrics' });

@Controller('v1/metrics')
@Requires({ person: { roles: ['admin'] } })
export class MetricsHttp {
  readonly #metrics: ReadViralMetrics;

  constructor(@Inject(ReadViralMetrics) metrics: ReadViralMetrics) {
    this.#metrics = metrics;
  }

  @Get('viral')
  @Answers(
    { 200: { description: 'The metrics of the window, at most 10 seconds behind.', schema: metricsSchema } },
    {
      summary: 'Read how the tenant grows',
      description: 'Counts what happened from `from` on and before `to`, to the millisecond.',
    },
  )
  async read(
    @Query({ schema: windowQuery }) { from = FIRST, to = LAST }: z.output<typeof windowQuery>,
    @Caller() caller: Principal,
  ): Promise<z.output<typeof metricsSchema>> {
    const { revenue, commissions, ...counts } = await this.#metrics.read(asTenantId(tenantOf(caller)), { from, to });
    return { ...counts, revenue: revenue.map(formatMoney), commissions: commissions.map(formatMoney) };
  }
}
