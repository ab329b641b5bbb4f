import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, formatMoney, leavingOf, moneyAnswerSchema, timestampSchema, uuidSchema } from '@dailydoco/http';
import type { CurrencyCode } from '@dailydoco/money';
import { Body, Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CUT_RULES } from '../commissions/limit-entries.js';
import { asTenantId } from '../ids.js';
import { planInputShape, toTerms } from '../plans/plan-input.http.js';
import type { SimulatedCurrency, SimulatedPerson, SimulatedShares } from './plan-simulation.js';
import { SimulatePlan } from './simulate-plan.js';

const DEFAULT_TOP = 20;
const MAX_TOP = 200;

const simulationBody = z
  .strictObject({
    plan: z.strictObject(planInputShape).meta({
      description: 'The proposed plan. One that names streams or product tags replays their purchases, else all.',
    }),
    from: timestampSchema.meta({ description: 'Purchases recorded from here on …' }),
    to: timestampSchema.meta({ description: '… and before this; at most 366 days later.' }),
    top: z
      .int()
      .min(1)
      .max(MAX_TOP)
      .default(DEFAULT_TOP)
      .meta({ description: 'How many of those who gain most, and of those who lose most, are named per currency.' }),
  })
  .meta({ id: 'PlanSimulationInput' });

const sharesSchema = z.object({
  commissions: moneyAnswerSchema,
  house: moneyAnswerSchema.meta({ description: 'revenue − commissions.' }),
  byLevel: z
    .array(z.object({ level: z.int().nullable(), amount: moneyAnswerSchema }))
    .meta({ description: 'The website bonus (level null), then levels 1 to 7.' }),
  cuts: z
    .array(z.object({ rule: z.enum(CUT_RULES), amount: moneyAnswerSchema }))
    .meta({ description: 'What each limit took off; it stays with the house.' }),
});

const personSchema = z.object({
  beneficiaryId: uuidSchema,
  now: moneyAnswerSchema,
  proposed: moneyAnswerSchema,
  difference: moneyAnswerSchema.meta({ description: 'proposed − now.' }),
});

const simulationSchema = z
  .object({
    purchases: z.int(),
    currencies: z.array(
      z.object({
        currency: z.string(),
        purchases: z.int(),
        revenue: moneyAnswerSchema,
        now: sharesSchema.meta({ description: 'What the purchases paid at their split, before any refund.' }),
        proposed: sharesSchema.meta({ description: 'What they would have paid.' }),
        gaining: z.int().meta({ description: 'How many people would earn more.' }),
        losing: z.int(),
        unchanged: z.int(),
        gains: z.array(personSchema).meta({ description: 'Those who gain most first.' }),
        losses: z.array(personSchema).meta({ description: 'Those who lose most first.' }),
      }),
    ),
  })
  .meta({ id: 'PlanSimulation' });

type SimulationView = z.infer<typeof simulationSchema>;

@Controller('v1')
@Requires({ person: { roles: ['admin'] } })
export class SimulationsHttp {
  readonly #simulatePlan: SimulatePlan;

  constructor(@Inject(SimulatePlan) simulatePlan: SimulatePlan) {
    this.#simulatePlan = simulatePlan;
  }

  // The router reads `::` as a colon that begins no parameter.
  @Post('plans::simulate')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'What the plan would have changed.', schema: simulationSchema } },
    {
      summary: 'Simulate a plan',
      description:
        'Replays real purchases in the order of recording against a plan that is not added, limits included, and writes nothing. ' +
        'Referrers count as they did at the purchase; what qualification goes by counts as it stands now; caps begin unused. ' +
        'It ends when the caller leaves.',
      problems: ['OVERLOADED'],
    },
  )
  async simulate(
    @Body({ schema: simulationBody }) body: z.output<typeof simulationBody>,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SimulationView> {
    const { plan, from, to, top } = body;
    const tenantId = asTenantId(tenantOf(caller));
    const { purchases, currencies } = await this.#simulatePlan.simulate({
      tenantId,
      proposed: toTerms(plan),
      from,
      to,
      top,
      signal: leavingOf(reply),
    });
    return { purchases, currencies: currencies.map(viewCurrency) };
  }
}

type ViewMoney = (micros: bigint) => z.infer<typeof moneyAnswerSchema>;

function viewCurrency(of: SimulatedCurrency): SimulationView['currencies'][number] {
  const money = moneyIn(of.currency);
  return {
    currency: of.currency,
    purchases: of.purchases,
    revenue: money(of.revenueMicros),
    now: viewShares(of.now, money),
    proposed: viewShares(of.proposed, money),
    gaining: of.gaining,
    losing: of.losing,
    unchanged: of.unchanged,
    gains: of.gains.map((person) => viewPerson(person, money)),
    losses: of.losses.map((person) => viewPerson(person, money)),
  };
}

function moneyIn(currency: CurrencyCode): ViewMoney {
  return (amountMicros) => formatMoney({ amountMicros, currency });
}

function viewShares(shares: SimulatedShares, money: ViewMoney): z.infer<typeof sharesSchema> {
  return {
    commissions: money(shares.commissionsMicros),
    house: money(shares.houseMicros),
    byLevel: shares.byLevelMicros.map((micros, level) => ({
      level: level === 0 ? null : level,
      amount: money(micros),
    })),
    cuts: CUT_RULES.map((rule) => ({ rule, amount: money(shares.cutsMicros[rule]) })),
  };
}

function viewPerson(person: SimulatedPerson, money: ViewMoney): z.infer<typeof personSchema> {
  const { userId: beneficiaryId, nowMicros, proposedMicros } = person;
  return {
    beneficiaryId,
    now: money(nowMicros),
    proposed: money(proposedMicros),
    difference: money(proposedMicros - nowMicros),
  };
}
