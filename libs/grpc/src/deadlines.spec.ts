import { describe, expect, it } from '@jest/globals';
import { assertLimits, clientDeadline, LONGEST_DEADLINE_MS, serverDeadline } from './deadlines.js';

const NOW = 1_000_000;
const limits = { defaultMs: 5_000, maxMs: 60_000 };

describe('the deadline of a call in its server', () => {
  it.each([
    ['none set', Number.POSITIVE_INFINITY, NOW + 5_000],
    ['not a number', Number.NaN, NOW + 5_000],
    ['shorter than the default', NOW + 100, NOW + 100],
    ['longer than the default', NOW + 30_000, NOW + 30_000],
    ['the longest allowed', NOW + 60_000, NOW + 60_000],
    ['longer than allowed', NOW + 60_001, NOW + 60_000],
    ['passed already', NOW - 1, NOW - 1],
    ['a Date', new Date(NOW + 100), NOW + 100],
  ])('%s', (_, requested, expected) => {
    expect(serverDeadline(requested, NOW, limits)).toBe(expected);
  });
});

describe('the deadline of a call in its client', () => {
  it.each([
    ['alone', 5_000, undefined, NOW + 5_000],
    ['longer than any call may live', Number.MAX_SAFE_INTEGER, undefined, NOW + LONGEST_DEADLINE_MS],
    ['within one that has longer', 5_000, NOW + 10_000, NOW + 5_000],
    ['within one that ends before', 5_000, NOW + 1_000, NOW + 980],
    ['within one with no time left', 5_000, NOW + 10, NOW - 10],
  ])('%s', (_, wantedMs, withinMs, expected) => {
    const within = withinMs === undefined ? undefined : new Date(withinMs);
    expect(clientDeadline({ wantedMs, within }, NOW)).toBe(expected);
  });
});

describe('limits', () => {
  it.each([
    [0, 10],
    [11, 10],
    [10, LONGEST_DEADLINE_MS + 1],
    [Number.NaN, 10],
    [1, Number.POSITIVE_INFINITY],
  ])('of default %d and max %d are refused', (defaultMs, maxMs) => {
    expect(() => assertLimits('deadlines', { defaultMs, maxMs })).toThrow(RangeError);
  });

  it('may be equal', () => {
    expect(() => assertLimits('deadlines', { defaultMs: 1_000, maxMs: 1_000 })).not.toThrow();
  });
});
