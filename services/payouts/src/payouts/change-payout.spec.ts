import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { withheldOf } from './change-payout.js';

describe('What is withheld', () => {
  it.each([
    ['USD', 10_010_000n, 2_400, 2_400_000n],
    ['USD', 10_000n, 9_999, 0n],
    ['USD', 10_010_000n, 10_000, 10_010_000n],
    ['USD', 10_010_000n, 0, 0n],
    ['JPY', 101_000_000n, 2_400, 24_000_000n],
    ['JPY', 4_000_000n, 2_499, 0n],
    ['KWD', 1_001_000n, 2_400, 240_000n],
    // Beyond what a number holds exactly.
    ['USD', 9_007_199_254_740_990_000n, 1, 900_719_925_470_000n],
  ])('of %s %d at %d basis points is floored to what can be paid: %d', (currency, amountMicros, bps, expected) => {
    expect(withheldOf({ amountMicros, currency: currencyOf(currency) }, bps)).toBe(expected);
  });
});
