import { asPlanId } from '../ids.js';
import type { PlanCatalogue, PlanTerms, PlanVersion } from './plan.js';
import { NO_LIMITS } from './plan-limits.js';

// The two plans that ship belong to every tenant from its first moment. They are constants and not rows: a tenant's
// first purchase may arrive before the event of its creation, and must find them. They are as immutable as a plan
// version in the table, because commissions of years back are explained by them: a new rate is a new version.

const SHIPPED_TERMS: Omit<PlanTerms, 'levelsBps'> = {
  ...NO_LIMITS,
  websiteBonusBps: 500,
  maxPayoutBps: 7000,
  compression: 'none',
  holdDays: 30,
  attributionWindowDays: 30,
  recurring: 'all',
  streams: [],
  productTags: [],
  effectiveFrom: new Date('2000-01-01T00:00:00.000Z'),
};

export const STANDARD: PlanVersion = {
  ...SHIPPED_TERMS,
  planId: asPlanId('standard'),
  version: 1,
  levelsBps: [2000, 1500, 1000, 800, 500, 300, 200],
};

export const ULTRAPLAN: PlanVersion = {
  ...SHIPPED_TERMS,
  planId: asPlanId('ultraplan'),
  version: 1,
  levelsBps: [2000, 1000, 500, 300, 200, 100, 50],
};

/** What a tenant has that never touched its plans. */
export const SHIPPED_CATALOGUE: PlanCatalogue = { versions: [STANDARD, ULTRAPLAN], defaultPlanId: STANDARD.planId };
