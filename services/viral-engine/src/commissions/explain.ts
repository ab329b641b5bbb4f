import type { UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { splitAgain } from '../purchases/decide-purchase.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { Commission, CommissionChange } from './commission.js';
import type { DecisionRecord } from './decide-commissions.js';
import { type CapPeriod, type CompanyCap, capIn, type Qualification } from '../plans/plan-limits.js';
import type { Cut, PersonRoom } from './limit-entries.js';
import { type Earner, isQualified, mayEarn, seatLevels, type Split, type Standing } from './split.js';

/** Why a level or the website bonus pays nothing before any cap. */
export type Unpaid = 'nobody' | 'not_active' | 'own_purchase' | 'not_qualified';

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
      readonly unpaid: Unpaid | undefined;
      /** What the plan asks before this level pays, and what its ancestor had. */
      readonly qualification: { readonly asked: Qualification; readonly had: Standing | undefined } | undefined;
      /** Before any limit. */
      readonly uncappedMicros: bigint;
      /** After all limits. */
      readonly amountMicros: bigint;
      readonly cuts: readonly Cut[];
      /** What the beneficiary could still earn when the purchase was recorded; undefined without a cap. */
      readonly room: PersonRoom | undefined;
      /** Whether this is the step that the commission comes from. */
      readonly isThis: boolean;
    }
  | {
      readonly step: 'cap';
      readonly maxPayoutBps: number;
      readonly capMicros: bigint;
      readonly sumMicros: bigint;
      readonly applied: boolean;
    }
  | {
      readonly step: 'company_cap';
      readonly period: CapPeriod;
      readonly mode: CompanyCap['mode'];
      readonly capMicros: bigint;
      /** What everybody together could still earn when the purchase was recorded. */
      readonly leftMicros: bigint;
      /** A purchase before went over the cap. */
      readonly closed: boolean;
      /** All entries together, before this cap. */
      readonly sumMicros: bigint;
      readonly applied: boolean;
    };

type ShareStep = Extract<SplitStep, { step: 'website_bonus' | 'level' }>;

export interface Explanation {
  readonly commission: Commission;
  readonly purchase: PurchaseRecord;
  readonly plan: PlanVersion;
  readonly steps: readonly SplitStep[];
  /** Whether the recomputed amount is the one that was written: anything else is a fault to be reported. */
  readonly matches: boolean;
  readonly changes: readonly CommissionChange[];
  /** What was decided about it, by whom and why. */
  readonly decisions: readonly DecisionRecord[];
}

/** Why a commission is what it is: inputs, plan version, each step of the split, each change with its reason. */
export function explain(given: {
  commission: Commission;
  purchase: PurchaseRecord;
  plan: PlanVersion;
  changes: readonly CommissionChange[];
  decisions: readonly DecisionRecord[];
}): Explanation {
  const { commission, purchase, plan } = given;
  const split = splitAgain(purchase, plan);
  if (split === undefined) throw new Error('A purchase outside the recurring rule has no commissions');
  const steps = stepsOf(given, split);
  const own = steps.find((step): step is ShareStep => 'isThis' in step && step.isThis);
  const matches = own?.amountMicros === commission.grossMicros;
  return { ...given, steps, matches };
}

function stepsOf(
  given: { commission: Commission; purchase: PurchaseRecord; plan: PlanVersion },
  split: Split,
): SplitStep[] {
  const { commission, purchase, plan } = given;
  const { buyerId, snapshot } = purchase;
  const seats = new Map(
    seatLevels({ buyerId, upline: snapshot.upline }, plan).map(({ level, earner }) => [level, earner]),
  );
  const entries = [...split.entries, ...split.lost];
  const step = (kind: 'website_bonus' | 'level', level: number, rateBps: number, earner: Earner | undefined) => {
    const entry = entries.find((each) => each.kind === kind && each.level === level);
    const asked = plan.qualification.find((each) => each.level === level);
    return {
      step: kind,
      level,
      rateBps,
      boostBps: kind === 'level' ? (earner?.boostBps ?? 0) : 0,
      beneficiaryId: earner?.userId,
      unpaid: unpaidBecause(earner, buyerId) ?? (earner && unqualifiedFor(earner, level, plan)),
      qualification: asked && { asked, had: earner?.standing },
      uncappedMicros: entry?.uncappedMicros ?? 0n,
      amountMicros: entry?.amountMicros ?? 0n,
      cuts: entry?.cuts ?? [],
      room: entry && snapshot.rooms?.people.get(entry.beneficiaryId),
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
  return [...bonus, ...levels, cap, ...companyStep(purchase, plan, split)];
}

function companyStep(purchase: PurchaseRecord, { companyCap }: PlanVersion, split: Split): SplitStep[] {
  const capMicros = companyCap && capIn(companyCap.amounts, purchase.currency);
  const room = purchase.snapshot.rooms?.company;
  if (companyCap === undefined || capMicros === undefined || room === undefined) return [];
  return [
    {
      step: 'company_cap',
      period: companyCap.period,
      mode: companyCap.mode,
      capMicros,
      ...room,
      sumMicros: split.beforeCompanyMicros,
      applied: room.closed || split.crossesCompanyCap,
    },
  ];
}

function unqualifiedFor(earner: Earner, level: number, plan: PlanVersion): 'not_qualified' | undefined {
  return isQualified(earner, level, plan) ? undefined : 'not_qualified';
}

function unpaidBecause(earner: Earner | undefined, buyerId: UserId): Unpaid | undefined {
  if (earner === undefined) return 'nobody';
  if (earner.userId === buyerId) return 'own_purchase';
  return mayEarn(earner, buyerId) ? undefined : 'not_active';
}
