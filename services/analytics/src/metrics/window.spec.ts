import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { splitWindow, type Window } from './window.js';

const HOUR = 3_600_000;
const moments = fc.integer({ min: 0, max: 5 * HOUR });
const holds = ({ from, to }: Window, ms: number): boolean => from.getTime() <= ms && ms < to.getTime();

describe('A window', () => {
  it('is split without gap or overlap, its middle in whole hours', () => {
    fc.assert(
      fc.property(moments, moments, moments, (one, other, ms) => {
        const window = { from: new Date(Math.min(one, other)), to: new Date(Math.max(one, other)) };
        const { before, hours, after } = splitWindow(window);
        const parts = [before, hours, after];
        expect(parts.filter((part) => holds(part, ms))).toHaveLength(holds(window, ms) ? 1 : 0);
        if (hours.from < hours.to) {
          expect([hours.from.getTime() % HOUR, hours.to.getTime() % HOUR]).toEqual([0, 0]);
          expect(before.to.getTime() - before.from.getTime()).toBeLessThan(HOUR);
          expect(after.to.getTime() - after.from.getTime()).toBeLessThan(HOUR);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('of whole hours reads no single fact', () => {
    const { before, hours, after } = splitWindow({ from: new Date(HOUR), to: new Date(3 * HOUR) });
    expect([before, after].every(({ from, to }) => from.getTime() === to.getTime())).toBe(true);
    expect(hours).toEqual({ from: new Date(HOUR), to: new Date(3 * HOUR) });
  });
});
