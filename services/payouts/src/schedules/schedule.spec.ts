import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { asPayoutMethodId, asTenantId, asUserId } from '../ids.js';
import {
  afterLook,
  decideLook,
  type DueSchedule,
  type Outcome,
  outcomeOfRefusal,
  type ScheduleRails,
} from './schedule.js';

const now = new Date('2026-06-03T10:00:00Z');
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const limits = { minimumMicros: 1_000_000n, maximumMicros: 500_000_000n, fee: { fixedMicros: 0n, bps: 0 } };
const RAILS: ScheduleRails = new Map([
  [
    'sepa',
    {
      capabilities: {
        limits: new Map(['EUR', 'JPY'].map((code) => [currencyOf(code), limits])),
        countries: 'any',
        typicalHours: 1,
        returnableHours: 1,
        patienceHours: 1,
      },
    },
  ],
]);
const DUE: DueSchedule = {
  tenantId: asTenantId('t'),
  personId: asUserId('p'),
  currency: currencyOf('EUR'),
  rhythm: { interval: 'daily' },
  methodId: asPayoutMethodId('m'),
  changedAt: now,
  dueOn: day('2026-06-03'),
  lookAt: now,
  last: undefined,
  availableMicros: 12_345_678n,
  rail: 'sepa',
  methodDeleted: false,
  heldUntil: undefined,
  stopped: false,
  frozen: false,
  minimumMicros: undefined,
};
const inAnHour = new Date('2026-06-03T11:00:00Z');

describe('A schedule whose time has come', () => {
  it.each<[string, Partial<DueSchedule>, bigint | Outcome]>([
    ['pays in whole cents and leaves the rest', {}, 12_340_000n],
    ['pays in whole yen', { currency: currencyOf('JPY') }, 12_000_000n],
    ['pays no more than the rail takes at once', { availableMicros: 900_000_000n }, 500_000_000n],
    ['pays the very minimum', { availableMicros: 1_000_000n }, 1_000_000n],
    ['pays the tenant’s very minimum', { availableMicros: 5_009_999n, minimumMicros: 5_000_000n }, 5_000_000n],
    ['pays nothing below the rail’s minimum', { availableMicros: 999_999n }, 'below_minimum'],
    ['pays nothing below the tenant’s', { minimumMicros: 12_350_000n }, 'below_minimum'],
    ['pays nothing of nothing', { availableMicros: 0n }, 'below_minimum'],
    ['pays nothing of a debt', { availableMicros: -5_000_000n }, 'below_minimum'],
    ['waits for its threshold', { rhythm: { interval: 'threshold', thresholdMicros: 12_345_679n } }, 'below_threshold'],
    ['has reached its threshold', { rhythm: { interval: 'threshold', thresholdMicros: 12_345_678n } }, 12_340_000n],
    ['needs a rail that carries the currency', { currency: currencyOf('USD') }, 'unreachable'],
    ['needs a rail that is there', { rail: 'ach' }, 'unreachable'],
    ['needs its method', { methodDeleted: true, stopped: true }, 'method_deleted'],
    ['stands still with all', { stopped: true, frozen: true }, 'stopped'],
    ['stands still with its person', { frozen: true, heldUntil: inAnHour }, 'frozen'],
    ['waits for a changed method', { heldUntil: inAnHour }, 'method_held'],
    ['pays to a method that was held', { heldUntil: now }, 12_340_000n],
  ])('%s', (_, change, looked) => {
    expect(decideLook({ ...DUE, ...change }, { rails: RAILS, now })).toBe(looked);
  });

  it.each<[Outcome, string, string]>([
    ['paid', '2026-06-04', '2026-06-04T00:00:00.000Z'],
    ['below_minimum', '2026-06-04', '2026-06-04T00:00:00.000Z'],
    ['method_deleted', '2026-06-04', '2026-06-04T00:00:00.000Z'],
    ['frozen', '2026-06-01', inAnHour.toISOString()],
    ['stopped', '2026-06-01', inAnHour.toISOString()],
    ['method_held', '2026-06-01', inAnHour.toISOString()],
    ['refused', '2026-06-01', inAnHour.toISOString()],
  ])('is looked at next after %s for %s at %s, when it was due on the first', (outcome, dueOn, lookAt) => {
    const next = afterLook({ rhythm: { interval: 'daily' }, dueOn: day('2026-06-01') }, outcome, now);
    expect([next.dueOn, next.lookAt.toISOString()]).toEqual([day(dueOn), lookAt]);
  });

  it('of a threshold belongs to the day on which it is looked at, and is paid once on that day', () => {
    const late = new Date('2026-06-03T23:30:00Z');
    const threshold = { rhythm: { interval: 'threshold', thresholdMicros: 1n } as const, dueOn: day('2026-06-03') };
    expect(afterLook(threshold, 'below_threshold', late).dueOn).toEqual(day('2026-06-04'));
    expect(afterLook(threshold, 'below_threshold', now)).toEqual({ dueOn: day('2026-06-03'), lookAt: inAnHour });
    expect(afterLook(threshold, 'paid', now).lookAt).toEqual(day('2026-06-04'));
  });

  it('takes a refusal for an outcome and a bug for a bug', () => {
    expect(outcomeOfRefusal(new DomainError('PAYOUTS_STOPPED'))).toBe('stopped');
    expect(outcomeOfRefusal(new DomainError('INSUFFICIENT_BALANCE'))).toBe('refused');
    expect(() => outcomeOfRefusal(new Error('bug'))).toThrow('bug');
  });
});
