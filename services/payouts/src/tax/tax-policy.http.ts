import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf, formatMoney, moneyAnswerSchema } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { reasonSchema } from '../plain-text.http.js';
import { type PolicyReport, TaxPolicies } from './tax-policies.js';
import { MISSING_FORM_ACTIONS } from './tax-policy.js';
import { FORM_STATUSES } from './tax-record.js';

const rateSchema = z.int().min(0).max(10_000).optional();
const actionSchema = z.enum(MISSING_FORM_ACTIONS).meta({
  description:
    'review: a payout by which the year’s total reaches the threshold without a valid form waits for a look.',
});

const policyBody = z
  .strictObject({
    missingForm: actionSchema.optional().meta({ description: 'review unless told.' }),
    withholdingBps: z
      .strictObject({
        none: rateSchema,
        w9: rateSchema,
        w9_without_number: rateSchema,
        w8ben: rateSchema,
        eu: rateSchema,
        expired: rateSchema,
      })
      .optional()
      .meta({
        description:
          'What is withheld, in basis points of a payout, by what the person’s form is worth; 0 unless told. A treaty lowers the rate of w8ben.',
      }),
    reason: reasonSchema,
  })
  .meta({ id: 'TaxPolicyInput' });

const policySchema = z
  .object({
    version: z.int().meta({ description: '0 while nobody has set anything.' }),
    missingForm: actionSchema,
    withholdingBps: z.record(z.enum(FORM_STATUSES), z.int()),
    thresholds: z.array(
      z.object({
        form: z.string(),
        fromYear: z.int().meta({ description: 'Until a later year of the form and currency.' }),
        amount: moneyAnswerSchema,
      }),
    ),
  })
  .meta({ id: 'TaxPolicy' });

type PolicyView = z.infer<typeof policySchema>;

@Controller('v1/tax-policy')
export class TaxPolicyHttp {
  readonly #policies: TaxPolicies;

  constructor(@Inject(TaxPolicies) policies: TaxPolicies) {
    this.#policies = policies;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The policy, and the thresholds by year.', schema: policySchema } },
    { summary: 'Read how tax is dealt with' },
  )
  async read(@Caller() caller: Principal): Promise<PolicyView> {
    return viewPolicy(await this.#policies.read(asTenantId(tenantOf(caller))));
  }

  @Put()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The policy as it is set now.', schema: policySchema } },
    {
      summary: 'Set how tax is dealt with',
      description: 'A new version, kept with who set it and why. What is left out is standard.',
    },
  )
  async change(
    @Body({ schema: policyBody }) { reason, ...choice }: z.output<typeof policyBody>,
    @Caller() caller: Principal,
  ): Promise<PolicyView> {
    const tenantId = asTenantId(tenantOf(caller));
    return viewPolicy(await this.#policies.change({ tenantId, choice, reason, changedBy: callerIdOf(caller) }));
  }
}

function viewPolicy({ policy, thresholds }: PolicyReport): PolicyView {
  const { version, missingForm, withholdingBps } = policy;
  return {
    version,
    missingForm,
    withholdingBps: { ...withholdingBps },
    thresholds: thresholds.map(({ form, fromYear, currency, amountMicros }) => ({
      form,
      fromYear,
      amount: formatMoney({ amountMicros, currency }),
    })),
  };
}
