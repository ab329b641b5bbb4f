import { describe, expect, it } from '@jest/globals';
import { limpsAfter, SLOW_MS, stateAfter } from './delivery.js';
import { FAILING_FOR_MS, pauseAfter, RETRY_PAUSES_MS } from './schedule.js';

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
