import { type CurrencyCode, MICROS_PER_UNIT, minorDigits } from '@dailydoco/money';

/*
 * The viral score of a member on a day:
 *
 *   score = floor( Σ over levels k = 1 … 7 of weight(k) ÷ 64 × Σ over what happened there of points × 2^(−age ÷ 30) )
 *
 * with the age in whole days (UTC). What happens and its points:
 *
 *   somebody joined on that level        100
 *   somebody there bought, and it stands  20 + 5 × the binary digits of what stands, in minor units (79.00 USD: 13)
 *
 * Weights: 64, 32, 16, 8, 4, 2, 1. So direct conversions weigh most, depth adds, every sale is activity, revenue counts
 * by its order of magnitude (which makes currencies comparable without a rate, and one large customer no champion), and
 * half of everything is gone after 30 days. What is refunded in full is as if it had never been.
 *
 * Nothing is recomputed as days go by. Points are stored grown: multiplied by 2^(day ÷ 30), the day counted from EPOCH.
 * A score is the weighted sum of grown points, divided by today's growth; so the order of two members is the order of
 * their stored sums, today and always. (Forward decay: Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009.)
 */

/** Days in which points lose half of their worth. */
export const HALF_LIFE_DAYS = 30;
const DAY_MS = 86_400_000;
/** Day 0. What is told to be older counts as of this day: it has decayed to nothing anyhow. */
const EPOCH_MS = Date.UTC(2020, 0, 1);
/** Growth is a whole number of 2^-32. */
const GROWTH_BITS = 32n;

export const JOIN_POINTS = 100;
const SALE_POINTS = 20;
const POINTS_PER_DIGIT = 5;

const WEIGHTS = [64n, 32n, 16n, 8n, 4n, 2n, 1n] as const;
const WEIGHT_UNIT = 64n;

/** What a point on this level weighs, in 64ths; 0 on the member's own level and below the seventh. */
export function levelWeight(level: number): bigint {
  return WEIGHTS[level - 1] ?? 0n;
}

/** The growth of each day of a half-life: floor(2^(day ÷ 30) × 2^32), exactly. */
const GROWTHS: readonly bigint[] = Array.from({ length: HALF_LIFE_DAYS }, (_, day) =>
  wholeRoot(1n << (BigInt(day) + GROWTH_BITS * BigInt(HALF_LIFE_DAYS)), HALF_LIFE_DAYS),
);

/** The largest whole number whose nth power is not above the value. */
function wholeRoot(value: bigint, nth: number): bigint {
  let [low, high] = [1n, 1n << (GROWTH_BITS + 1n)];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** BigInt(nth) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** The day of a moment, in whole days since EPOCH, never below 0. */
export function dayOf(moment: Date): number {
  return Math.max(0, Math.floor((moment.getTime() - EPOCH_MS) / DAY_MS));
}

/** What points of a day are multiplied by: 2^(day ÷ 30), in units of 2^-32, floored within each half-life. */
export function growthOn(day: number): bigint {
  const [doublings, rest] = [Math.floor(day / HALF_LIFE_DAYS), day % HALF_LIFE_DAYS];
  return (GROWTHS[rest] ?? 0n) << BigInt(doublings);
}

/** The grown points of somebody who joined. */
export function joinPoints(joinedAt: Date): bigint {
  return BigInt(JOIN_POINTS) * growthOn(dayOf(joinedAt));
}

/** The points of what stands of a sale, before they are grown: 0 when nothing stands. */
export function salePoints(revenueMicros: bigint, currency: CurrencyCode): number {
  if (revenueMicros <= 0n) return 0;
  const minorUnits = (revenueMicros * 10n ** BigInt(minorDigits(currency))) / MICROS_PER_UNIT;
  const digits = minorUnits === 0n ? 0 : minorUnits.toString(2).length;
  return SALE_POINTS + POINTS_PER_DIGIT * digits;
}

/** The score on the day of `now` of stored points that are weighted by level. */
export function scoreOf(weightedPoints: bigint, now: Date): bigint {
  return weightedPoints / (WEIGHT_UNIT * growthOn(dayOf(now)));
}
