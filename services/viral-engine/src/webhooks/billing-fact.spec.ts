import { describe, expect, it } from '@jest/globals';
import { chargebackTaken, tryAgainAt } from './billing-fact.js';

const HOUR_MS = 3_600_000;

describe('A chargeback', () => {
  it.each([
    [100n, 0n, 100n, 100n, 0n],
    [100n, 40n, 100n, 60n, 40n],
    [100n, 100n, 30n, 0n, 30n],
    [100n, 40n, 30n, 30n, 0n],
  ])(
    'of a purchase of %d with %d refunded, for %d, takes %d and leaves %d',
    (amount, refunded, disputed, taken, excess) => {
      expect(chargebackTaken({ amountMicros: amount, refundedMicros: refunded }, disputed)).toEqual({
        takenMicros: taken,
        excessMicros: excess,
      });
    },
  );
});

describe('An event that is parked', () => {
  const receivedAt = new Date('2026-06-01T12:00:00Z');

  it.each([
    [1, 5_000],
    [2, 10_000],
    [7, 320_000],
    [8, 600_000],
    [10_000, 600_000],
  ])('after %d tries is looked at again in %d ms', (attempts, pauseMs) => {
    const now = new Date(receivedAt.getTime() + HOUR_MS);
    expect(tryAgainAt({ attempts, receivedAt }, now)?.getTime()).toBe(now.getTime() + pauseMs);
  });

  it('is given up after 60 days', () => {
    const after = (ms: number) => tryAgainAt({ attempts: 9, receivedAt }, new Date(receivedAt.getTime() + ms));
    expect(after(60 * 24 * HOUR_MS)).toBeDefined();
    expect(after(60 * 24 * HOUR_MS + 1)).toBeUndefined();
  });
});
