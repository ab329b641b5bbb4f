import { asPlanId } from '../../src/ids.js';
import { insist } from './auditor.js';
import type { Amounts, Period, Terms } from './model-split.js';
import { toService } from './plans.js';
import { refusal } from './refusal.js';
import type { World } from './world.js';

export interface PlanInput
  extends Pick<Terms, 'levels' | 'bonus' | 'maxPayout' | 'dynamic' | 'holdDays' | 'recurring'> {
  readonly plan: string;
  readonly qualification: { readonly level: number; readonly purchases: number; readonly referrals: number } | null;
  readonly personCaps: Readonly<Record<Period, Amounts | null>>;
  readonly companyCap: { readonly period: Period; readonly proRata: boolean; readonly amounts: Amounts } | null;
  readonly inDays: number;
}

const DAY_MS = 86_400_000;

/** A plan has one version more, in force at once or in some days. */
export async function changePlan(world: World, input: PlanInput, id: number): Promise<void> {
  const terms = termsOf(world, input);
  let done = false;
  world.intents.set(id, () => {
    done = true;
    const own = world.model.plans.filter(({ planId }) => planId === terms.planId);
    world.model.plans.push({ ...terms, version: own.length + 1 });
  });
  const { tenantId } = world;
  try {
    await world.attempt((process) =>
      process.addPlan(toService(terms), { tenantId, changedBy: 'simulation', at: new Date(world.now) }),
    );
    insist(done, () => `the plan ${terms.planId} was answered and not committed`);
  } catch (error) {
    refusal(error, 'PLAN_OVERLAP');
    const twin = world.model.plans.some(({ planId, from }) => planId === terms.planId && from === terms.from);
    insist(twin, () => `a version of ${terms.planId} was refused, and none takes effect at that moment`);
    world.tally.count('refused: PLAN_OVERLAP');
  }
}

/** Purchases that no other plan takes go by another plan. */
export async function changeDefault(world: World, planId: string, id: number): Promise<void> {
  let done = false;
  world.intents.set(id, () => {
    done = true;
    world.model.defaultPlan = planId;
  });
  const { tenantId } = world;
  await world.attempt((process) =>
    process.setDefaultPlan(asPlanId(planId), { tenantId, changedBy: 'simulation', at: new Date(world.now) }),
  );
  insist(done, () => `the default plan was answered as ${planId} and not committed`);
}

function termsOf(world: World, input: PlanInput): Terms {
  const { plan, qualification, personCaps, companyCap, inDays } = input;
  const asks = qualification !== null && qualification.purchases + qualification.referrals > 0;
  const caps = Object.entries(personCaps).flatMap(([period, amounts]) => (amounts === null ? [] : [[period, amounts]]));
  return {
    planId: plan,
    version: 0,
    levels: input.levels,
    bonus: input.bonus,
    maxPayout: input.maxPayout,
    dynamic: input.dynamic,
    holdDays: input.holdDays,
    recurring: input.recurring,
    streams: plan === 'usage' ? ['usage_fee'] : [],
    tags: plan === 'pro' ? ['pro'] : [],
    qualification: asks ? [{ ...qualification, level: 1 + (qualification.level % input.levels.length) }] : [],
    personCaps: Object.fromEntries(caps) as Terms['personCaps'],
    companyCap: companyCap ?? undefined,
    from: world.now + inDays * DAY_MS,
  };
}
