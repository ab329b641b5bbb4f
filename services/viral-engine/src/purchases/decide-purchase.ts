import { type Commission } from '../commissions/commission.js';
import { newEntry } from '../commissions/entry-life.js';
import type { CapRooms } from '../commissions/limit-entries.js';
import { beneficiariesOf, type Earner, type Split, split, uplineLookedAt } from '../commissions/split.js';
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
  /** What the plan's caps leave; undefined where it has none in this currency. */
  readonly rooms?: CapRooms | undefined;
}

export interface DecidedPurchase {
  readonly purchase: PurchaseRecord;
  /** Whether it goes over the company cap, which ends the period's payments. */
  readonly crossesCompanyCap: boolean;
}

const DAY_MS = 86_400_000;

/** Makes the purchase with its commissions out of the order and the facts. Pure but for the ids it is handed. */
export function decidePurchase(order: PurchaseOrder, facts: PurchaseFacts, newId: () => string): PurchaseRecord {
  return decideUnderCaps(order, facts, newId).purchase;
}

/** decidePurchase that also says what the company's counter must know. */
export function decideUnderCaps(order: PurchaseOrder, facts: PurchaseFacts, newId: () => string): DecidedPurchase {
  const { plan } = facts;
  const snapshot = snapshotOf(order.buyerId, facts);
  const result = plan && snapshot.covered ? splitBy(order, snapshot, plan) : undefined;
  const purchase = purchaseOf(order, { ...facts, snapshot, result }, newId);
  return { purchase, crossesCompanyCap: result?.crossesCompanyCap ?? false };
}

/** Everybody who may get an entry of the purchase: whose counters its split needs. Nobody where it pays nothing. */
export function entitledTo(order: Pick<PurchaseOrder, 'buyerId'>, facts: PurchaseFacts): UserId[] {
  const { plan, upline, websiteOwner } = facts;
  if (plan === undefined || !isCoveredBy(plan, facts)) return [];
  return beneficiariesOf({ buyerId: order.buyerId, upline, websiteOwner }, plan);
}

function purchaseOf(
  order: PurchaseOrder,
  facts: PurchaseFacts & { snapshot: SplitSnapshot; result: Split | undefined },
  newId: () => string,
): PurchaseRecord {
  const { plan, recordedAt, snapshot, result } = facts;
  const availableAt = dueAt(facts.occurredAt, plan);
  const commissions = (result?.entries ?? []).map(
    ({ kind, level, beneficiaryId, rateBps, boostBps, amountMicros, cuts }): Commission => ({
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
      cuts,
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
    productTag: order.productTag,
    websiteId: order.websiteId,
    occurredAt: facts.occurredAt,
    occurredAtGiven: order.occurredAt !== undefined,
    recordedAt,
    plan: plan && { id: plan.planId, version: plan.version },
    totalMicros: result?.totalMicros ?? 0n,
    snapshot,
    sequence: firstSequence(commissions),
    refundedMicros: 0n,
    changedAt: recordedAt,
    commissions,
  };
}

function dueAt(occurredAt: Date, plan: PlanVersion | undefined): Date {
  return new Date(occurredAt.getTime() + (plan?.holdDays ?? 0) * DAY_MS);
}

function firstSequence(commissions: readonly Commission[]): bigint {
  return commissions.length > 0 ? 2n : 1n;
}

/** The purchase as it was when it was recorded by `plan`, whatever has happened to it since. */
export function asRecorded(purchase: PurchaseRecord, plan: PlanVersion | undefined): PurchaseRecord {
  const availableAt = dueAt(purchase.occurredAt, plan);
  return {
    ...purchase,
    sequence: firstSequence(purchase.commissions),
    refundedMicros: 0n,
    changedAt: purchase.recordedAt,
    commissions: purchase.commissions.map((entry) => ({ ...entry, ...newEntry(entry.grossMicros, availableAt) })),
  };
}

/** Computes the split of a recorded purchase once more from what was stored with it: the proof behind an explanation. */
export function splitAgain(
  purchase: Pick<Purchase, 'amountMicros' | 'currency' | 'buyerId' | 'snapshot'>,
  plan: PlanVersion,
): Split | undefined {
  if (!purchase.snapshot.covered) return undefined;
  const amount = { amountMicros: purchase.amountMicros, currency: purchase.currency };
  return splitBy({ buyerId: purchase.buyerId, amount }, purchase.snapshot, plan);
}

function splitBy(
  { buyerId, amount }: Pick<PurchaseOrder, 'buyerId' | 'amount'>,
  { upline, websiteOwner, rooms }: SplitSnapshot,
  plan: PlanVersion,
): Split {
  return split({ amountMicros: amount.amountMicros, buyerId, upline, websiteOwner, rooms }, plan);
}

function snapshotOf(buyerId: UserId, facts: PurchaseFacts): SplitSnapshot {
  const { plan, first, upline, websiteOwner, rooms } = facts;
  if (plan === undefined || first === undefined) {
    return { upline: [], websiteOwner: undefined, first: undefined, covered: false };
  }
  const covered = isCoveredBy(plan, facts);
  // Spread, so that a purchase without caps reads back just as it was decided.
  return { upline: uplineLookedAt({ buyerId, upline }, plan), websiteOwner, first, covered, ...(rooms && { rooms }) };
}

function isCoveredBy(plan: PlanVersion, { id: purchaseId, first, occurredAt }: PurchaseFacts): boolean {
  return first !== undefined && isCovered(plan.recurring, { purchaseId, occurredAt }, first);
}
