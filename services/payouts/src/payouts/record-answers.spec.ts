import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mayBecome, PAYOUT_STATUSES, type PayoutStatus } from './payout.js';
import { type Heard, stepsTo } from './record-answers.js';

type State = Heard['state'];

const STATES: readonly State[] = ['processing', 'settled', 'failed', 'returned', 'absent', 'lost'];

/** What each status becomes by each word; '!' is a contradiction, '' nothing new. */
const TABLE: Readonly<Record<PayoutStatus, Readonly<Record<State, string>>>> = {
  requested: { processing: '!', settled: '!', failed: '!', returned: '!', absent: '!', lost: '!' },
  screened: { processing: '!', settled: '!', failed: '!', returned: '!', absent: '!', lost: '!' },
  approved: { processing: '!', settled: '!', failed: '!', returned: '!', absent: '!', lost: '!' },
  cancelled: { processing: '!', settled: '!', failed: '!', returned: '!', absent: '!', lost: '!' },
  // The answer "settled" was lost: it is made up for, so that cash is booked out before it comes back.
  submitted: {
    processing: '',
    settled: 'settled',
    failed: 'failed',
    returned: 'settled returned',
    absent: 'unknown',
    lost: 'unknown',
  },
  unknown: {
    processing: '',
    settled: 'settled',
    failed: 'failed',
    returned: 'settled returned',
    absent: '',
    lost: '',
  },
  // Told again, or overtaken: two asked, and the later answer was written down first.
  settled: { processing: '', settled: '', failed: '!', returned: 'returned', absent: '!', lost: '' },
  failed: { processing: '', settled: '!', failed: '', returned: '!', absent: '!', lost: '' },
  returned: { processing: '', settled: '', failed: '!', returned: '', absent: '!', lost: '' },
};

describe('What the rail tells', () => {
  it.each(PAYOUT_STATUSES.flatMap((status) => STATES.map((state) => [status, state, TABLE[status][state]] as const)))(
    'of a payout that is %s: %s, makes "%s"',
    (status, state, expected) => {
      expect(stepsTo(status, state)?.join(' ') ?? '!').toBe(expected);
    },
  );

  it('I6: makes lawful steps only, and those of money never twice, whatever is told in whatever order', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PAYOUT_STATUSES),
        fc.array(fc.constantFrom(...STATES), { maxLength: 12 }),
        (start, told) => {
          const taken: PayoutStatus[] = [start];
          for (const state of told) {
            for (const step of stepsTo(taken.at(-1)!, state) ?? []) {
              expect(mayBecome(taken.at(-1)!, step)).toBe(true);
              taken.push(step);
            }
          }
          const ofMoney = taken.filter((step) => step !== 'unknown');
          expect(new Set(ofMoney).size).toBe(ofMoney.length);
        },
      ),
    );
  });
});
