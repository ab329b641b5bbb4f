const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first attempt, the second and so on, as Standard Webhooks suggests: a little over three days in all. */
export const RETRY_PAUSES_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** A subscription none of whose messages was taken for so long is disabled. */
export const FAILING_FOR_MS = 5 * 24 * HOUR_MS;

/** Spread of a pause, so that what failed together does not come back together. */
const JITTER = 0.2;

/** A receiver may ask for so much time at once and no more, so that it cannot keep messages for ever. */
export const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;

/**
 * What `Retry-After` asks for, in milliseconds from `now`: seconds, or a date as HTTP writes it (RFC 9110, 10.2.3).
 * Between 0 and RETRY_AFTER_MAX_MS; 0 for whatever cannot be read.
 */
export function retryAfterMs(header: string | undefined, now: Date): number {
  const text = header?.trim() ?? '';
  const isDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text);
  const asked = /^\d{1,10}$/.test(text) ? Number(text) * SECOND_MS : isDate ? Date.parse(text) - now.getTime() : 0;
  return Number.isNaN(asked) ? 0 : Math.min(Math.max(asked, 0), RETRY_AFTER_MAX_MS);
}

/**
 * How long to wait after the attempt number `tries` (from 1) failed, in milliseconds; undefined when it was the last.
 * `random`: from 0 to 1. `askedMs`: the least that the receiver has asked for.
 */
export function pauseAfter(tries: number, random: number, askedMs = 0): number | undefined {
  const pause = RETRY_PAUSES_MS[tries - 1];
  return pause === undefined ? undefined : Math.max(askedMs, Math.round(pause * (1 - JITTER / 2 + JITTER * random)));
}
