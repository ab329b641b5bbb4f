import { currencyOf, type Money } from '@dailydoco/money';
import type { CapPeriod, CompanyCap, PlanLimits, Qualification } from './plan-limits.js';

/** Amounts by currency, in micros as text: JSON has no whole numbers of that size. */
type StoredAmounts = Readonly<Record<string, string>>;

/** The limits of a plan version as the columns of plan_version keep them. */
export interface StoredLimits {
  qualification: readonly Qualification[];
  beneficiary_caps: Readonly<Partial<Record<CapPeriod, StoredAmounts>>>;
  company_cap: { period: CapPeriod; mode: CompanyCap['mode']; amounts: StoredAmounts } | null;
}

export function toStoredLimits({ qualification, beneficiaryCaps, companyCap }: PlanLimits): StoredLimits {
  const { day, month, lifetime } = beneficiaryCaps;
  return {
    qualification,
    beneficiary_caps: { day: storedAmounts(day), month: storedAmounts(month), lifetime: storedAmounts(lifetime) },
    company_cap: companyCap === undefined ? null : { ...companyCap, amounts: storedAmounts(companyCap.amounts) },
  };
}

export function fromStoredLimits({ qualification, beneficiary_caps, company_cap }: StoredLimits): PlanLimits {
  const { day, month, lifetime } = beneficiary_caps;
  return {
    qualification,
    beneficiaryCaps: { day: amountsOf(day), month: amountsOf(month), lifetime: amountsOf(lifetime) },
    companyCap: company_cap === null ? undefined : { ...company_cap, amounts: amountsOf(company_cap.amounts) },
  };
}

function storedAmounts(amounts: readonly Money[]): StoredAmounts {
  return Object.fromEntries(amounts.map(({ amountMicros, currency }) => [currency, amountMicros.toString()]));
}

function amountsOf(stored: StoredAmounts | undefined): Money[] {
  return Object.entries(stored ?? {}).map(([currency, micros]) => ({
    amountMicros: BigInt(micros),
    currency: currencyOf(currency),
  }));
}
