import type { UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { splitAgain } from '../purchases/decide-purchase.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { Commission, CommissionChange } from './commission.js';
import { type Earner, mayEarn, seatLevels, type Split } from './split.js';

/** One step of the split that a commission came from, computed once more from what was stored with the purchase. */
export type SplitStep =
  | {
      readonly step: 'website_bonus' | 'level';
      /** 0 for the website bonus. */
      readonly level: number;
      readonly rateBps: number;
      readonly boostBps: number;
      /** Undefined where nobody stands. */
      readonly beneficiaryId: UserId | undefined;
      /** Why nothing is paid here, if so: nobody stands there, or who does may not earn. */
      readonly unpaid: 'nobody' | 'not_active' | 'own_purchase' | undefined;
      /** Before the cap. */
      readonly uncappedMicros: bigint;
      /** After the cap. */
      readonly amountMicros: bigint;
      /** Whether this is the step that the commission comes from. */
      readonly isThis: boolean;
    }
  | {
      readonly step: 'cap';
      readonly maxPayoutBps: number;
      readonly capMicros: bigint;
      readonly sumMicros: bigint;
      readonly applied: boolean;
    };

export interface Explanation {
  readonly commission: Commission;
  readonly purchase: PurchaseRecord;
  readonly plan: PlanVersion;
  readonly steps: readonly SplitStep[];
  /** Whether the recomputed amount is the one that was written: anything else is a fault to be reported. */
  readonly matches: boolean;
  readonly changes: readonly CommissionChange[];
}

/** Why a commission is what it is: inputs, plan version, each step of the split, each change with its reason. */
export function explain(given: {
  commission: Commission;
  purchase: PurchaseRecord;
  plan: PlanVersion;
  changes: readonly CommissionChange[];
}): Explanation {
  const { commission, purchase, plan } = given;
  const split = splitAgain(purchase, plan);
  if (split === undefined) throw new Error('A purchase outside the recurring rule has no commissions');
  const steps = stepsOf(given, split);
  const own = steps.find((step) => step.step !== 'cap' && step.isThis);
  const matches = own?.step !== 'cap' && own?.amountMicros === commission.grossMicros;
  return { ...given, steps, matches };
}

function stepsOf(given: { commission: Commission; purchase: PurchaseRecord; plan: PlanVersion }, split: Split) {
  const { commission, purchase, plan } = given;
  const { buyerId, snapshot } = purchase;
  const seats = new Map(
    seatLevels({ buyerId, upline: snapshot.upline }, plan).map(({ level, earner }) => [level, earner]),
  );
  const step = (kind: 'website_bonus' | 'level', level: number, rateBps: number, earner: Earner | undefined) => {
    const entry = split.entries.find((each) => each.kind === kind && each.level === level);
    return {
      step: kind,
      level,
      rateBps,
      boostBps: kind === 'level' ? (earner?.boostBps ?? 0) : 0,
      beneficiaryId: earner?.userId,
      unpaid: unpaidBecause(earner, buyerId),
      uncappedMicros: entry?.uncappedMicros ?? 0n,
      amountMicros: entry?.amountMicros ?? 0n,
      isThis: commission.kind === kind && commission.level === level,
    };
  };
  const cap: SplitStep = {
    step: 'cap',
    maxPayoutBps: plan.maxPayoutBps,
    capMicros: split.capMicros,
    sumMicros: split.uncappedMicros,
    applied: split.uncappedMicros > split.capMicros,
  };
  const bonus =
    purchase.websiteId === undefined ? [] : [step('website_bonus', 0, plan.websiteBonusBps, snapshot.websiteOwner)];
  const levels = plan.levelsBps.map((rateBps, index) => step('level', index + 1, rateBps, seats.get(index + 1)));
  return [...bonus, ...levels, cap];
}

function unpaidBecause(
  earner: Earner | undefined,
  buyerId: UserId,
): 'nobody' | 'not_active' | 'own_purchase' | undefined {
  if (earner === undefined) return 'nobody';
  if (earner.userId === buyerId) return 'own_purchase';
  return mayEarn(earner, buyerId) ? undefined : 'not_active';
}
