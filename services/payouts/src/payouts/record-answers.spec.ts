import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { currencyOf } from '@dailydoco/money';
import { asPayoutId, asPayoutMethodId, asTenantId, asUserId } from '../ids.js';
import type { Change } from './change-payout.js';
import { mayBecome, type Payout, PAYOUT_STATUSES, type PayoutStatus } from './payout.js';
import { type Heard, recordAnswers, stepsTo } from './record-answers.js';

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

describe('Answers about one payout that are written down together', () => {
  const at = new Date('2026-06-01T12:00:00Z');
  const payoutIn = (status: PayoutStatus): Payout => ({
    tenantId: asTenantId('t'),
    id: asPayoutId('p'),
    personId: asUserId('u'),
    methodId: asPayoutMethodId('m'),
    rail: 'sandbox',
    amountMicros: 10_000_000n,
    withheldMicros: 0n,
    currency: currencyOf('USD'),
    requestedAt: at,
    status,
    reason: undefined,
    changedAt: at,
    feeMicros: 0n,
    railReference: undefined,
    batchId: undefined,
  });
  const word = (state: 'processing' | 'settled' | 'returned', feeMicros?: bigint): Heard => ({
    state,
    reason: undefined,
    askAgainAfterMs: undefined,
    ...(feeMicros !== undefined && { feeMicros }),
  });

  it.each<[what: string, from: PayoutStatus, heard: Heard[], taken: string[], fees: bigint[]]>([
    ['take each step once', 'submitted', [word('settled'), word('returned')], ['settled', 'returned'], []],
    ['charge the first fee that is told', 'submitted', [word('settled', 5n), word('settled', 7n)], ['settled'], [5n]],
    ['keep a fee when a later one tells of none', 'settled', [word('settled', 5n), word('settled')], [], [5n]],
    ['keep a fee when a step follows', 'settled', [word('settled', 5n), word('returned')], ['returned'], [5n]],
    ['charge no fee before the end is known', 'submitted', [word('processing', 5n)], [], []],
  ])('%s', async (_, from, heard, taken, fees) => {
    const [steps, all]: [PayoutStatus[], Change[]] = [[], []];
    const book = {
      lockAll: () => Promise.resolve([payoutIn(from)]),
      take: (changes: readonly Change[]) => {
        steps.push(...changes.map(({ payout }) => payout.status));
        all.push(...changes);
        return Promise.resolve();
      },
      keep: (changes: readonly Change[]) => Promise.resolve(void all.push(...changes)),
    };
    const { id, tenantId } = payoutIn(from);
    await recordAnswers(
      book,
      heard.map((answer) => ({ tenantId, id, answer })),
      at,
    );
    expect(steps).toEqual(taken);
    expect(all.flatMap(({ chargedMicros }) => (chargedMicros === undefined ? [] : [chargedMicros]))).toEqual(fees);
  });
});
