import { describe, expect, it } from '@jest/globals';
import { daysBetween, lastSettledDay, parseDay } from './day.js';

const day = (text: string) => parseDay(text)!;
const texts = (days: { text: string }[]) => days.map(({ text }) => text);

describe('A day', () => {
  it('is one of the calendar, in UTC, and settled 15 minutes after its end', () => {
    expect(parseDay('2026-02-28')).toEqual({
      text: '2026-02-28',
      startsAt: new Date('2026-02-28T00:00:00Z'),
      endsAt: new Date('2026-03-01T00:00:00Z'),
      settledAt: new Date('2026-03-01T00:15:00Z'),
    });
  });

  it.each(['', '2026-02-30', '2026-13-01', '2026-1-01', '2026-11-21T00:00:00Z', '+002026-01-01', 'yesterday'])(
    'is not spelled %p',
    (text) => expect(parseDay(text)).toBeUndefined(),
  );

  it.each([
    ['2026-11-22T00:14:59.999Z', '2026-11-20'],
    ['2026-11-22T00:15:00.000Z', '2026-11-21'],
    ['2026-11-22T23:59:59.999Z', '2026-11-21'],
  ])('that can be told at %s is %s', (now, text) => {
    expect(lastSettledDay(new Date(now)).text).toBe(text);
  });

  it('follows another; what is too long ago is left out', () => {
    const to = day('2026-03-02');
    expect(texts(daysBetween({ from: undefined, to, limit: 31 }))).toEqual(['2026-03-02']);
    expect(texts(daysBetween({ from: day('2026-02-27'), to, limit: 31 }))).toEqual([
      '2026-02-28',
      '2026-03-01',
      '2026-03-02',
    ]);
    expect(texts(daysBetween({ from: day('2026-01-01'), to, limit: 2 }))).toEqual(['2026-03-01', '2026-03-02']);
    expect(daysBetween({ from: to, to, limit: 31 })).toEqual([]);
    expect(daysBetween({ from: day('2026-03-05'), to, limit: 31 })).toEqual([]);
  });
});
