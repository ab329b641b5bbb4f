import { DomainError, type FieldError } from '@dailydoco/errors';
import { type CurrencyCode, formatDecimal, isWholeMinorUnits, type Money } from '@dailydoco/money';
import type { TenantId } from '../ids.js';
import type { Rail, RailKind } from '../rails/rail.js';

/** What rails carry. */
export type PolicyRails = ReadonlyMap<RailKind, Pick<Rail, 'capabilities'>>;

/** The least that one payout by a rail may be, where a tenant asks for more than the rail does. */
export interface Minimum {
  readonly rail: RailKind;
  readonly amount: Money;
}

/** What a tenant's finance asks of payouts. */
export interface PolicyTerms {
  readonly minimums: readonly Minimum[];
  /**
   * Payouts of more than this, alone or with what the person asked for within 24 hours before, need the approval of
   * somebody else than who asked for them; one per currency at most.
   */
  readonly approvalsAbove: readonly Money[];
}

/** One version of it; version 0 with empty terms while nothing was set. */
export interface PayoutPolicy extends PolicyTerms {
  readonly tenantId: TenantId;
  readonly version: number;
  readonly decision: Decision | undefined;
}

/** Who decided something, why and when. */
export interface Decision {
  readonly reason: string;
  readonly by: string;
  readonly at: Date;
}

export function unsetPolicy(tenantId: TenantId): PayoutPolicy {
  return { tenantId, version: 0, minimums: [], approvalsAbove: [], decision: undefined };
}

/**
 * Throws VALIDATION_FAILED naming every term that cannot be: a rail that is not there or does not carry the currency, a
 * minimum outside of what the rail sends, an amount finer than the currency, and a term that was given twice.
 */
export function checkTerms(rails: PolicyRails, { minimums, approvalsAbove }: PolicyTerms): void {
  const fieldErrors = [
    ...minimums.flatMap((minimum, n) => complaint(`minimums.${n}.amount`, minimumError(rails, minimum))),
    ...repeated(
      'minimums',
      minimums.map(({ rail, amount }) => `${rail} ${amount.currency}`),
    ),
    ...approvalsAbove.flatMap((amount, n) => complaint(`approvalsAbove.${n}.amount`, amountError(amount))),
    ...repeated(
      'approvalsAbove',
      approvalsAbove.map(({ currency }) => currency),
    ),
  ];
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
}

function minimumError(rails: PolicyRails, { rail: kind, amount }: Minimum): string | undefined {
  const limits = rails.get(kind)?.capabilities.limits.get(amount.currency);
  if (limits === undefined) return `${kind} does not carry ${amount.currency} here`;
  if (amount.amountMicros < limits.minimumMicros) {
    return `must be at least ${formatDecimal(limits.minimumMicros)}, the least that the rail sends`;
  }
  if (amount.amountMicros > limits.maximumMicros) {
    return `must be at most ${formatDecimal(limits.maximumMicros)}, the most that the rail sends`;
  }
  return amountError(amount);
}

function amountError({ amountMicros, currency }: Money): string | undefined {
  return isWholeMinorUnits(amountMicros, currency) ? undefined : `is finer than ${currency} allows`;
}

function complaint(path: string, message: string | undefined): FieldError[] {
  return message === undefined ? [] : [{ path, message }];
}

function repeated(list: string, keys: readonly string[]): FieldError[] {
  return keys.flatMap((key, n) =>
    keys.indexOf(key) === n ? [] : [{ path: `${list}.${n}`, message: `${key} was told before` }],
  );
}

/** Whether two policies ask for the same, in whatever order. */
export function sameTerms(one: PolicyTerms, other: PolicyTerms): boolean {
  return termsText(one) === termsText(other);
}

function termsText({ minimums, approvalsAbove }: PolicyTerms): string {
  return [
    ...minimums.map(({ rail, amount }) => `minimum ${rail} ${amount.currency} ${amount.amountMicros}`),
    ...approvalsAbove.map(({ currency, amountMicros }) => `approval ${currency} ${amountMicros}`),
  ]
    .toSorted()
    .join('\n');
}

/** The least that a payout may be: the rail's own, or the tenant's where it asks for more. */
export function minimumOf(
  policy: PolicyTerms,
  { kind, currency, railMicros }: { kind: RailKind; currency: CurrencyCode; railMicros: bigint },
): bigint {
  const own = policy.minimums.find(({ rail, amount }) => rail === kind && amount.currency === currency);
  return own === undefined || own.amount.amountMicros < railMicros ? railMicros : own.amount.amountMicros;
}
