import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dayOf, firstLook, nextDay, type Rhythm } from './calendar.js';

const DAY_MS = 86_400_000;
const at = (text: string): Date => new Date(text);

describe('The next day of a rhythm', () => {
  it.each<[Rhythm, string, string]>([
    [{ interval: 'daily' }, '2026-06-01T12:00:00Z', '2026-06-02'],
    [{ interval: 'daily' }, '2026-06-01T00:00:00Z', '2026-06-02'],
    [{ interval: 'daily' }, '2026-12-31T23:59:59.999Z', '2027-01-01'],
    [{ interval: 'threshold', thresholdMicros: 1n }, '2026-06-01T12:00:00Z', '2026-06-02'],
    // 1 June 2026 is a Monday.
    [{ interval: 'weekly', day: 1 }, '2026-06-01T00:00:00Z', '2026-06-08'],
    [{ interval: 'weekly', day: 2 }, '2026-06-01T23:00:00Z', '2026-06-02'],
    [{ interval: 'weekly', day: 7 }, '2026-06-01T12:00:00Z', '2026-06-07'],
    [{ interval: 'weekly', day: 1 }, '2026-05-31T23:59:59Z', '2026-06-01'],
    [{ interval: 'monthly', day: 1 }, '2026-06-01T00:00:00Z', '2026-07-01'],
    [{ interval: 'monthly', day: 28 }, '2026-02-27T12:00:00Z', '2026-02-28'],
    [{ interval: 'monthly', day: 28 }, '2026-02-28T00:00:00Z', '2026-03-28'],
    [{ interval: 'monthly', day: 15 }, '2026-12-15T00:00:00Z', '2027-01-15'],
    [{ interval: 'monthly', day: 1 }, '2026-01-31T12:00:00Z', '2026-02-01'],
  ])('%j after %s', (rhythm, after, day) => {
    expect(nextDay(rhythm, at(after)).toISOString()).toBe(`${day}T00:00:00.000Z`);
  });
});

const moments = fc.date({ min: at('2000-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z'), noInvalidDate: true });
const rhythms = fc.oneof(
  fc.constant<Rhythm>({ interval: 'daily' }),
  fc.integer({ min: 1, max: 7 }).map((day): Rhythm => ({ interval: 'weekly', day })),
  fc.integer({ min: 1, max: 28 }).map((day): Rhythm => ({ interval: 'monthly', day })),
);

/** Said again in other words: whether a day belongs to a rhythm. */
function belongs(rhythm: Rhythm, day: Date): boolean {
  switch (rhythm.interval) {
    case 'daily':
    case 'threshold':
      return true;
    case 'weekly':
      return (day.getUTCDay() + 6) % 7 === rhythm.day - 1;
    case 'monthly':
      return day.getUTCDate() === rhythm.day;
  }
}

describe('For every rhythm and moment', () => {
  it('the next day is the first midnight afterwards that belongs to it: none is left out, none comes twice', () => {
    fc.assert(
      fc.property(rhythms, moments, (rhythm, after) => {
        const next = nextDay(rhythm, after);
        let day = dayOf(after);
        do day = new Date(day.getTime() + DAY_MS);
        while (!belongs(rhythm, day));
        expect(next).toEqual(day);
        expect(firstLook(rhythm, after)).toEqual(next);
      }),
      { numRuns: 300 },
    );
  });

  it('all moments of one day have the same next day', () => {
    fc.assert(
      fc.property(rhythms, moments, fc.nat(DAY_MS - 1), (rhythm, after, later) => {
        const day = dayOf(after);
        expect(nextDay(rhythm, new Date(day.getTime() + later))).toEqual(nextDay(rhythm, day));
      }),
      { numRuns: 200 },
    );
  });
});

describe('A threshold', () => {
  it('is looked at as soon as it is chosen', () => {
    const now = at('2026-06-01T12:34:56Z');
    expect(firstLook({ interval: 'threshold', thresholdMicros: 1n }, now)).toEqual(now);
  });
});
