/** Basis points in one whole: a rate of 2000n is 20 %. */
export const BPS = 10_000n;

/**
 * floor(a × b / c), exact at any size. Every share of money is computed by it, and what the floor leaves stays with
 * the house. `a` and `b` are 0 or more and `c` more than 0, else RangeError: with a negative number "floor" and
 * "truncate" differ, and no rule of ours divides one.
 */
export function mulDivFloor(a: bigint, b: bigint, c: bigint): bigint {
  if (a < 0n || b < 0n) throw new RangeError('mulDivFloor takes no negative numbers');
  if (c <= 0n) throw new RangeError('mulDivFloor divides by positive numbers only');
  return (a * b) / c;
}

/** What `allocateFloor` makes of a total: one share per weight, and what the floors left. */
export interface Allocation {
  shares: bigint[];
  rest: bigint;
}

/**
 * Splits `total` by weight, every share floored; the rest is the house's. shares + rest = total, always. Weights that
 * are all zero (or none at all) leave the whole total as rest. Negative numbers: RangeError.
 */
export function allocateFloor(total: bigint, weights: readonly bigint[]): Allocation {
  const weightSum = sumOf(weights);
  if (weightSum === 0n) return { shares: weights.map(() => 0n), rest: assertNotNegative(total) };
  const shares = weights.map((weight) => mulDivFloor(total, weight, weightSum));
  return { shares, rest: total - sumOf(shares) };
}

/**
 * Splits `total` by weight and hands out all of it: the shares sum to the total exactly. By largest remainder: shares
 * are floored, then one micro more goes to those that lost most by flooring, the earlier one first among equals. For
 * splits that leave nothing to a house; a commission is `mulDivFloor`. RangeError for negative numbers, and when all
 * weights are zero while there is something to hand out.
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  const weightSum = sumOf(weights);
  const { shares, rest } = allocateFloor(total, weights);
  if (rest > 0n && weightSum === 0n) throw new RangeError('allocate needs a weight above zero');
  const byLoss = weights
    .map((weight, index) => ({ index, loss: weightSum === 0n ? 0n : (total * weight) % weightSum }))
    .toSorted((left, right) => compare(right.loss, left.loss) || left.index - right.index);
  // The rest is smaller than the number of shares that lost something, so each gets at most one micro.
  const lucky = new Set(byLoss.slice(0, Number(rest)).map(({ index }) => index));
  return shares.map((share, index) => (lucky.has(index) ? share + 1n : share));
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + assertNotNegative(value), 0n);
}

function assertNotNegative(value: bigint): bigint {
  if (value < 0n) throw new RangeError('allocate takes no negative numbers');
  return value;
}

function compare(left: bigint, right: bigint): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
