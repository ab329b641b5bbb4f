import { describe, expect, it } from '@jest/globals';
import { fromStripeAmount } from './stripe-amount.js';

describe('An amount of Stripe', () => {
  it.each([
    ['usd', 1, 10_000n],
    ['usd', 99_999_999, 999_999_990_000n],
    ['jpy', 500, 500_000_000n],
    ['krw', 1, 1_000_000n],
    ['kwd', 5_120, 5_120_000n],
    ['isk', 500, 5_000_000n],
    ['ugx', 500, 5_000_000n],
    ['mga', 500, 500_000_000n],
    ['usd', Number.MAX_SAFE_INTEGER, 90_071_992_547_409_910_000n],
  ])('in %s of %d is %d micros', (currency, amount, micros) => {
    expect(fromStripeAmount(amount, currency)).toEqual({ amountMicros: micros, currency: currency.toUpperCase() });
  });

  it('in a currency that is none is nothing', () => {
    expect(fromStripeAmount(1, 'xxx')).toBeUndefined();
    expect(fromStripeAmount(1, '')).toBeUndefined();
  });

  it.each([1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('cannot be %d', (amount) => {
    expect(() => fromStripeAmount(amount, 'usd')).toThrow(RangeError);
  });
});
