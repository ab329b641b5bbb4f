import { describe, expect, it } from '@jest/globals';
import { compareEarnings, expectedEarnings } from './expected.js';

describe('what a chain must have earned', () => {
  it('is the seven known amounts when the last of eight buys once', () => {
    expect(expectedEarnings([0, 0, 0, 0, 0, 0, 0, 1])).toEqual([
      1_580_000n,
      2_370_000n,
      3_950_000n,
      6_320_000n,
      7_900_000n,
      11_850_000n,
      15_800_000n,
      0n,
    ]);
  });

  it('pays nobody for what the root buys, and one person for what the second buys', () => {
    expect(expectedEarnings([5, 0, 0])).toEqual([0n, 0n, 0n]);
    expect(expectedEarnings([0, 2, 0])).toEqual([31_600_000n, 0n, 0n]);
  });

  it('tells what is missing from what is too much', () => {
    expect(compareEarnings([10_000_000n, 5_000_000n], [9_000_000n, 5_000_000n])).toEqual({
      lost: '1.00',
      extra: '0.00',
    });
    expect(compareEarnings([10_000_000n, 5_000_000n], [9_000_000n, 7_000_000n])).toEqual({
      lost: '1.00',
      extra: '2.00',
    });
  });
});
