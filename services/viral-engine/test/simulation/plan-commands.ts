import { asPlanId } from '../../src/ids.js';
import { insist } from './broken.js';
import type { Amounts, Period, Terms } from './model-split.js';
import { toService } from './plans.js';
import { refusal } from './refusal.js';
import { callOf } from './sale-commands.js';
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
    const { plans } = world.model;
    insist(!plans.overlaps(terms), () => `the plan ${terms.planId} takes what another takes, and was not refused`);
    plans.versions.push({ ...terms, version: plans.of(terms.planId).length + 1 });
  });
  const { tenantId } = world;
  try {
    await world.attempt((process) =>
      process.addPlan(toService(terms), { tenantId, changedBy: 'simulation', at: new Date(world.now) }),
    );
    insist(done, () => `the plan ${terms.planId} was answered and not committed`);
  } catch (error) {
    refusal(error, 'PLAN_OVERLAP');
    insist(world.model.plans.overlaps(terms), () => `a version of ${terms.planId} was refused, and overlaps with none`);
    world.tally.count('refused: PLAN_OVERLAP');
  }
}

/** Purchases that no other plan takes go by another plan. */
export async function changeDefault(world: World, planId: string, id: number): Promise<void> {
  const { tenantId, model } = world;
  let done = false;
  world.intents.set(id, () => {
    done = true;
    model.plans.defaultPlan = planId;
  });
  try {
    await world.attempt((process) =>
      process.setDefaultPlan(asPlanId(planId), { tenantId, changedBy: 'simulation', at: new Date(world.now) }),
    );
    insist(done, () => `the default plan was answered as ${planId} and not committed`);
  } catch (error) {
    const reason = refusal(error, 'NOT_FOUND', 'CONFLICT');
    world.tally.count(`refused: ${reason} (default plan)`);
    const right = model.plans.of(planId).length === 0 ? 'NOT_FOUND' : 'CONFLICT';
    insist(
      reason === right && model.plans.isArchived(planId),
      () => `${planId} was refused with ${reason} as default plan`,
    );
  }
}

/** A plan decides no purchases from now on, until it has another version. */
export async function archive(
  world: World,
  [planId, keyed, copies]: readonly [string, boolean, number],
  id: number,
): Promise<void> {
  const { tenantId, model } = world;
  let done = false;
  world.intents.set(id, () => {
    // Told again under its key it commits too, and does nothing more.
    if (!done || !keyed) model.plans.archive(planId, world.now);
    done = true;
  });
  const call = callOf(world, keyed ? `archive ${id}` : undefined);
  const once = async (): Promise<void> => {
    try {
      await world.attempt((process) =>
        process.plans.archive(asPlanId(planId), {
          tenantId,
          changedBy: 'simulation',
          call,
          answer: () => ({ status: 200, body: {} }),
        }),
      );
      insist(done, () => `the plan ${planId} was answered as archived and is not`);
    } catch (error) {
      const reason = refusal(error, 'NOT_FOUND', 'CONFLICT');
      world.tally.count(`refused: ${reason} (archive)`);
      const right = model.plans.of(planId).length === 0 ? 'NOT_FOUND' : 'CONFLICT';
      const isDefault = model.plans.defaultPlan === planId;
      insist(
        reason === right && (reason === 'NOT_FOUND' || isDefault),
        () => `the archive of ${planId} was refused with ${reason}`,
      );
    }
  };
  await Promise.all(Array.from({ length: copies }, once));
  // Whatever the command does next is something else.
  world.intents.delete(id);
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
    streams: plan === 'usage' || plan === 'meter' ? ['usage_fee'] : [],
    tags: plan === 'pro' ? ['pro'] : [],
    qualification: asks ? [{ ...qualification, level: 1 + (qualification.level % input.levels.length) }] : [],
    personCaps: Object.fromEntries(caps) as Terms['personCaps'],
    companyCap: companyCap ?? undefined,
    from: world.now + inDays * DAY_MS,
  };
}
