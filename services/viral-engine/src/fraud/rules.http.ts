import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { ruleSchema } from './review-view.http.js';
import { type RuleReport, Reviews } from './reviews.js';
import { reasonSchema } from './reviews.http.js';
import { RULE_NAMES, RULES, THRESHOLD, type TuningChoice } from './tuning.js';

const bounded = ({ standard, least, most }: { standard: number; least: number; most: number }) =>
  z
    .int()
    .min(least)
    .max(most)
    .optional()
    .meta({ description: `${standard} unless told.` });

/** One rule's settings, as the table of rules has them. */
function settingsOf(rule: (typeof RULE_NAMES)[number]) {
  const numbers = Object.entries(RULES[rule].settings).map(([name, setting]) => [name, bounded(setting)]);
  return z
    .strictObject({
      enabled: z.boolean().optional().meta({ description: 'true unless told.' }),
      ...(Object.fromEntries(numbers) as Record<string, ReturnType<typeof bounded>>),
    })
    .optional()
    .meta({ description: RULES[rule].meaning });
}

const tuningBody = z
  .strictObject({
    threshold: bounded(THRESHOLD),
    rules: z.strictObject(Object.fromEntries(RULE_NAMES.map((rule) => [rule, settingsOf(rule)]))).optional(),
    reason: reasonSchema,
  })
  .meta({ id: 'FraudRulesInput' });

const rulesSchema = z
  .object({
    version: z.int().meta({ description: 'Of the tuning; 0 while nobody has set anything.' }),
    threshold: z.int().meta({ description: 'The score from which on entries are held.' }),
    rules: z.array(
      z.object({
        rule: ruleSchema,
        meaning: z.string(),
        enabled: z.boolean(),
        settings: z.record(z.string(), z.int()),
        decided: z.int().meta({ description: 'Reviews with this rule that people have decided.' }),
        confirmed: z.int(),
        precision: z
          .number()
          .min(0)
          .max(1)
          .nullable()
          .meta({ description: 'confirmed ÷ decided; null while nothing was decided.' }),
      }),
    ),
  })
  .meta({ id: 'FraudRules' });

type RulesView = z.infer<typeof rulesSchema>;

@Controller('v1/fraud/rules')
export class RulesHttp {
  readonly #reviews: Reviews;

  constructor(@Inject(Reviews) reviews: Reviews) {
    this.#reviews = reviews;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The rules, how they are set, and how often they were right.', schema: rulesSchema } },
    { summary: 'Read the fraud rules' },
  )
  async read(@Caller() caller: Principal): Promise<RulesView> {
    return viewRules(await this.#reviews.rules(asTenantId(tenantOf(caller))));
  }

  @Put()
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The rules as they are set now.', schema: rulesSchema } },
    {
      summary: 'Set the fraud rules',
      description: 'A new version, kept with who set it and why. What is left out is standard. It holds from now on.',
    },
  )
  async change(
    @Body({ schema: tuningBody }) { reason, ...chosen }: z.output<typeof tuningBody>,
    @Caller() caller: Principal,
  ): Promise<RulesView> {
    const tenantId = asTenantId(tenantOf(caller));
    // The schema is made from the table of rules, so its output has their shape.
    const choice = chosen as TuningChoice;
    return viewRules(await this.#reviews.changeTuning({ tenantId, choice, reason, changedBy: callerIdOf(caller) }));
  }
}

function viewRules({ tuning, records }: RuleReport): RulesView {
  return {
    version: tuning.version,
    threshold: tuning.threshold,
    rules: records.map(({ rule, decided, confirmed }) => {
      const { enabled, ...settings } = tuning.rules[rule];
      const precision = decided === 0 ? null : confirmed / decided;
      return { rule, meaning: RULES[rule].meaning, enabled, settings, decided, confirmed, precision };
    }),
  };
}
