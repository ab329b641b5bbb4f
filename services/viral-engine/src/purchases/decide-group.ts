import type { CurrencyCode } from '@dailydoco/money';
import { accrualOf, type MoneyEvent } from '../commissions/money-event.js';
import { type Earner, type Standing, uplineNeeded } from '../commissions/split.js';
import type { TenantId, UserId } from '../ids.js';
import { choosePlan } from '../plans/choose-plan.js';
import type { PlanCatalogue, PlanVersion } from '../plans/plan.js';
import { type CountedPeriods, countedPeriods, MAX_QUALIFICATION, periodsAt } from '../plans/plan-limits.js';
import type { FirstPurchase } from '../plans/recurring.js';
import { CapCounters, type CountedPurchase, counterText, countersOf } from './cap-counters.js';
import { decideUnderCaps, entitledTo, type PurchaseFacts } from './decide-purchase.js';
import { distinct, firstKey, type FirstRef, found, type MemberRef, pairKey, refKey } from './group-keys.js';
import type { PurchaseRecord } from './purchase.js';
import type { NewPurchases, PurchaseGroup, PurchaseItem } from './purchase-group.js';

export interface Given {
  readonly now: Date;
  readonly newId: () => string;
}

/** What is known of what is behind a group's purchases: uplines of the buyers (locked), owners of websites, plans. */
export interface Known {
  readonly uplines: ReadonlyMap<string, readonly UserId[]>;
  readonly owners: ReadonlyMap<string, { ownerId: UserId; isMember: boolean }>;
  readonly catalogues: ReadonlyMap<TenantId, PlanCatalogue>;
}

export interface DecidedGroup {
  /** By tenant and external id. */
  readonly records: Map<string, PurchaseRecord>;
  /** Writes the purchases with their events and counters, all of it asked for before it first waits. */
  readonly write: () => Promise<void>;
}

/**
 * Decides the new purchases of a group in the order of arrival: each as if those before it had been committed. Counters
 * of caps are locked, and written, only where a plan has caps.
 */
export async function decideGroup(
  group: PurchaseGroup,
  planned: readonly Planned[],
  { known, people, given }: { known: Known; people: People; given: Given },
): Promise<DecidedGroup> {
  const records = new Map<string, PurchaseRecord>();
  if (planned.length === 0) return { records, write: () => Promise.resolve() };
  const working = planned.map(({ item }) => item);
  const { cases, firsts } = factsOfEach(planned, { known, given, ...people });
  const counters = await lockCounters(group, cases);
  const events: MoneyEvent[] = [];
  for (const { item, facts, counted } of cases) {
    const rooms = counted && counters?.roomsFor(counted);
    const decided = decideUnderCaps(item.order, { ...facts, ...(rooms && { rooms }) }, given.newId);
    const { purchase } = decided;
    if (counted !== undefined) counters?.add(counted, purchase, decided);
    records.set(pairKey(purchase.tenantId, purchase.externalId), purchase);
    events.push(...eventsOf(purchase, item.traceparent));
  }
  const apart = { metadata: metadataOf(working), payments: paymentsOf(working) };
  const added: NewPurchases = { records: [...records.values()], firsts, events, ...apart };
  const changed = counters?.changed() ?? [];
  return {
    records,
    write: async () => {
      await Promise.all([group.add(added), changed.length > 0 && group.saveCounters(changed)]);
    },
  };
}

/** The counters of all the purchases at once, so that they are locked in one order. Undefined where no plan has caps. */
async function lockCounters(group: PurchaseGroup, cases: readonly Case[]): Promise<CapCounters | undefined> {
  const keys = cases.flatMap(({ counted }) => (counted === undefined ? [] : countersOf(counted)));
  return keys.length === 0 ? undefined : new CapCounters(await group.lockCounters(distinct(keys, counterText)));
}

/** A purchase with the plan that decides it. */
export interface Planned {
  readonly item: PurchaseItem;
  readonly occurredAt: Date;
  readonly plan: PlanVersion | undefined;
  /** Which counters the plan keeps in the purchase's currency, if any. */
  readonly periods: CountedPeriods | undefined;
}

/** Chooses the plan of each purchase; undefined where none covers it. */
export function planEach(items: readonly PurchaseItem[], catalogues: Known['catalogues']): Planned[] {
  const periodsByPlan = new Map<string, CountedPeriods | undefined>();
  const periodsOf = (tenantId: TenantId, plan: PlanVersion, currency: CurrencyCode): CountedPeriods | undefined => {
    const key = `${tenantId}/${plan.planId}/${currency}`;
    if (!periodsByPlan.has(key)) {
      const { versions } = found(catalogues.get(tenantId), "a tenant's plans");
      const own = versions.filter(({ planId }) => planId === plan.planId);
      periodsByPlan.set(key, countedPeriods(own, currency));
    }
    return periodsByPlan.get(key);
  };
  return items.map((item) => {
    const { order, receivedAt } = item;
    const occurredAt = order.occurredAt ?? receivedAt;
    const catalogue = found(catalogues.get(order.tenantId), "a tenant's plans");
    const plan = choosePlan(catalogue, { stream: order.stream, productTag: order.productTag, occurredAt });
    return { item, occurredAt, plan, periods: plan && periodsOf(order.tenantId, plan, order.amount.currency) };
  });
}

/** What is read of the people of a group: first purchases of buyers, and those who may earn. */
export interface People {
  readonly firsts: Map<string, FirstPurchase>;
  readonly earners: ReadonlyMap<string, Earner>;
  /** Of those that a plan with qualification may look at. */
  readonly standings: Map<string, Standing>;
}

/** Reads the people whom the splits of the purchases go by. */
export async function readPeople(group: PurchaseGroup, planned: readonly Planned[], known: Known): Promise<People> {
  const earning = planned.flatMap((each) => earnerRefs(each, known));
  const qualifying = planned
    .filter(({ plan }) => plan !== undefined && plan.qualification.length > 0)
    .flatMap((each) => uplineRefs(each, known));
  const [firsts, earners, standings] = await Promise.all([
    group.readFirstPurchases(distinct(planned.flatMap(firstRef), firstKey)),
    group.readEarners(distinct(earning, refKey)),
    group.readStandings(distinct(qualifying, refKey)),
  ]);
  return { firsts, earners, standings };
}

/** A purchase with all that its split goes by but the caps. */
interface Case {
  readonly item: PurchaseItem;
  readonly facts: PurchaseFacts;
  /** Undefined where its plan counts nothing. */
  readonly counted: CountedPurchase | undefined;
}

type NewFirst = FirstPurchase & FirstRef;

/** The facts of each purchase, with what those before it in the group changed: firsts of buyers, own purchases. */
function factsOfEach(
  planned: readonly Planned[],
  given: People & { known: Known; given: Given },
): { cases: Case[]; firsts: NewFirst[] } {
  const newFirsts: NewFirst[] = [];
  const names = periodsAt(given.given.now);
  const cases = planned.map((each): Case => {
    const { item, occurredAt, plan, periods } = each;
    const { order, id } = item;
    const first = firstOf(each, given.firsts, newFirsts);
    const upline = uplineRefs(each, given.known).map((ref) => standingEarner(ref, each, given));
    const owner = ownerOf(item, given.known);
    const facts: PurchaseFacts = {
      id,
      recordedAt: given.given.now,
      occurredAt,
      plan,
      first,
      upline,
      // Where no plan covers the purchase nobody may earn, and nobody was read.
      websiteOwner: plan && owner && earnerOf({ tenantId: order.tenantId, userId: owner }, given),
    };
    countOwnPurchase(order, given.standings);
    if (plan === undefined || periods === undefined) return { item, facts, counted: undefined };
    const { tenantId, amount } = order;
    const entitled = entitledTo(order, facts);
    const { currency } = amount;
    return { item, facts, counted: { tenantId, plan, currency, counted: periods, entitled, periods: names } };
  });
  return { cases, firsts: newFirsts };
}

/** The buyer's first purchase under the plan; this one when there was none. */
function firstOf(
  { item: { order, id }, occurredAt, plan }: Planned,
  firsts: Map<string, FirstPurchase>,
  newFirsts: NewFirst[],
): FirstPurchase | undefined {
  if (plan === undefined) return undefined;
  const ref = { tenantId: order.tenantId, buyerId: order.buyerId, planId: plan.planId };
  const known = firsts.get(firstKey(ref));
  if (known !== undefined) return known;
  const first = { purchaseId: id, occurredAt };
  firsts.set(firstKey(ref), first);
  newFirsts.push({ ...first, ...ref });
  return first;
}

function earnerOf(ref: MemberRef, { earners }: People): Earner {
  return found(earners.get(refKey(ref)), 'a member of an upline');
}

function standingEarner(ref: MemberRef, { plan }: Planned, people: People): Earner {
  const earner = earnerOf(ref, people);
  if (plan === undefined || plan.qualification.length === 0) return earner;
  return { ...earner, standing: found(people.standings.get(refKey(ref)), 'the standing of a member') };
}

/** The buyer has one purchase more for the purchases after this one. */
function countOwnPurchase(order: { tenantId: TenantId; buyerId: UserId }, standings: Map<string, Standing>): void {
  const key = pairKey(order.tenantId, order.buyerId);
  const standing = standings.get(key);
  if (standing === undefined) return;
  const ownPurchases = Math.min(standing.ownPurchases + 1, MAX_QUALIFICATION);
  standings.set(key, { ...standing, ownPurchases });
}

function firstRef({ item, plan }: Planned): FirstRef[] {
  const { tenantId, buyerId } = item.order;
  return plan === undefined ? [] : [{ tenantId, buyerId, planId: plan.planId }];
}

/** As many of the buyer's referrers as the plan can need, nearest first. */
function uplineRefs({ item: { order }, plan }: Planned, known: Known): MemberRef[] {
  if (plan === undefined) return [];
  const { tenantId } = order;
  const upline = uplineOf(order, known).slice(0, uplineNeeded(plan));
  return upline.map((userId) => ({ tenantId, userId }));
}

function earnerRefs(each: Planned, known: Known): MemberRef[] {
  const { item, plan } = each;
  if (plan === undefined) return [];
  const owner = ownerOf(item, known);
  const owners = owner === undefined ? [] : [{ tenantId: item.order.tenantId, userId: owner }];
  return [...uplineRefs(each, known), ...owners];
}

function uplineOf(order: { tenantId: TenantId; buyerId: UserId }, known: Known): readonly UserId[] {
  return found(known.uplines.get(pairKey(order.tenantId, order.buyerId)), 'a buyer');
}

function ownerOf({ order, ignoreWebsiteOwner }: PurchaseItem, known: Known): UserId | undefined {
  if (order.websiteId === undefined || ignoreWebsiteOwner) return undefined;
  return known.owners.get(pairKey(order.tenantId, order.websiteId))?.ownerId;
}

function eventsOf(record: PurchaseRecord, traceparent: string | undefined): MoneyEvent[] {
  const { tenantId, id: purchaseId, buyerId, currency, recordedAt: at, amountMicros, stream, websiteId } = record;
  const common = { tenantId, purchaseId, buyerId, currency, at, traceparent };
  const recorded = {
    kind: 'purchaseRecorded',
    amount: { amountMicros, currency },
    stream,
    websiteId,
    plan: record.plan,
    houseMicros: amountMicros - record.totalMicros,
    occurredAt: record.occurredAt,
  } as const;
  const [entry] = record.commissions;
  const events: MoneyEvent[] = [{ ...common, sequence: 1n, fact: recorded }];
  if (entry === undefined) return events;
  const moves = record.commissions.map(accrualOf);
  return [...events, { ...common, sequence: 2n, fact: { kind: 'accrued', moves, availableAt: entry.availableAt } }];
}

function metadataOf(working: readonly PurchaseItem[]) {
  return working.flatMap(({ id, order: { tenantId, buyerId, metadata } }) =>
    metadata === undefined ? [] : [{ tenantId, purchaseId: id, buyerId, metadata }],
  );
}

function paymentsOf(working: readonly PurchaseItem[]) {
  return working.flatMap(({ id, order: { tenantId, buyerId, paymentFingerprint: fingerprint } }) =>
    fingerprint === undefined ? [] : [{ tenantId, purchaseId: id, buyerId, fingerprint }],
  );
}
