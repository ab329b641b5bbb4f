import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import type { TrialBalance } from './read-ledger.js';

declare const brand: unique symbol;

/** A month in UTC, such as 2026-11. Its texts sort as the months do. */
export type Period = string & { readonly [brand]: 'period' };

export const PERIOD = /^[0-9]{4}-(0[1-9]|1[0-2])$/;

export const asPeriod = (text: string): Period => text as Period;

export function periodOf(moment: Date): Period {
  return asPeriod(moment.toISOString().slice(0, 7));
}

/** The first moment after the period. */
export function endOf(period: Period): Date {
  const [year, month] = period.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, month, 1));
}

export interface ClosedPeriod {
  readonly tenantId: TenantId;
  readonly period: Period;
  readonly endsAt: Date;
  readonly closedBy: UserId;
  readonly closedAt: Date;
  /** What it came to; undefined for the seconds until that is summed up. */
  readonly outcome: { readonly journals: bigint; readonly totals: readonly PeriodTotal[] } | undefined;
}

export interface PeriodTotal extends TrialBalance {
  readonly currency: CurrencyCode;
}

/**
 * Throws PERIOD_CLOSED for a closed one, CONFLICT for one that is not over, and CONFLICT while an earlier month with
 * journals is open: months close in their order.
 */
export function checkClosable(
  period: Period,
  { now, lastClosed, oldestOpen }: { now: Date; lastClosed: Period | undefined; oldestOpen: Date | undefined },
): void {
  if (lastClosed !== undefined && period <= lastClosed) throw new DomainError('PERIOD_CLOSED');
  if (endOf(period) > now) throw new DomainError('CONFLICT', { detail: 'A period is closed once it is over.' });
  if (oldestOpen !== undefined && periodOf(oldestOpen) < period) {
    throw new DomainError('CONFLICT', { detail: `Close ${periodOf(oldestOpen)} first.` });
  }
}
