const DAY_MS = 86_400_000;
const SPELLING = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/**
 * What was recorded on a day is committed this long after it at the latest: statements are cut off long before, and what
 * viral-engine told by then is in flight no more.
 */
export const SETTLES_MS = 15 * 60_000;

/** A day in UTC: `2026-11-21`. */
export interface Day {
  readonly text: string;
  readonly startsAt: Date;
  /** The first moment after it. */
  readonly endsAt: Date;
  /** From when on it can be told what the day came to. */
  readonly settledAt: Date;
}

/** The day of that spelling; undefined when there is none, such as 2026-02-30. */
export function parseDay(text: string): Day | undefined {
  if (!SPELLING.test(text)) return undefined;
  const startsAt = new Date(`${text}T00:00:00.000Z`);
  if (Number.isNaN(startsAt.getTime()) || startsAt.toISOString().slice(0, 10) !== text) return undefined;
  return dayFrom(startsAt);
}

/** The last day that can be told at this time. */
export function lastSettledDay(now: Date): Day {
  const midnight = Math.floor((now.getTime() - SETTLES_MS) / DAY_MS) * DAY_MS;
  return dayFrom(new Date(midnight - DAY_MS));
}

/** The days after `from` up to `to`, oldest first, at most so many of the latest; without `from` the day `to` alone. */
export function daysBetween({ from, to, limit }: { from: Day | undefined; to: Day; limit: number }): Day[] {
  const first = from === undefined ? to.startsAt.getTime() : from.endsAt.getTime();
  const earliest = Math.max(first, to.startsAt.getTime() - (limit - 1) * DAY_MS);
  const count = Math.max(0, Math.round((to.endsAt.getTime() - earliest) / DAY_MS));
  return Array.from({ length: count }, (_, n) => dayFrom(new Date(earliest + n * DAY_MS)));
}

function dayFrom(startsAt: Date): Day {
  const endsAt = new Date(startsAt.getTime() + DAY_MS);
  const settledAt = new Date(endsAt.getTime() + SETTLES_MS);
  return { text: startsAt.toISOString().slice(0, 10), startsAt, endsAt, settledAt };
}
