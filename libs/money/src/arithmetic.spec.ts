import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BPS, MAX_PURCHASE_MICROS, allocate, allocateFloor, mulDivFloor } from './index.js';

const LARGEST_BALANCE = 10n ** 38n;
const amount = fc.bigInt({ min: 0n, max: LARGEST_BALANCE });
const positive = fc.bigInt({ min: 1n, max: LARGEST_BALANCE });
const weights = fc.array(fc.bigInt({ min: 0n, max: LARGEST_BALANCE }), { maxLength: 12 });
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

describe('mulDivFloor', () => {
  it.each([
    [79_000_000n, 2_000n, BPS, 15_800_000n],
    [79_000_000n, 50n, BPS, 395_000n],
    [1n, 9_999n, BPS, 0n],
    [2n, 5_000n, BPS, 1n],
    [7n, 7n, 3n, 16n],
    [0n, 7n, 3n, 0n],
    // The largest purchase, at the largest rate, with the largest boost: exact, where a number would not be.
    [MAX_PURCHASE_MICROS, 10_000n * 20_000n, BPS * BPS, 2n * MAX_PURCHASE_MICROS],
    [MAX_PURCHASE_MICROS - 1n, 9_999n * 19_999n, BPS * BPS, 1_999_700_009_999_998n],
    [LARGEST_BALANCE - 1n, LARGEST_BALANCE - 1n, LARGEST_BALANCE, LARGEST_BALANCE - 2n],
  ])('%s × %s / %s is %s', (a, b, c, quotient) => {
    expect(mulDivFloor(a, b, c)).toBe(quotient);
  });

  it('is the one whole number q with q × c ≤ a × b < (q + 1) × c', () => {
    fc.assert(
      fc.property(amount, amount, positive, (a, b, c) => {
        const q = mulDivFloor(a, b, c);
        expect(q * c <= a * b).toBe(true);
        expect(a * b < (q + 1n) * c).toBe(true);
      }),
    );
  });

  it('never pays more than the amount at rates up to one whole', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 0n, max: BPS }), (a, rateBps) => {
        expect(mulDivFloor(a, rateBps, BPS) <= a).toBe(true);
      }),
    );
  });

  it.each([
    [-1n, 1n, 1n],
    [1n, -1n, 1n],
    [1n, 1n, 0n],
    [1n, 1n, -1n],
  ])('refuses %s × %s / %s', (a, b, c) => {
    expect(() => mulDivFloor(a, b, c)).toThrow(RangeError);
  });
});

describe('allocateFloor', () => {
  it('leaves to the house what the floors leave', () => {
    expect(allocateFloor(100n, [1n, 1n, 1n])).toEqual({ shares: [33n, 33n, 33n], rest: 1n });
  });

  it.each([[[]], [[0n, 0n]]])('leaves everything to the house for the weights %j', (none: bigint[]) => {
    expect(allocateFloor(5n, none)).toEqual({ shares: none, rest: 5n });
  });

  it('conserves the total, and every share is its own floor', () => {
    fc.assert(
      fc.property(amount, weights, (total, weights) => {
        const { shares, rest } = allocateFloor(total, weights);
        expect(sum(shares) + rest).toBe(total);
        expect(rest >= 0n).toBe(true);
        fc.pre(sum(weights) > 0n);
        expect(shares).toEqual(weights.map((weight) => mulDivFloor(total, weight, sum(weights))));
        expect(rest < BigInt(weights.length)).toBe(true);
      }),
    );
  });

  it.each([
    [-1n, [1n]],
    [-1n, [0n]],
    [1n, [1n, -1n]],
  ])('refuses to split %s by %j', (total: bigint, weights: bigint[]) => {
    expect(() => allocateFloor(total, weights)).toThrow(RangeError);
  });
});

describe('allocate', () => {
  it.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [101n, [1n, 1n, 1n], [34n, 34n, 33n]],
    [10n, [6n, 3n, 1n], [6n, 3n, 1n]],
    // 5 × 1/8, 5 × 3/8, 5 × 4/8 are 0.625, 1.875, 2.5: the two that lost most get the rest.
    [5n, [1n, 3n, 4n], [1n, 2n, 2n]],
    [1n, [0n, 1n, 0n], [0n, 1n, 0n]],
    [0n, [0n, 0n], [0n, 0n]],
    [0n, [], []],
    [MAX_PURCHASE_MICROS, [1n, 1n, 1n], [333_333_333_333_334n, 333_333_333_333_333n, 333_333_333_333_333n]],
  ])('splits %s by %j', (total: bigint, weights: bigint[], shares: bigint[]) => {
    expect(allocate(total, weights)).toEqual(shares);
  });

  it('hands out the whole total, nobody more than one micro off the exact share, nothing to a weight of zero', () => {
    fc.assert(
      fc.property(amount, weights, (total, weights) => {
        const weightSum = sum(weights);
        fc.pre(weightSum > 0n);
        const shares = allocate(total, weights);
        expect(sum(shares)).toBe(total);
        shares.forEach((share, index) => {
          const weight = weights[index]!;
          const floor = mulDivFloor(total, weight, weightSum);
          const isExact = (total * weight) % weightSum === 0n;
          expect(share === floor || (!isExact && share === floor + 1n)).toBe(true);
        });
      }),
    );
  });

  it('gives the same split every time, and equal weights differ by at most one micro, the earlier not less', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 9 }), positive, (total, count, weight) => {
        const shares = allocate(total, Array<bigint>(count).fill(weight));
        expect(shares).toEqual(shares.toSorted((left, right) => Number(right - left)));
        expect(shares[0]! - shares.at(-1)! <= 1n).toBe(true);
      }),
    );
  });

  it.each([
    [1n, []],
    [1n, [0n, 0n]],
    [-1n, [1n]],
    [1n, [2n, -1n]],
  ])('refuses to split %s by %j', (total: bigint, weights: bigint[]) => {
    expect(() => allocate(total, weights)).toThrow(RangeError);
  });
});
