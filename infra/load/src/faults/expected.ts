import { formatDecimal } from '@dailydoco/money';

/** What every purchase of the storm costs, in micros: 79.00. */
export const PRICE_MICROS = 79_000_000n;
/** The plan `standard`, level 1 to 7, in basis points. */
const LEVELS_BPS = [2000n, 1500n, 1000n, 800n, 500n, 300n, 200n] as const;

/**
 * What each person of a chain must have earned once every purchase counts exactly once: an account of its own beside the
 * engine's, from the numbers of the plan alone. `boughtBy[i]` is how many purchases person i made; the root is person 0.
 */
export function expectedEarnings(boughtBy: readonly number[]): bigint[] {
  return boughtBy.map((_, earner) =>
    LEVELS_BPS.reduce((sum, rateBps, index) => {
      const purchases = BigInt(boughtBy[earner + index + 1] ?? 0);
      return sum + purchases * ((PRICE_MICROS * rateBps) / 10_000n);
    }, 0n),
  );
}

/** How far what stands is from what must stand: lost counts what is missing, doubled what is too much. */
export function compareEarnings(
  expected: readonly bigint[],
  actual: readonly bigint[],
): { lost: string; extra: string } {
  let lost = 0n;
  let extra = 0n;
  for (const [index, due] of expected.entries()) {
    const difference = (actual[index] ?? 0n) - due;
    if (difference < 0n) lost -= difference;
    else extra += difference;
  }
  return { lost: formatDecimal(lost), extra: formatDecimal(extra) };
}
