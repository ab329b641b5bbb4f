import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, formatMoney, moneyAnswerSchema, positiveMoneySchema, uuidSchema } from '@dailydoco/http';
import { currencyOf, isCurrency, type Money } from '@dailydoco/money';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asPayoutMethodId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { INTERVALS, type Rhythm } from './calendar.js';
import { OUTCOMES, type Schedule } from './schedule.js';
import { Schedules } from './schedules.js';

const currency = z
  .string()
  .refine(isCurrency, 'is not an active ISO 4217 code')
  .transform(currencyOf)
  .meta({ description: 'The currency of the balance that is paid out: one schedule for each.' });

const chosen = { currency, methodId: uuidSchema };

const scheduleBody = z
  .discriminatedUnion('interval', [
    z.strictObject({ currency, interval: z.literal('none') }),
    z.strictObject({ ...chosen, interval: z.literal('daily') }),
    z.strictObject({
      ...chosen,
      interval: z.literal('weekly'),
      day: z.int().min(1).max(7).meta({ description: 'Monday is 1, Sunday 7.' }),
    }),
    z.strictObject({ ...chosen, interval: z.literal('monthly'), day: z.int().min(1).max(28) }),
    z.strictObject({
      ...chosen,
      interval: z.literal('threshold'),
      threshold: positiveMoneySchema.meta({ description: 'Paid once the available balance is this or more.' }),
    }),
  ])
  .meta({ id: 'PayoutScheduleInput' });

const scheduleSchema = z
  .object({
    currency: z.string(),
    interval: z.enum(INTERVALS),
    day: z.int().optional(),
    threshold: moneyAnswerSchema.optional(),
    methodId: uuidSchema,
    nextOn: z.string().meta({ format: 'date', description: 'The day, in UTC, whose payout is next.' }),
    last: z
      .object({
        outcome: z.enum(OUTCOMES).meta({ description: 'paid, or what stood in the way.' }),
        at: z.string().meta({ format: 'date-time' }),
        payoutId: uuidSchema.optional(),
      })
      .optional()
      .meta({ description: 'How the last look at it ended.' }),
  })
  .meta({ id: 'PayoutSchedule' });

type ScheduleView = z.infer<typeof scheduleSchema>;

const schedulesSchema = z.object({ items: z.array(scheduleSchema) }).meta({ id: 'PayoutSchedules' });

@Controller('v1/payout-schedule')
@Requires({ person: true })
export class SchedulesHttp {
  readonly #schedules: Schedules;

  constructor(@Inject(Schedules) schedules: Schedules) {
    this.#schedules = schedules;
  }

  @Get()
  @Answers(
    {
      200: {
        description: 'The own schedules, by currency, each with how its last look ended.',
        schema: schedulesSchema,
      },
    },
    { summary: 'List the own payout schedules' },
  )
  async list(@Caller() caller: Principal): Promise<z.infer<typeof schedulesSchema>> {
    const { tenantId, userId } = viewerOf(caller);
    return { items: (await this.#schedules.list(tenantId, userId)).map(viewSchedule) };
  }

  @Put()
  @Answers(
    { 200: { description: 'The own schedules as they are now.', schema: schedulesSchema } },
    {
      summary: 'Choose when to be paid in one currency',
      description:
        'At the begin of each day of the interval, in UTC, all that is available is paid out in whole minor units; what is below the minimum waits for the next day. `none` ends the schedule. Payouts already asked for go on.',
      problems: ['NOT_FOUND', 'CURRENCY_MISMATCH', 'RAIL_UNREACHABLE'],
    },
  )
  async choose(
    @Body({ schema: scheduleBody }) body: z.output<typeof scheduleBody>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof schedulesSchema>> {
    const { tenantId, userId: personId } = viewerOf(caller);
    const key = { tenantId, personId, currency: body.currency };
    if (body.interval === 'none') await this.#schedules.end(key);
    else {
      const methodId = asPayoutMethodId(body.methodId);
      await this.#schedules.choose(key, { rhythm: rhythmOf(body), methodId });
    }
    return this.list(caller);
  }
}

function rhythmOf(body: Exclude<z.output<typeof scheduleBody>, { interval: 'none' }>): Rhythm {
  switch (body.interval) {
    case 'daily':
      return { interval: body.interval };
    case 'weekly':
    case 'monthly':
      return { interval: body.interval, day: body.day };
    case 'threshold':
      return { interval: body.interval, thresholdMicros: inCurrency(body.threshold, body.currency) };
  }
}

function inCurrency({ amountMicros, currency: own }: Money, wanted: string): bigint {
  if (own !== wanted) throw new DomainError('CURRENCY_MISMATCH');
  return amountMicros;
}

function viewSchedule({ rhythm, last, ...schedule }: Schedule): ScheduleView {
  return {
    currency: schedule.currency,
    interval: rhythm.interval,
    ...('day' in rhythm && { day: rhythm.day }),
    ...('thresholdMicros' in rhythm && {
      threshold: formatMoney({ amountMicros: rhythm.thresholdMicros, currency: schedule.currency }),
    }),
    methodId: schedule.methodId,
    nextOn: schedule.dueOn.toISOString().slice(0, 10),
    ...(last && { last: { outcome: last.outcome, at: last.at.toISOString(), payoutId: last.payoutId } }),
  };
}
