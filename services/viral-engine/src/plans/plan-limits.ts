import type { FieldError } from '@dailydoco/errors';
import type { CurrencyCode, Money } from '@dailydoco/money';

/** What an ancestor must have before a level pays. Both numbers are asked; zero asks nothing. */
export interface Qualification {
  /** 1–7, one of the plan's levels. */
  readonly level: number;
  /** Purchases of the ancestor's own, not refunded in full. */
  readonly minOwnPurchases: number;
  /** Active members whose referrer the ancestor is. */
  readonly minActiveReferrals: number;
}

export const CAP_PERIODS = ['day', 'month', 'lifetime'] as const;

/** The UTC day or month in which a purchase is recorded, or all the life of the plan over its versions. */
export type CapPeriod = (typeof CAP_PERIODS)[number];

/** What one person may earn under the plan in each period, per currency; a currency that is not named has no cap. */
export type BeneficiaryCaps = Readonly<Record<CapPeriod, readonly Money[]>>;

/**
 * What everybody together may earn under the plan in a period, per currency. The purchase that would go over it is
 * paid in proportion (`pro_rata`) or not at all (`stop`); after it nothing is paid until the period ends.
 */
export interface CompanyCap {
  readonly period: CapPeriod;
  readonly mode: 'pro_rata' | 'stop';
  readonly amounts: readonly Money[];
}

/** The limits of a plan version besides its rates. */
export interface PlanLimits {
  readonly qualification: readonly Qualification[];
  readonly beneficiaryCaps: BeneficiaryCaps;
  readonly companyCap: CompanyCap | undefined;
}

export const NO_LIMITS: PlanLimits = {
  qualification: [],
  beneficiaryCaps: { day: [], month: [], lifetime: [] },
  companyCap: undefined,
};

/** The most that qualification may ask, of purchases and of referrals: what is counted stops there. */
export const MAX_QUALIFICATION = 1_000;

/** The amount of one currency; undefined: there is no cap in it. */
export function capIn(amounts: readonly Money[], currency: CurrencyCode): bigint | undefined {
  return amounts.find((amount) => amount.currency === currency)?.amountMicros;
}

/** How counters name the periods that a moment lies in. */
export type PeriodNames = Readonly<Record<CapPeriod, string>>;

/** The periods that a moment lies in, in UTC: 2026-06-01, 2026-06, and lifetime. */
export function periodsAt(at: Date): PeriodNames {
  const day = at.toISOString().slice(0, 10);
  return { day, month: day.slice(0, 7), lifetime: 'lifetime' };
}

/** Which counters a plan keeps in a currency. */
export interface CountedPeriods {
  readonly beneficiary: readonly CapPeriod[];
  readonly company: readonly CapPeriod[];
}

/**
 * What has to be counted of a plan in a currency: every period that any of its versions caps, whichever version
 * decides a purchase. Undefined: no version caps anything, so nothing is counted.
 */
export function countedPeriods(versions: readonly PlanLimits[], currency: CurrencyCode): CountedPeriods | undefined {
  const beneficiary = CAP_PERIODS.filter((period) =>
    versions.some(({ beneficiaryCaps }) => capIn(beneficiaryCaps[period], currency) !== undefined),
  );
  const company = CAP_PERIODS.filter((period) =>
    versions.some(
      ({ companyCap }) => companyCap?.period === period && capIn(companyCap.amounts, currency) !== undefined,
    ),
  );
  return beneficiary.length === 0 && company.length === 0 ? undefined : { beneficiary, company };
}

/** Everything wrong with the limits of a plan of so many levels. */
export function checkLimits(
  { qualification, beneficiaryCaps, companyCap }: PlanLimits,
  { levels }: { levels: number },
): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (path: string, message: string): number => errors.push({ path, message });
  qualification.forEach(({ level, minOwnPurchases, minActiveReferrals }, index) => {
    const path = `qualification.${index}`;
    if (!isWithin(level, 1, levels)) wrong(`${path}.level`, `must be one of the plan's levels, 1 to ${levels}`);
    if (qualification.findIndex((each) => each.level === level) !== index) wrong(`${path}.level`, 'is named twice');
    if (!isWithin(minOwnPurchases, 0, MAX_QUALIFICATION)) wrong(`${path}.minOwnPurchases`, COUNT_MESSAGE);
    if (!isWithin(minActiveReferrals, 0, MAX_QUALIFICATION)) wrong(`${path}.minActiveReferrals`, COUNT_MESSAGE);
    if (minOwnPurchases === 0 && minActiveReferrals === 0) {
      wrong(path, 'must ask for own purchases or active referrals');
    }
  });
  for (const period of CAP_PERIODS) errors.push(...checkAmounts(beneficiaryCaps[period], `beneficiaryCaps.${period}`));
  if (companyCap !== undefined) {
    if (companyCap.amounts.length === 0) wrong('companyCap.amounts', 'must name an amount');
    errors.push(...checkAmounts(companyCap.amounts, 'companyCap.amounts'));
  }
  return errors;
}

const COUNT_MESSAGE = `must be a whole number from 0 to ${MAX_QUALIFICATION}`;

function checkAmounts(amounts: readonly Money[], path: string): FieldError[] {
  return amounts.flatMap(({ amountMicros, currency }, index) => {
    const errors: FieldError[] = [];
    if (amountMicros <= 0n) errors.push({ path: `${path}.${index}.amount`, message: 'must be greater than 0' });
    if (amounts.findIndex((each) => each.currency === currency) !== index) {
      errors.push({ path: `${path}.${index}.currency`, message: 'is named twice' });
    }
    return errors;
  });
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
