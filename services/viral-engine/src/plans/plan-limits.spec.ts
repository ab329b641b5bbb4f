import { describe, expect, it } from '@jest/globals';
import { currencyOf, type Money } from '@dailydoco/money';
import { checkTerms } from './plan.js';
import { capIn, countedPeriods, NO_LIMITS, periodsAt, type PlanLimits } from './plan-limits.js';
import { STANDARD } from './shipped-plans.js';

const usd: Money = { amountMicros: 1n, currency: currencyOf('USD') };
const eur: Money = { amountMicros: 2n, currency: currencyOf('EUR') };
const nothing = { ...usd, amountMicros: 0n };
const caps = (of: Partial<PlanLimits['beneficiaryCaps']>) => ({ day: [], month: [], lifetime: [], ...of });
const asks = (level: number, minOwnPurchases = 1, minActiveReferrals = 0) => ({
  qualification: [{ level, minOwnPurchases, minActiveReferrals }],
});

describe('The limits of a plan', () => {
  const two = [asks(2), asks(2)].flatMap(({ qualification }) => qualification);
  const company = (amounts: Money[]) => ({ companyCap: { period: 'day' as const, mode: 'stop' as const, amounts } });
  it.each<[string, Partial<PlanLimits>, string]>([
    ['a level that the plan has not', asks(8), 'qualification.0.level'],
    ['level zero', asks(0), 'qualification.0.level'],
    ['one level twice', { qualification: two }, 'qualification.1.level'],
    ['a negative number', asks(1, -1), 'qualification.0.minOwnPurchases'],
    ['too large a number', asks(1, 0, 1_001), 'qualification.0.minActiveReferrals'],
    ['a level that asks nothing', asks(1, 0, 0), 'qualification.0'],
    ['a cap of nothing', { beneficiaryCaps: caps({ month: [eur, nothing] }) }, 'beneficiaryCaps.month.1.amount'],
    ['one currency twice', { beneficiaryCaps: caps({ day: [usd, usd] }) }, 'beneficiaryCaps.day.1.currency'],
    ['a company cap without an amount', company([]), 'companyCap.amounts'],
    ['a company cap of nothing', company([nothing]), 'companyCap.amounts.0.amount'],
    ['a company cap with one currency twice', company([usd, usd]), 'companyCap.amounts.1.currency'],
  ])('are refused with %s', (_, wrong, path) => {
    expect(checkTerms({ ...STANDARD, ...wrong }).map((error) => error.path)).toEqual([path]);
  });

  it('may be none, or all of them', () => {
    const all = { ...asks(7, 3, 1_000), beneficiaryCaps: caps({ day: [usd, eur] }), ...company([eur]) };
    expect([NO_LIMITS, all].flatMap((limits) => checkTerms({ ...STANDARD, ...limits }))).toEqual([]);
  });

  it('cap a currency that has an amount, and no other', () => {
    expect([capIn([usd], usd.currency), capIn([usd], eur.currency)]).toEqual([1n, undefined]);
  });

  it('are counted in every period that any version caps, per currency', () => {
    const versions = [
      NO_LIMITS,
      { ...NO_LIMITS, beneficiaryCaps: caps({ day: [usd], lifetime: [eur] }) },
      { ...NO_LIMITS, beneficiaryCaps: caps({ month: [usd] }), ...company([eur]) },
    ];
    expect(countedPeriods(versions, usd.currency)).toEqual({ beneficiary: ['day', 'month'], company: [] });
    expect(countedPeriods(versions, eur.currency)).toEqual({ beneficiary: ['lifetime'], company: ['day'] });
    expect(countedPeriods(versions, currencyOf('JPY'))).toBeUndefined();
  });
});

describe('A period', () => {
  it.each([
    ['2026-06-30T23:59:59.999Z', '2026-06-30', '2026-06'],
    ['2026-07-01T00:00:00.000Z', '2026-07-01', '2026-07'],
  ])('of %s is the UTC day %s and the UTC month %s', (at, day, month) => {
    expect(periodsAt(new Date(at))).toEqual({ day, month, lifetime: 'lifetime' });
  });
});
