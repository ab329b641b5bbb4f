import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RailAnswer, stepsTo } from './change-payout.js';
import { mayBecome, PAYOUT_STATUSES, type PayoutStatus } from './payout.js';

type State = RailAnswer['state'];

describe('What the rail tells', () => {
  it.each([
    ['submitted', 'processing', []],
    ['submitted', 'settled', ['settled']],
    ['submitted', 'failed', ['failed']],
    // The answer "settled" was lost: it is made up for, so that cash is booked out before it comes back.
    ['submitted', 'returned', ['settled', 'returned']],
    ['settled', 'returned', ['returned']],
    // Told again.
    ['settled', 'settled', []],
    ['failed', 'failed', []],
    ['returned', 'returned', []],
    // Overtaken: two workers asked, and the later answer was written down first.
    ['returned', 'settled', []],
    ['settled', 'processing', []],
    ['returned', 'processing', []],
    ['failed', 'processing', []],
  ] as [PayoutStatus, State, PayoutStatus[]][])(
    'of a payout that is %s: %s, makes the steps %j',
    (status, state, steps) => {
      expect(stepsTo(status, state)).toEqual(steps);
    },
  );

  it.each([
    ['requested', 'settled'],
    ['requested', 'failed'],
    ['requested', 'returned'],
    ['cancelled', 'settled'],
    ['cancelled', 'failed'],
    ['cancelled', 'returned'],
    ['failed', 'settled'],
    ['failed', 'returned'],
    ['settled', 'failed'],
    ['returned', 'failed'],
  ] as [PayoutStatus, State][])('cannot make a payout that is %s %s', (status, state) => {
    expect(() => stepsTo(status, state)).toThrow(`${status} cannot become ${state}`);
  });

  it('I6: makes lawful steps only, and none of them twice, whatever is told in whatever order', () => {
    const states = fc.array(fc.constantFrom<State>('processing', 'settled', 'failed', 'returned'), { maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...PAYOUT_STATUSES), states, (start, told) => {
        const taken: PayoutStatus[] = [start];
        for (const state of told) {
          let steps: PayoutStatus[] = [];
          try {
            steps = stepsTo(taken.at(-1)!, state);
          } catch {
            // A contradiction; nothing is written.
          }
          for (const step of steps) {
            expect(mayBecome(taken.at(-1)!, step)).toBe(true);
            taken.push(step);
          }
        }
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});
