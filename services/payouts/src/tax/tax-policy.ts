import type { CurrencyCode } from '@dailydoco/money';
import { FORM_STATUSES, type FormStatus } from './tax-record.js';

/** What is done about a payout by which the year's total reaches a threshold while there is no valid form. */
export const MISSING_FORM_ACTIONS = ['review', 'ignore'] as const;

/** How a tenant deals with tax. Versions are only ever added; 0 is what holds while nobody has set anything. */
export interface TaxPolicy {
  readonly version: number;
  readonly missingForm: (typeof MISSING_FORM_ACTIONS)[number];
  /** What is withheld from a payout, in basis points of it, by what the person's form is worth; 0: nothing. */
  readonly withholdingBps: Readonly<Record<FormStatus, number>>;
}

/** What is set of a policy; all else is standard. */
export interface TaxPolicyChoice {
  readonly missingForm?: TaxPolicy['missingForm'] | undefined;
  readonly withholdingBps?: { readonly [Status in FormStatus]?: number | undefined } | undefined;
}

/** A policy as it is chosen. Nothing is withheld unless told: what a tenant owes to which state, its advisers know. */
export function policyOf(choice: TaxPolicyChoice, version: number): TaxPolicy {
  const rates = FORM_STATUSES.map((status) => [status, choice.withholdingBps?.[status] ?? 0]);
  return {
    version,
    missingForm: choice.missingForm ?? 'review',
    // Made from all statuses, which the type of entries cannot say.
    withholdingBps: Object.fromEntries(rates) as TaxPolicy['withholdingBps'],
  };
}

export const STANDARD_POLICY: TaxPolicy = policyOf({}, 0);

/** From which total a year's payments to a person have to be reported, from the year on until another row begins. */
export interface TaxThreshold {
  readonly form: string;
  readonly currency: CurrencyCode;
  readonly fromYear: number;
  readonly amountMicros: bigint;
}

/** The threshold of a year and currency; undefined: there is none. */
export function thresholdOf(
  thresholds: readonly TaxThreshold[],
  { year, currency }: { year: number; currency: CurrencyCode },
): TaxThreshold | undefined {
  return thresholds
    .filter((row) => row.currency === currency && row.fromYear <= year)
    .toSorted((a, b) => b.fromYear - a.fromYear)[0];
}
