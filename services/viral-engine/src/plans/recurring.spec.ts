import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addMonthsUtc, isCovered } from './recurring.js';

const first = { purchaseId: 'p1', occurredAt: new Date('2026-01-31T10:00:00.000Z') };
const at = (text: string, purchaseId = 'p2') => ({ purchaseId, occurredAt: new Date(text) });

describe('Which purchases of a buyer a plan covers', () => {
  it.each([
    ['all', 'any', at('2099-01-01T00:00:00Z'), true],
    ['first', 'the first', at('2026-01-31T10:00:00Z', 'p1'), true],
    ['first', 'a second', at('2026-02-01T00:00:00Z'), false],
    ['first', 'a second that occurred before the first', at('2026-01-01T00:00:00Z'), false],
  ] as const)('%s: %s purchase', (recurring, _, purchase, covered) => {
    expect(isCovered(recurring, purchase, first)).toBe(covered);
  });

  it.each([
    ['the first itself', 1, at('2026-01-31T10:00:00Z', 'p1'), true],
    ['the last millisecond of a clamped month', 1, at('2026-02-28T09:59:59.999Z'), true],
    ['the clamped end itself', 1, at('2026-02-28T10:00:00Z'), false],
    ['thirteen months later, within fourteen', 14, at('2027-03-31T09:59:59Z'), true],
    ['one that occurred before the first', 1, at('2020-01-01T00:00:00Z'), true],
  ])('months: %s', (_, months, purchase, covered) => {
    expect(isCovered({ months }, purchase, first)).toBe(covered);
  });
});

describe('Calendar months in UTC', () => {
  it.each([
    ['2026-01-31T23:59:59.999Z', 1, '2026-02-28T23:59:59.999Z'],
    ['2024-01-31T00:00:00.000Z', 1, '2024-02-29T00:00:00.000Z'],
    ['2024-02-29T12:00:00.000Z', 12, '2025-02-28T12:00:00.000Z'],
    ['2024-02-29T12:00:00.000Z', 48, '2028-02-29T12:00:00.000Z'],
    ['2026-12-15T00:00:00.000Z', 1, '2027-01-15T00:00:00.000Z'],
    ['2026-08-31T00:00:00.000Z', 3, '2026-11-30T00:00:00.000Z'],
  ])('%s and %i months is %s', (from, months, to) => {
    expect(addMonthsUtc(new Date(from), months).toISOString()).toBe(to);
  });

  it('keep the time of day, and the day where the month has it', () => {
    const moment = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 1200 }), (from, months) => {
        const to = addMonthsUtc(from, months);
        expect(to.getTime() % 86_400_000).toBe(from.getTime() % 86_400_000);
        const monthsApart = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
        expect(monthsApart).toBe(months);
        expect(to.getUTCDate()).toBeLessThanOrEqual(from.getUTCDate());
        const nextDay = new Date(to.getTime() + 86_400_000);
        if (to.getUTCDate() !== from.getUTCDate()) expect(nextDay.getUTCDate()).toBe(1);
      }),
    );
  });
});
