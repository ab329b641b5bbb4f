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

/**
 * How long to wait after the attempt number `tries` (from 1) failed, in milliseconds; undefined when it was the last.
 * `random`: from 0 to 1.
 */
export function pauseAfter(tries: number, random: number): number | undefined {
  const pause = RETRY_PAUSES_MS[tries - 1];
  return pause === undefined ? undefined : Math.round(pause * (1 - JITTER / 2 + JITTER * random));
}
