import { eventually } from '@dailydoco/testing';

/** Nothing between services takes longer than this, but what a test says has its own bound. */
const ARRIVES_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 200;

/** Suspension and revocation are felt everywhere within this time. */
export const ACCESS_CHANGES_WITHIN_MS = 10_000;
/** Commissions that fall due are released within 60 s; their events then take a moment. */
export const RELEASED_WITHIN_MS = 65_000;
/** Metrics are at most this far behind. */
export const METRICS_WITHIN_MS = 10_000;

/** Looks again until the expectations hold; past the bound throws what did not hold. */
export function soon<T>(look: () => Promise<T>, timeoutMs = ARRIVES_WITHIN_MS): Promise<T> {
  return eventually(look, { timeoutMs, everyMs: LOOK_EVERY_MS });
}
