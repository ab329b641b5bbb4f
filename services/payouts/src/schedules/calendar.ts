export const INTERVALS = ['daily', 'weekly', 'monthly', 'threshold'] as const;

/**
 * When somebody is paid. Days begin at midnight UTC. A week's days count from Monday, 1, to Sunday, 7; a month's to 28,
 * which every month has. `threshold` has no day of its own: it is looked at again and again, and paid once a day at most.
 */
export type Rhythm =
  | { readonly interval: 'daily' }
  | { readonly interval: 'weekly'; readonly day: number }
  | { readonly interval: 'monthly'; readonly day: number }
  | { readonly interval: 'threshold'; readonly thresholdMicros: bigint };

const DAY_MS = 86_400_000;
const DAYS_OF_A_WEEK = 7;

/** Midnight, UTC, at which the day of a moment began. */
export function dayOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);
}

/** The first midnight after a moment, never the moment itself, that begins a day of the rhythm. */
export function nextDay(rhythm: Rhythm, after: Date): Date {
  const tomorrow = new Date(dayOf(after).getTime() + DAY_MS);
  switch (rhythm.interval) {
    case 'daily':
    case 'threshold':
      return tomorrow;
    case 'weekly': {
      const today = tomorrow.getUTCDay() === 0 ? DAYS_OF_A_WEEK : tomorrow.getUTCDay();
      const wait = (rhythm.day - today + DAYS_OF_A_WEEK) % DAYS_OF_A_WEEK;
      return new Date(tomorrow.getTime() + wait * DAY_MS);
    }
    case 'monthly': {
      const monthsOn = tomorrow.getUTCDate() > rhythm.day ? 1 : 0;
      return new Date(Date.UTC(tomorrow.getUTCFullYear(), tomorrow.getUTCMonth() + monthsOn, rhythm.day));
    }
  }
}

/** When a schedule that was chosen just now is looked at first: a threshold at once, the others on their next day. */
export function firstLook(rhythm: Rhythm, now: Date): Date {
  return rhythm.interval === 'threshold' ? now : nextDay(rhythm, now);
}
