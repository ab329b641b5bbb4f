const DAY_MS = 86_400_000;
/** Events may lie a day ahead; the rest is time to mend what keeps this from running. */
const DAYS_AHEAD = 4;
/** Received longer ago than this, an id is free again. */
const KEY_MS = 30 * DAY_MS;
const KEYS_AT_ONCE = 5_000;

/** The stores of events, as far as they are cared for. Days are UTC: `2026-06-01`. */
export interface PartitionBook {
  ensure(days: Iterable<string>): Promise<void>;
  /** Drops one partition before this day; false when there is none. */
  dropOldest(firstKept: string): Promise<boolean>;
  /** Forgets ids that were received at this time or before, `limit` at most; returns how many. */
  forgetKeys(receivedBefore: Date, limit: number): Promise<number>;
}

/** The UTC day of a moment. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/**
 * One round of upkeep: makes the partitions of the days to come, drops those that hold only events older than the
 * retention (a day later than they may, so that no event under way finds its partition gone), forgets old ids.
 */
export async function keepUp(
  book: PartitionBook,
  given: { now: Date; retentionDays: number; signal: AbortSignal },
): Promise<void> {
  const { now, retentionDays, signal } = given;
  const ahead = Array.from({ length: DAYS_AHEAD + 1 }, (_, days) => dayOf(daysLater(now, days)));
  await book.ensure(ahead);
  const firstKept = dayOf(daysLater(now, -retentionDays - 1));
  while (!signal.aborted && (await book.dropOldest(firstKept)));
  const receivedBefore = new Date(now.getTime() - KEY_MS);
  while (!signal.aborted && (await book.forgetKeys(receivedBefore, KEYS_AT_ONCE)) === KEYS_AT_ONCE);
}

function daysLater(at: Date, days: number): Date {
  return new Date(at.getTime() + days * DAY_MS);
}
