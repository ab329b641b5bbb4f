import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { reasonSchema } from '../plain-text.http.js';
import { RiskRules, type RuleReport } from './risk-rules.js';
import { NAME_THRESHOLD, RULE_NAMES, type RuleName, RULES, type Setting, type TuningChoice } from './tuning.js';

const bounded = ({ standard, least, most }: Setting) =>
  z
    .int()
    .min(least)
    .max(most)
    .optional()
    .meta({ description: `${standard} unless told.` });

/** One rule's settings, as the table of rules has them. */
function settingsOf(rule: RuleName) {
  const numbers = Object.entries(RULES[rule].settings).map(([name, setting]) => [name, bounded(setting)]);
  return z
    .strictObject({
      enabled: z
        .boolean()
        .optional()
        .meta({ description: `${RULES[rule].enabled} unless told.` }),
      ...(Object.fromEntries(numbers) as Record<string, ReturnType<typeof bounded>>),
    })
    .optional()
    .meta({ description: RULES[rule].meaning });
}

const tuningBody = z
  .strictObject({
    nameThreshold: bounded(NAME_THRESHOLD),
    rules: z.strictObject(Object.fromEntries(RULE_NAMES.map((rule) => [rule, settingsOf(rule)]))).optional(),
    reason: reasonSchema,
  })
  .meta({ id: 'RiskRulesInput' });

const rulesSchema = z
  .object({
    version: z.int().meta({ description: 'Of the tuning; 0 while nobody has set anything.' }),
    nameThreshold: z.int().meta({ description: 'The score of 100 from which on a name is a match with a list.' }),
    rules: z.array(
      z.object({
        rule: z.enum(RULE_NAMES).meta({ description: 'The code of its findings.' }),
        meaning: z.string(),
        enabled: z.boolean(),
        settings: z.record(z.string(), z.int()).meta({
          description: 'hundreds: an amount in hundreds of minor units, so that 1 is 1 USD, 100 JPY or 0.1 KWD.',
        }),
        decided: z.int().meta({ description: 'Findings of this rule that people have decided.' }),
        upheld: z.int().meta({ description: 'Of them, those for which the payout was refused.' }),
        precision: z
          .number()
          .min(0)
          .max(1)
          .nullable()
          .meta({ description: 'upheld ÷ decided; null while nothing was decided.' }),
      }),
    ),
  })
  .meta({ id: 'RiskRules' });

type RulesView = z.infer<typeof rulesSchema>;

@Controller('v1/risk/rules')
export class RiskRulesHttp {
  readonly #rules: RiskRules;

  constructor(@Inject(RiskRules) rules: RiskRules) {
    this.#rules = rules;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The rules, how they are set, and how often they were right.', schema: rulesSchema } },
    { summary: 'Read the rules that stop payouts for review' },
  )
  async read(@Caller() caller: Principal): Promise<RulesView> {
    return viewRules(await this.#rules.read(asTenantId(tenantOf(caller))));
  }

  @Put()
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The rules as they are set now.', schema: rulesSchema } },
    {
      summary: 'Set the rules that stop payouts for review',
      description:
        'A new version, kept with who set it and why. What is left out is standard. It holds for payouts that are screened from now on; with another threshold of names, everybody who was screened is screened again.',
    },
  )
  async change(
    @Body({ schema: tuningBody }) { reason, ...chosen }: z.output<typeof tuningBody>,
    @Caller() caller: Principal,
  ): Promise<RulesView> {
    const tenantId = asTenantId(tenantOf(caller));
    // The schema is made from the table of rules, so its output has their shape.
    const choice = chosen as TuningChoice;
    return viewRules(await this.#rules.change({ tenantId, choice, reason, changedBy: callerIdOf(caller) }));
  }
}

function viewRules({ tuning, records }: RuleReport): RulesView {
  return {
    version: tuning.version,
    nameThreshold: tuning.nameThreshold,
    rules: records.map(({ rule, decided, upheld }) => {
      const { enabled, ...settings } = tuning.rules[rule];
      const precision = decided === 0 ? null : upheld / decided;
      return { rule, meaning: RULES[rule].meaning, enabled, settings, decided, upheld, precision };
    }),
  };
}
