import { describe, expect, it } from '@jest/globals';
import { windowsOf } from './payout-facts.js';
import { STANDARD_TUNING, tuningOf } from './tuning.js';

const requestedAt = new Date('2026-06-01T12:00:00.000Z');
const hoursBefore = (hours: number): Date => new Date(requestedAt.getTime() - hours * 3_600_000);

describe('The rules look back', () => {
  it('as far as they stand by themselves', () => {
    expect(windowsOf({ requestedAt }, STANDARD_TUNING)).toEqual({
      youngSince: hoursBefore(24),
      reversalsSince: hoursBefore(30 * 24),
      negativeSince: hoursBefore(14 * 24),
      daySince: hoursBefore(24),
      weekSince: hoursBefore(7 * 24),
      // The eight weeks before the last one.
      historySince: hoursBefore(9 * 7 * 24),
    });
  });

  it('as far as the tenant has set each of them', () => {
    const rules = {
      earnings_too_young: { hours: 1 },
      recent_reversals: { days: 2 },
      negative_balance: { days: 3 },
      method_changed: { days: 4 },
    };
    expect(windowsOf({ requestedAt }, tuningOf({ rules }, 1))).toMatchObject({
      youngSince: hoursBefore(1),
      reversalsSince: hoursBefore(48),
      negativeSince: hoursBefore(72),
      daySince: hoursBefore(24),
    });
  });
});
