import { describe, expect, it } from '@jest/globals';
import { asPeriod, checkClosable, endOf, periodOf } from './period.js';

const NOW = new Date('2026-12-01T00:00:00Z');
const refusal = (period: string, given: { lastClosed?: string; oldestOpen?: string } = {}) => {
  try {
    checkClosable(asPeriod(period), {
      now: NOW,
      lastClosed: given.lastClosed === undefined ? undefined : asPeriod(given.lastClosed),
      oldestOpen: given.oldestOpen === undefined ? undefined : new Date(given.oldestOpen),
    });
    return 'closes';
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

describe('A period', () => {
  it('is a month in UTC, up to the first moment of the next', () => {
    expect(endOf(asPeriod('2026-12')).toISOString()).toBe('2027-01-01T00:00:00.000Z');
    expect(periodOf(new Date('2026-12-31T23:59:59.999Z'))).toBe('2026-12');
  });

  it.each([
    ['2026-11', {}, 'closes'],
    ['2026-12', {}, 'CONFLICT'],
    ['2026-11', { lastClosed: '2026-11' }, 'PERIOD_CLOSED'],
    ['2025-11', { lastClosed: '2026-10' }, 'PERIOD_CLOSED'],
    ['2026-11', { lastClosed: '2026-09', oldestOpen: '2026-11-01T00:00:00Z' }, 'closes'],
    ['2026-11', { lastClosed: '2026-09', oldestOpen: '2026-10-31T23:59:59Z' }, 'CONFLICT'],
    ['2026-11', { lastClosed: '2026-10', oldestOpen: '2026-12-01T00:00:00Z' }, 'closes'],
  ])('%s with %j: %s', (period, given, outcome) => {
    expect(refusal(period, given)).toBe(outcome);
  });
});
