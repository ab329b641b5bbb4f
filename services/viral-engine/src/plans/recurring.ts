import type { Recurring } from './plan.js';

/** The first purchase of a buyer under a plan (over all its versions), in commit order. */
export interface FirstPurchase {
  readonly purchaseId: string;
  readonly occurredAt: Date;
}

/**
 * Whether a purchase pays under the plan's `recurring`. `first`: only the first purchase recorded, whatever became of
 * it. N months: `occurredAt` lies before the first purchase's `occurredAt` plus N calendar months. A purchase outside
 * pays nothing at all, the website bonus included.
 */
export function isCovered(
  recurring: Recurring,
  purchase: { purchaseId: string; occurredAt: Date },
  first: FirstPurchase,
): boolean {
  if (recurring === 'all') return true;
  if (recurring === 'first') return purchase.purchaseId === first.purchaseId;
  return purchase.occurredAt < addMonthsUtc(first.occurredAt, recurring.months);
}

/** The same day and time so many calendar months later in UTC; a day that the month lacks becomes its last one. */
export function addMonthsUtc(from: Date, months: number): Date {
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + months;
  // Day 0 of the month after is the last day of the month.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const moved = new Date(from);
  moved.setUTCFullYear(year, month, Math.min(from.getUTCDate(), lastDay));
  return moved;
}
