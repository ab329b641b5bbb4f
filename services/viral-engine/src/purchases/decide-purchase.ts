import { type Commission } from '../commissions/commission.js';
import { newEntry } from '../commissions/entry-life.js';
import { type Earner, type Split, split, uplineLookedAt } from '../commissions/split.js';
import { asCommissionId, type PurchaseId, type UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { type FirstPurchase, isCovered } from '../plans/recurring.js';
import type { Purchase, PurchaseOrder, PurchaseRecord, SplitSnapshot } from './purchase.js';

/** All that a purchase is decided from, as it stands when it is committed. */
export interface PurchaseFacts {
  readonly id: PurchaseId;
  readonly recordedAt: Date;
  readonly occurredAt: Date;
  /** Undefined when no plan covers the purchase. */
  readonly plan: PlanVersion | undefined;
  /** The buyer's first purchase under the plan, which may be this one. */
  readonly first: FirstPurchase | undefined;
  /** As many of the buyer's referrers as the plan can need, nearest first. */
  readonly upline: readonly Earner[];
  readonly websiteOwner: Earner | undefined;
}

const DAY_MS = 86_400_000;

/** Makes the purchase with its commissions out of the order and the facts. Pure but for the ids it is handed. */
export function decidePurchase(order: PurchaseOrder, facts: PurchaseFacts, newId: () => string): PurchaseRecord {
  const { plan, recordedAt } = facts;
  const snapshot = snapshotOf(order.buyerId, facts);
  const result = plan && snapshot.covered ? splitBy(order, snapshot, plan) : undefined;
  const availableAt = new Date(facts.occurredAt.getTime() + (plan?.holdDays ?? 0) * DAY_MS);
  const commissions = (result?.entries ?? []).map(
    ({ kind, level, beneficiaryId, rateBps, boostBps, amountMicros }): Commission => ({
      ...newEntry(amountMicros, availableAt),
      id: asCommissionId(newId()),
      purchaseId: facts.id,
      beneficiaryId,
      kind,
      level,
      rateBps,
      boostBps,
      currency: order.amount.currency,
      grossMicros: amountMicros,
      createdAt: recordedAt,
    }),
  );
  return {
    tenantId: order.tenantId,
    id: facts.id,
    externalId: order.externalId,
    buyerId: order.buyerId,
    amountMicros: order.amount.amountMicros,
    currency: order.amount.currency,
    stream: order.stream,
    websiteId: order.websiteId,
    occurredAt: facts.occurredAt,
    occurredAtGiven: order.occurredAt !== undefined,
    recordedAt,
    plan: plan && { id: plan.planId, version: plan.version },
    totalMicros: result?.totalMicros ?? 0n,
    snapshot,
    sequence: commissions.length > 0 ? 2n : 1n,
    refundedMicros: 0n,
    changedAt: recordedAt,
    commissions,
  };
}

/** Computes the split of a recorded purchase once more from what was stored with it: the proof behind an explanation. */
export function splitAgain(purchase: Purchase, plan: PlanVersion): Split | undefined {
  if (!purchase.snapshot.covered) return undefined;
  const amount = { amountMicros: purchase.amountMicros, currency: purchase.currency };
  return splitBy({ buyerId: purchase.buyerId, amount }, purchase.snapshot, plan);
}

function splitBy(
  { buyerId, amount }: Pick<PurchaseOrder, 'buyerId' | 'amount'>,
  { upline, websiteOwner }: SplitSnapshot,
  plan: PlanVersion,
): Split {
  return split({ amountMicros: amount.amountMicros, buyerId, upline, websiteOwner }, plan);
}

function snapshotOf(buyerId: UserId, facts: PurchaseFacts): SplitSnapshot {
  const { id: purchaseId, plan, first, upline, websiteOwner, occurredAt } = facts;
  if (plan === undefined || first === undefined) {
    return { upline: [], websiteOwner: undefined, first: undefined, covered: false };
  }
  const covered = isCovered(plan.recurring, { purchaseId, occurredAt }, first);
  return { upline: uplineLookedAt({ buyerId, upline }, plan), websiteOwner, first, covered };
}
