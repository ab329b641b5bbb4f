import { describe, expect, it } from '@jest/globals';
import { limpsAfter, SLOW_MS, stateAfter } from './delivery.js';
import { FAILING_FOR_MS, pauseAfter, RETRY_AFTER_MAX_MS, RETRY_PAUSES_MS, retryAfterMs } from './schedule.js';

describe('the pauses between attempts', () => {
  it('grow from seconds to a day, over three days and ten attempts in all', () => {
    expect(RETRY_PAUSES_MS.toSorted((a, b) => a - b)).toEqual(RETRY_PAUSES_MS);
    expect(RETRY_PAUSES_MS.map((_, index) => pauseAfter(index + 1, 0.5))).toEqual(RETRY_PAUSES_MS);
    const hours = RETRY_PAUSES_MS.reduce((sum, pause) => sum + pause, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(72);
    expect(hours * 3_600_000).toBeLessThan(FAILING_FOR_MS);
    expect(pauseAfter(RETRY_PAUSES_MS.length + 1, 0.5)).toBeUndefined();
  });

  it('are spread by a tenth to either side', () => {
    expect([pauseAfter(1, 0), pauseAfter(1, 1)]).toEqual([4_500, 5_500]);
  });
});

describe('what a receiver asks for by Retry-After', () => {
  const now = new Date('2026-11-21T12:00:00.000Z');

  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['86400', RETRY_AFTER_MAX_MS],
    ['86401', RETRY_AFTER_MAX_MS],
    ['9999999999', RETRY_AFTER_MAX_MS],
    ['Sat, 21 Nov 2026 13:00:00 GMT', 3_600_000],
    ['Sat, 21 Nov 2026 11:59:59 GMT', 0],
    ['Mon, 21 Dec 2026 12:00:00 GMT', RETRY_AFTER_MAX_MS],
    ['Sat, 99 Nov 2026 13:00:00 GMT', 0],
    ['-5', 0],
    ['1.5', 0],
    ['99999999999', 0],
    ['2026-11-21T13:00:00Z', 0],
    ['soon', 0],
    ['', 0],
    [undefined, 0],
  ])('%s: %d ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });

  it('puts an attempt off, never forward, and adds none', () => {
    expect(pauseAfter(1, 0.5, 60_000)).toBe(60_000);
    expect(pauseAfter(4, 0.5, 60_000)).toBe(RETRY_PAUSES_MS[3]);
    expect(pauseAfter(RETRY_PAUSES_MS.length + 1, 0.5, 60_000)).toBeUndefined();
  });
});

describe('an outcome', () => {
  it('settles a message when it was taken, or when nothing is left to try', () => {
    expect(stateAfter('delivered', 5_000)).toBe('delivered');
    expect(stateAfter('refused', 5_000)).toBe('pending');
    expect(stateAfter('refused', undefined)).toBe('failed');
  });

  it('makes a receiver limp when it failed or was slow', () => {
    expect(limpsAfter({ outcome: 'delivered', durationMs: SLOW_MS })).toBe(false);
    expect(limpsAfter({ outcome: 'delivered', durationMs: SLOW_MS + 1 })).toBe(true);
    expect(limpsAfter({ outcome: 'refused', durationMs: 1 })).toBe(true);
  });
});
