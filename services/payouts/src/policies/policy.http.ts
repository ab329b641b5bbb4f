import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf, formatMoney, moneyAnswerSchema, moneySchema, positiveMoneySchema } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { RAIL_KINDS } from '../rails/rail.js';
import { decisionSchema, reasonSchema, viewDecision } from './decision.http.js';
import { Policies, type Stop } from './policies.js';
import type { PayoutPolicy } from './policy.js';

const MAX_TERMS = 200;

const policyBody = z
  .strictObject({
    minimums: z
      .array(z.strictObject({ rail: z.enum(RAIL_KINDS), amount: positiveMoneySchema }))
      .max(MAX_TERMS)
      .meta({ description: 'The least one payout may be, by rail and currency; never less than the rail’s own.' }),
    approvalsAbove: z.array(moneySchema).max(MAX_TERMS).meta({
      description:
        'Payouts of more than this need an approval, by currency, and those with which a person asks for more than this within 24 hours; a currency left out needs none.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'PayoutPolicyInput' });

const stopBody = z.strictObject({ stopped: z.boolean(), reason: reasonSchema }).meta({ id: 'PayoutStopInput' });

const stopSchema = z
  .object({ stopped: z.boolean(), decision: decisionSchema.optional() })
  .meta({ id: 'PayoutStop', description: 'Whether all payouts stand still, and by whose last word.' });

const policySchema = z
  .object({
    version: z.int().meta({ description: '0 while nobody has set anything.' }),
    minimums: z.array(z.object({ rail: z.enum(RAIL_KINDS), amount: moneyAnswerSchema })),
    approvalsAbove: z.array(moneyAnswerSchema),
    decision: decisionSchema.optional(),
    stop: stopSchema,
  })
  .meta({ id: 'PayoutPolicy' });

@Controller('v1/payout-policy')
export class PolicyHttp {
  readonly #policies: Policies;

  constructor(@Inject(Policies) policies: Policies) {
    this.#policies = policies;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The policy as it holds, and whether payouts are stopped.', schema: policySchema } },
    { summary: 'Read the payout policy' },
  )
  async read(@Caller() caller: Principal): Promise<z.infer<typeof policySchema>> {
    return viewPolicy(await this.#policies.read(asTenantId(tenantOf(caller))));
  }

  @Put()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The policy as it holds now.', schema: policySchema } },
    {
      summary: 'Set the payout policy',
      description:
        'A new version, kept with who set it and why; what is left out no longer holds. Payouts already asked for keep their amount.',
    },
  )
  async change(
    @Body({ schema: policyBody }) { reason, ...terms }: z.output<typeof policyBody>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof policySchema>> {
    const tenantId = asTenantId(tenantOf(caller));
    return viewPolicy(await this.#policies.change(tenantId, terms, { reason, by: callerIdOf(caller) }));
  }

  @Put('stop')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'Whether payouts are stopped now.', schema: stopSchema } },
    {
      summary: 'Stop all payouts, or let them go on',
      description:
        'While they are stopped nobody can ask for one and none goes to a rail. What a rail was told before is not called back.',
    },
  )
  async stop(
    @Body({ schema: stopBody }) { stopped, reason }: z.output<typeof stopBody>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof stopSchema>> {
    const tenantId = asTenantId(tenantOf(caller));
    return viewStop(await this.#policies.setStop(tenantId, stopped, { reason, by: callerIdOf(caller) }));
  }
}

function viewPolicy({ policy, stop }: { policy: PayoutPolicy; stop: Stop }): z.infer<typeof policySchema> {
  return {
    version: policy.version,
    minimums: policy.minimums.map(({ rail, amount }) => ({ rail, amount: formatMoney(amount) })),
    approvalsAbove: policy.approvalsAbove.map(formatMoney),
    decision: policy.decision && viewDecision(policy.decision),
    stop: viewStop(stop),
  };
}

function viewStop({ stopped, decision }: Stop): z.infer<typeof stopSchema> {
  return { stopped, decision: decision && viewDecision(decision) };
}
