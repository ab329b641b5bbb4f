import { currencyOf } from '@dailydoco/money';
import { asPlanId } from '../../src/ids.js';
import type { addPlanVersion } from '../../src/plans/change-plans.js';
import type { Amounts, Period, Terms } from './model-split.js';

const NO_LIMITS = { qualification: [], personCaps: {}, companyCap: undefined };
const SHIPPED_TERMS = {
  ...NO_LIMITS,
  version: 1,
  bonus: 500,
  maxPayout: 7_000,
  dynamic: false,
  holdDays: 30,
  recurring: 'all' as const,
  streams: [],
  tags: [],
  from: Date.UTC(2000, 0, 1),
};

/** The plans that every tenant has, as the documentation gives them. */
export const SHIPPED: readonly Terms[] = [
  { ...SHIPPED_TERMS, planId: 'standard', levels: [2_000, 1_500, 1_000, 800, 500, 300, 200] },
  { ...SHIPPED_TERMS, planId: 'ultraplan', levels: [2_000, 1_000, 500, 300, 200, 100, 50] },
];

const money = (amounts: Amounts = {}) =>
  Object.entries(amounts).map(([currency, amountMicros]) => ({ amountMicros, currency: currencyOf(currency) }));

/** Terms in the service's own words. */
export function toService(terms: Omit<Terms, 'version'>): Parameters<typeof addPlanVersion>[1] {
  const { personCaps, companyCap, recurring } = terms;
  const cap = (period: Period) => money(personCaps[period]);
  return {
    planId: asPlanId(terms.planId),
    levelsBps: terms.levels,
    websiteBonusBps: terms.bonus,
    maxPayoutBps: terms.maxPayout,
    compression: terms.dynamic ? 'dynamic' : 'none',
    holdDays: terms.holdDays,
    attributionWindowDays: 30,
    recurring: typeof recurring === 'number' ? { months: recurring } : recurring,
    streams: terms.streams,
    productTags: terms.tags,
    effectiveFrom: new Date(terms.from),
    qualification: terms.qualification.map(({ level, purchases, referrals }) => ({
      level,
      minOwnPurchases: purchases,
      minActiveReferrals: referrals,
    })),
    beneficiaryCaps: { day: cap('day'), month: cap('month'), lifetime: cap('lifetime') },
    companyCap: companyCap && {
      period: companyCap.period,
      mode: companyCap.proRata ? 'pro_rata' : 'stop',
      amounts: money(companyCap.amounts),
    },
  };
}
