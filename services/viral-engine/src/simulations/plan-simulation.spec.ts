import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { DomainError } from '@dailydoco/errors';
import type { Earner } from '../commissions/split.js';
import { asPlanId, asPurchaseId, asTenantId, asUserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { NO_LIMITS } from '../plans/plan-limits.js';
import { STANDARD } from '../plans/shipped-plans.js';
import { decidePurchase } from '../purchases/decide-purchase.js';
import { isUplineEnough, PlanSimulation, proposedVersion, type ReplayedPurchase } from './plan-simulation.js';
import { type PurchaseHistory, SimulatePlan } from './simulate-plan.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const USD = currencyOf('USD');
const tenantId = asTenantId('t');
const usd = (units: number) => ({ amountMicros: BigInt(units) * 1_000_000n, currency: USD });
const chain = (length: number): Earner[] =>
  Array.from({ length }, (_, n) => ({ userId: asUserId(`u${n + 1}`), status: 'active', boostBps: 0 }));

let ids = 0;
/** A purchase that the plan decided. */
function bought(
  amountMicros: bigint,
  upline: readonly Earner[],
  plan: PlanVersion,
  recordedAt = NOW,
): ReplayedPurchase {
  const id = asPurchaseId(`p${(ids += 1)}`);
  const purchase = decidePurchase(
    {
      tenantId,
      externalId: id,
      buyerId: asUserId('buyer'),
      amount: { amountMicros, currency: USD },
      stream: 'subscription',
      websiteId: undefined,
      occurredAt: undefined,
      metadata: undefined,
    },
    {
      id,
      recordedAt,
      occurredAt: recordedAt,
      plan,
      first: { purchaseId: id, occurredAt: recordedAt },
      upline,
      websiteOwner: undefined,
    },
    () => 'c',
  );
  return { purchase, plan, upline };
}

function simulated(proposed: PlanVersion, replayed: readonly ReplayedPurchase[], top = 9) {
  const simulation = new PlanSimulation(proposed);
  for (const each of replayed) simulation.add(each);
  return simulation.result(top)[0]!;
}

describe('A simulation', () => {
  it('of the plan that decided changes nothing for anybody', () => {
    const amounts = fc.array(fc.bigInt({ min: 1n, max: 10n ** 15n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 9 }), (all, length) => {
        const result = simulated(
          STANDARD,
          all.map((amount) => bought(amount, chain(length), STANDARD)),
        );
        expect(result.proposed).toEqual(result.now);
        expect([result.gaining, result.losing, result.gains, result.losses]).toEqual([0, 0, [], []]);
        const { commissionsMicros, houseMicros, byLevelMicros } = result.now;
        expect(commissionsMicros + houseMicros).toBe(result.revenueMicros);
        expect(byLevelMicros.reduce((sum, micros) => sum + micros, 0n)).toBe(commissionsMicros);
      }),
    );
  });

  it('tells totals by level, and who gains and loses most, in order', () => {
    const proposed = proposedVersion({ ...STANDARD, levelsBps: [1000, 1500, 2000] });
    const result = simulated(proposed, [bought(100_000_000n, chain(4), STANDARD)], 1);
    expect(result.now.byLevelMicros.slice(1, 5)).toEqual([20_000_000n, 15_000_000n, 10_000_000n, 8_000_000n]);
    expect(result.proposed.byLevelMicros.slice(1, 5)).toEqual([10_000_000n, 15_000_000n, 20_000_000n, 0n]);
    expect([result.now.houseMicros, result.proposed.houseMicros]).toEqual([47_000_000n, 55_000_000n]);
    expect([result.gaining, result.losing, result.unchanged]).toEqual([1, 2, 1]);
    expect(result.gains).toEqual([{ userId: 'u3', nowMicros: 10_000_000n, proposedMicros: 20_000_000n }]);
    expect(result.losses).toEqual([{ userId: 'u1', nowMicros: 20_000_000n, proposedMicros: 10_000_000n }]);
  });

  it('fills caps in the order given, and empties those of a day at midnight', () => {
    const proposed = proposedVersion({
      ...STANDARD,
      levelsBps: [1000],
      beneficiaryCaps: { ...NO_LIMITS.beneficiaryCaps, day: [usd(12)], lifetime: [usd(20)] },
      companyCap: { period: 'month', mode: 'stop', amounts: [usd(1_000)] },
    });
    const tomorrow = new Date(NOW.getTime() + 86_400_000);
    const times = [NOW, NOW, tomorrow, tomorrow];
    const result = simulated(
      proposed,
      times.map((at) => bought(100_000_000n, chain(1), STANDARD, at)),
    );
    expect(result.proposed.commissionsMicros).toBe(20_000_000n);
    expect(result.proposed.cutsMicros).toEqual({
      max_payout: 0n,
      beneficiary_day: 14_000_000n,
      beneficiary_month: 0n,
      beneficiary_lifetime: 6_000_000n,
      company_cap: 0n,
    });
  });

  it('is enough with what was stored when the proposed plan reaches no higher, or nobody stands higher', () => {
    const one = { ...STANDARD, levelsBps: [1000] };
    const dynamic = { ...STANDARD, compression: 'dynamic' as const };
    const { purchase: cut } = bought(100n, chain(1), one);
    const { purchase: whole } = bought(100n, chain(3), STANDARD);
    const { purchase: full } = bought(100n, chain(7), STANDARD);
    expect([cut, whole, full].map((purchase) => isUplineEnough(purchase, STANDARD, one))).toEqual([true, true, true]);
    expect(isUplineEnough(cut, one, STANDARD)).toBe(false);
    expect(isUplineEnough(whole, STANDARD, dynamic)).toBe(true);
    expect(isUplineEnough(full, STANDARD, dynamic)).toBe(true);
    expect(isUplineEnough(full, STANDARD, { ...dynamic, qualification: [asks(7)] })).toBe(false);
    expect(isUplineEnough({ ...whole, plan: undefined }, undefined, STANDARD)).toBe(false);
  });
});

const asks = (level: number) => ({ level, minOwnPurchases: 1, minActiveReferrals: 0 });

describe('Simulating', () => {
  const order = {
    tenantId,
    proposed: { ...STANDARD, planId: asPlanId('next') },
    from: NOW,
    to: new Date(NOW.getTime() + 1),
    top: 1,
  };
  const reasonOf = (work: Promise<unknown>) =>
    work.then(
      () => 'fine',
      (error: unknown) =>
        error instanceof DomainError ? [error.reason, ...error.fieldErrors.map((e) => e.path)] : error,
    );

  it('is refused for terms that are no plan and for a period that is none', async () => {
    const simulate = new SimulatePlan({
      withHistory: () => Promise.reject(new Error('nothing is read')),
      giveWay: () => Promise.resolve(),
    });
    const outcomes = [
      { proposed: { ...order.proposed, levelsBps: [] } },
      { to: NOW },
      { to: new Date(NOW.getTime() + 367 * 86_400_000) },
    ].map((wrong) => reasonOf(simulate.simulate({ ...order, ...wrong })));
    expect(await Promise.all(outcomes)).toEqual([
      ['VALIDATION_FAILED', 'plan.levelsBps'],
      ['VALIDATION_FAILED', 'to'],
      ['VALIDATION_FAILED', 'to'],
    ]);
  });

  it('happens once at a time, and gives way to other work', async () => {
    const history: PurchaseHistory = {
      readPlans: () => Promise.resolve({ versions: [STANDARD], defaultPlanId: STANDARD.planId }),
      async *replay() {
        for (let n = 0; n < 3; n += 1) {
          yield await Promise.resolve(Array.from({ length: 100 }, () => bought(100n, chain(1), STANDARD)));
        }
      },
    };
    let turns = 0;
    const simulate = new SimulatePlan({
      withHistory: (work) => work(history),
      giveWay: () => {
        turns += 1;
        return Promise.resolve();
      },
    });
    const [first, second] = [simulate.simulate(order), reasonOf(simulate.simulate(order))];
    expect(await second).toEqual(['OVERLOADED']);
    expect([(await first).purchases, turns]).toEqual([300, 3]);
    expect(await reasonOf(simulate.simulate(order))).toBe('fine');
  });
});
