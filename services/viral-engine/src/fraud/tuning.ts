/** A number that a tenant may set: what it is unless it is set, and its bounds, both included. */
interface Setting {
  readonly standard: number;
  readonly least: number;
  readonly most: number;
}

const points = (standard: number): Setting => ({ standard, least: 0, most: 100 });
const within = (standard: number, least: number, most: number): Setting => ({ standard, least, most });

/** Windows reach over full hours (UTC), the one that has begun included. Activity is kept for this long. */
export const MAX_WINDOW_DAYS = 90;
/** The longest chain of referrers that is looked at. */
export const MAX_CHAIN = 16;
/** Clicks are not counted further than this. */
export const MAX_CLICKS = 10_000;

/**
 * Every rule, what it looks for in one sentence, and the numbers it goes by. A standard of 60 points holds by itself;
 * what many honest people have too (an address in common, a fast start) holds nothing before several agree.
 */
export const RULES = {
  self_referral: {
    meaning: 'The buyer and the beneficiary have a mailbox, a device, a card or a place in common.',
    settings: {
      emailPoints: points(60),
      devicePoints: points(60),
      paymentPoints: points(60),
      browserPoints: points(20),
      addressPoints: points(10),
    },
  },
  velocity: {
    meaning: 'Many people whom the beneficiary referred registered, or bought, within a short time.',
    settings: {
      points: points(15),
      windowHours: within(24, 1, 720),
      registrations: within(50, 2, 100_000),
      purchases: within(1_000, 2, 100_000),
    },
  },
  ring: {
    meaning: 'Money goes round: the beneficiary’s purchases pay the buyer, or several buyers below are one.',
    settings: { points: points(60), windowDays: within(30, 1, MAX_WINDOW_DAYS), alike: within(3, 2, 50) },
  },
  disposable_email: {
    meaning: 'The buyer registered with a mailbox to be thrown away.',
    settings: { points: points(20) },
  },
  refund_pattern: {
    meaning: 'Many purchases of people whom the beneficiary referred were refunded in full.',
    settings: {
      points: points(40),
      windowDays: within(30, 1, MAX_WINDOW_DAYS),
      refunds: within(10, 1, 100_000),
      refundedPercent: within(50, 1, 100),
    },
  },
  click_flooding: {
    meaning: 'Many clicks on the beneficiary’s codes, and hardly a registration.',
    settings: {
      points: points(15),
      windowHours: within(24, 1, 720),
      clicks: within(1_000, 10, MAX_CLICKS),
      registrationsPerThousand: within(2, 1, 1_000),
    },
  },
  deep_chain: {
    meaning: 'The buyer stands at the end of a chain of referrals whose members all joined within a short time.',
    settings: {
      points: points(20),
      windowHours: within(24, 1, 720),
      levels: within(8, 2, MAX_CHAIN),
      sinceDays: within(30, 1, MAX_WINDOW_DAYS),
    },
  },
} as const satisfies Record<string, { meaning: string; settings: Record<string, Setting> }>;

export type RuleName = keyof typeof RULES;
// Object.keys cannot know that these are all the keys.
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** How a rule is set: whether it counts at all, and its numbers. */
export type RuleTuning<Rule extends RuleName> = { readonly enabled: boolean } & {
  readonly [Name in keyof (typeof RULES)[Rule]['settings']]: number;
};

/** How a tenant's purchases are scored. Versions are only ever added; 0 is what holds while nobody has set anything. */
export interface Tuning {
  readonly version: number;
  /** The score from which on entries are held, 1 to 100. */
  readonly threshold: number;
  readonly rules: { readonly [Rule in RuleName]: RuleTuning<Rule> };
}

export const THRESHOLD: Setting = { standard: 60, least: 1, most: 100 };

/** What is set of a tuning; all else is standard. */
export interface TuningChoice {
  readonly threshold?: number | undefined;
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
      return [rule, { enabled: chosen['enabled'] ?? true, ...Object.fromEntries(settings) }];
    }),
  );
  // The table of rules gives each of them its settings, which the types of entries cannot say.
  return { version, threshold: choice.threshold ?? THRESHOLD.standard, rules: rules as unknown as Tuning['rules'] };
}

export const STANDARD_TUNING: Tuning = tuningOf({}, 0);
