/** A number that a tenant may set: what it is unless it is set, and its bounds, both included. */
export interface Setting {
  readonly standard: number;
  readonly least: number;
  readonly most: number;
}

const within = (standard: number, least: number, most: number): Setting => ({ standard, least, most });

/** How far back a rule may look. */
const MAX_DAYS = 90;
/** Amounts are set in hundreds of minor units, so that one number means much the same in dollars, yen and dinars. */
const hundreds = (standard: number): Setting => within(standard, 1, 1_000_000_000);

/**
 * Every rule, what it looks for in one sentence, whether it is on unless told, and the numbers it goes by.
 * `earnings_too_young` is off unless told: the hold of the plan has passed already when money becomes available.
 */
export const RULES = {
  earnings_too_young: {
    meaning: 'Most of the amount became available only lately.',
    enabled: false,
    settings: { hours: within(24, 1, MAX_DAYS * 24), percent: within(50, 1, 100) },
  },
  recent_reversals: {
    meaning: 'Much of what became available was taken back by refunds or chargebacks lately.',
    enabled: true,
    settings: { days: within(30, 1, MAX_DAYS), reversals: within(3, 1, 10_000), percent: within(25, 1, 100) },
  },
  negative_balance: {
    meaning: 'The available balance was below zero lately.',
    enabled: true,
    settings: { days: within(14, 1, MAX_DAYS) },
  },
  open_disputes: {
    meaning: 'A dispute about money that the person has available already is undecided.',
    enabled: true,
    settings: { disputes: within(1, 1, 1_000) },
  },
  method_changed: {
    meaning: 'The first payout to a method that lately took the place of another, and a large one.',
    enabled: true,
    settings: { days: within(7, 1, MAX_DAYS), hundreds: hundreds(1_000) },
  },
  shared_method: {
    meaning: 'Several people are paid to one account.',
    enabled: true,
    settings: { people: within(3, 2, 1_000) },
  },
  velocity: {
    meaning: 'Many payouts within a day, or far more within a week than in the weeks before.',
    enabled: true,
    settings: { payouts: within(10, 2, 10_000), times: within(5, 2, 1_000), hundreds: hundreds(1_000) },
  },
  first_payout_large: {
    meaning: 'Nothing was ever paid to the person, and this is a large amount.',
    enabled: true,
    settings: { hundreds: hundreds(5_000) },
  },
} as const satisfies Record<string, { meaning: string; enabled: boolean; settings: Record<string, Setting> }>;

/** From which score of 100 on a name is a match with a list: with 88, a letter more or less in each name is found. */
export const NAME_THRESHOLD: Setting = within(88, 75, 100);

export type RuleName = keyof typeof RULES;
// Object.keys cannot know that these are all the keys.
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** How a rule is set: whether it counts at all, and its numbers. */
export type RuleTuning<Rule extends RuleName> = { readonly enabled: boolean } & {
  readonly [Name in keyof (typeof RULES)[Rule]['settings']]: number;
};

/** How a tenant's payouts are looked at. Versions are only ever added; 0 is what holds while nobody has set anything. */
export interface Tuning {
  readonly version: number;
  /** See NAME_THRESHOLD. */
  readonly nameThreshold: number;
  readonly rules: { readonly [Rule in RuleName]: RuleTuning<Rule> };
}

/** What is set of a tuning; all else is standard. */
export interface TuningChoice {
  readonly nameThreshold?: number | undefined;
  readonly rules?: {
    readonly [Rule in RuleName]?:
      | { readonly [Name in keyof RuleTuning<Rule>]?: RuleTuning<Rule>[Name] | undefined }
      | undefined;
  };
}

/** A tuning as it is chosen, with the standard of all that was left out. */
export function tuningOf(choice: TuningChoice, version: number): Tuning {
  const rules = Object.fromEntries(
    RULE_NAMES.map((rule) => {
      const chosen: Readonly<Record<string, unknown>> = choice.rules?.[rule] ?? {};
      const settings = Object.entries(RULES[rule].settings).map(([name, { standard }]) => [
        name,
        chosen[name] ?? standard,
      ]);
      return [rule, { enabled: chosen['enabled'] ?? RULES[rule].enabled, ...Object.fromEntries(settings) }];
    }),
  );
  // The table of rules gives each of them its settings, which the types of entries cannot say.
  return {
    version,
    nameThreshold: choice.nameThreshold ?? NAME_THRESHOLD.standard,
    rules: rules as unknown as Tuning['rules'],
  };
}

export const STANDARD_TUNING: Tuning = tuningOf({}, 0);
