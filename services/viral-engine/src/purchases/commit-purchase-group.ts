import { DomainError } from '@dailydoco/errors';
import { accrualOf, type MoneyEvent } from '../commissions/money-event.js';
import { uplineNeeded } from '../commissions/split.js';
import type { PlanId, TenantId, UserId } from '../ids.js';
import { choosePlan } from '../plans/choose-plan.js';
import type { PlanVersion } from '../plans/plan.js';
import type { FirstPurchase } from '../plans/recurring.js';
import { decidePurchase } from './decide-purchase.js';
import { isSamePurchase, type PurchaseRecord } from './purchase.js';
import type {
  BuyerRef,
  ClaimOutcome,
  IdempotentAnswer,
  Missing,
  PurchaseGroup,
  PurchaseItem,
  PurchaseOutcome,
} from './purchase-group.js';

interface Given {
  readonly now: Date;
  readonly newId: () => string;
}

/** What is known of the people behind a group's purchases: uplines of the buyers (locked), owners of the websites. */
interface Known {
  readonly uplines: ReadonlyMap<string, readonly UserId[]>;
  readonly owners: ReadonlyMap<string, { ownerId: UserId; isMember: boolean }>;
}

/**
 * Records a group of purchases in one database transaction: either all of it is committed or nothing. The steps lock
 * in one order in every replica (split lock, buyers, idempotency keys, external ids; each sorted), so that groups wait
 * for each other and never in a circle. One outcome per item, in the items' order.
 */
export async function commitPurchaseGroup(
  group: PurchaseGroup,
  items: readonly PurchaseItem[],
  given: Given,
): Promise<PurchaseOutcome[]> {
  await group.shareSplitLock();
  const known = await readKnown(group, items);
  const outcomes = new Map<PurchaseItem, PurchaseOutcome>();
  for (const item of items) {
    const missing = missingFor(item, known);
    if (missing.length > 0) outcomes.set(item, { kind: 'missing', missing });
  }
  const ready = items.filter((item) => !outcomes.has(item));
  const claims = await group.claimKeys(ready.map(({ idempotency }) => idempotency?.claim));
  const working = ready.filter((_, index) => claims[index]?.kind === 'claimed');
  for (const [item, outcome] of await recordAll(group, { working, known, given })) outcomes.set(item, outcome);
  await answerKeys(group, working, outcomes);
  ready.forEach((item, index) => {
    const claim = claims[index];
    if (claim !== undefined && claim.kind !== 'claimed') outcomes.set(item, outcomeOfClaim(claim, ready, outcomes));
  });
  return items.map((item) => found(outcomes.get(item), 'the outcome of an item'));
}

async function readKnown(group: PurchaseGroup, items: readonly PurchaseItem[]): Promise<Known> {
  const buyers = distinct(
    items.map(({ order }) => ({ tenantId: order.tenantId, userId: order.buyerId })),
    refKey,
  );
  const websites = items.flatMap(({ order: { tenantId, websiteId } }) =>
    websiteId === undefined ? [] : [{ tenantId, websiteId }],
  );
  const uplines = await group.lockBuyers(buyers);
  const owners =
    websites.length === 0
      ? new Map<string, never>()
      : await group.readWebsiteOwners(distinct(websites, (ref) => pairKey(ref.tenantId, ref.websiteId)));
  return { uplines, owners };
}

function missingFor({ order, ignoreWebsiteOwner }: PurchaseItem, { uplines, owners }: Known): Missing[] {
  const { tenantId, buyerId, websiteId } = order;
  const missing: Missing[] = [];
  if (!uplines.has(pairKey(tenantId, buyerId))) missing.push({ what: 'buyer', userId: buyerId });
  if (websiteId === undefined) return missing;
  const owner = owners.get(pairKey(tenantId, websiteId));
  if (owner === undefined) missing.push({ what: 'website', websiteId });
  else if (!owner.isMember && !ignoreWebsiteOwner) missing.push({ what: 'websiteOwner', userId: owner.ownerId });
  return missing;
}

interface Work {
  readonly working: readonly PurchaseItem[];
  readonly known: Known;
  readonly given: Given;
}

async function recordAll(group: PurchaseGroup, work: Work): Promise<Map<PurchaseItem, PurchaseOutcome>> {
  const { working } = work;
  if (working.length === 0) return new Map();
  // The first of several that tell of one sale creates it; the others find it, as if they had come later.
  const first = distinct(working, ({ order }) => pairKey(order.tenantId, order.externalId));
  const created = await group.claimExternalIds(first.map(({ id, order }) => ({ ...order, purchaseId: id })));
  const records = await decideAll(group, { ...work, working: first.filter(({ id }) => created.has(id)) });
  const others = first.filter(({ id }) => !created.has(id)).map(({ order }) => order);
  for (const record of others.length === 0 ? [] : await group.findPurchases(others)) {
    records.set(pairKey(record.tenantId, record.externalId), record);
  }
  return new Map(working.map((item) => [item, outcomeFor(item, records)]));
}

function outcomeFor(item: PurchaseItem, records: ReadonlyMap<string, PurchaseRecord>): PurchaseOutcome {
  const { order } = item;
  const purchase = records.get(pairKey(order.tenantId, order.externalId));
  if (purchase === undefined) return { kind: 'awaitsCustomer' };
  if (!isSamePurchase(purchase, order)) return { kind: 'refused', error: new DomainError('PURCHASE_CONFLICT') };
  return { kind: 'recorded', created: purchase.id === item.id, purchase };
}

/** Decides the new purchases of the group in the order of arrival, and writes them with their events. */
async function decideAll(group: PurchaseGroup, { working, known, given }: Work): Promise<Map<string, PurchaseRecord>> {
  const records = new Map<string, PurchaseRecord>();
  if (working.length === 0) return records;
  const planned = await planEach(group, working);
  const firsts = await group.readFirstPurchases(distinct(planned.flatMap(firstRef), firstKey));
  const newFirsts: (FirstPurchase & FirstRef)[] = [];
  const earners = await group.readEarners(
    distinct(
      planned.flatMap((each) => earnerRefs(each, known)),
      refKey,
    ),
  );
  const events: MoneyEvent[] = [];
  for (const { item, occurredAt, plan } of planned) {
    const { order, id } = item;
    const { tenantId, buyerId } = order;
    const key = plan && firstKey({ tenantId, buyerId, planId: plan.planId });
    let first = key === undefined ? undefined : firsts.get(key);
    if (plan !== undefined && key !== undefined && first === undefined) {
      first = { purchaseId: id, occurredAt };
      firsts.set(key, first);
      newFirsts.push({ ...first, tenantId, buyerId, planId: plan.planId });
    }
    const upline = plan === undefined ? [] : uplineOf(order, known).slice(0, uplineNeeded(plan));
    const owner = ownerOf(item, known);
    const earnerOf = (userId: UserId) => found(earners.get(pairKey(tenantId, userId)), 'a member of an upline');
    const record = decidePurchase(
      order,
      {
        id,
        recordedAt: given.now,
        occurredAt,
        plan,
        first,
        upline: upline.map(earnerOf),
        websiteOwner: owner && earnerOf(owner),
      },
      given.newId,
    );
    records.set(pairKey(tenantId, order.externalId), record);
    events.push(...eventsOf(record, item.traceparent));
  }
  await group.add({ records: [...records.values()], firsts: newFirsts, events, metadata: metadataOf(working) });
  return records;
}

interface Planned {
  readonly item: PurchaseItem;
  readonly occurredAt: Date;
  readonly plan: PlanVersion | undefined;
}

async function planEach(group: PurchaseGroup, working: readonly PurchaseItem[]): Promise<Planned[]> {
  const tenants = distinct(
    working.map(({ order }) => order.tenantId),
    (tenantId) => tenantId,
  );
  const catalogues = await group.readCatalogues(tenants);
  return working.map((item) => {
    const { order, receivedAt } = item;
    const occurredAt = order.occurredAt ?? receivedAt;
    const catalogue = found(catalogues.get(order.tenantId), "a tenant's plans");
    return { item, occurredAt, plan: choosePlan(catalogue, { stream: order.stream, occurredAt }) };
  });
}

interface FirstRef {
  readonly tenantId: TenantId;
  readonly buyerId: UserId;
  readonly planId: PlanId;
}

function firstRef({ item, plan }: Planned): FirstRef[] {
  const { tenantId, buyerId } = item.order;
  return plan === undefined ? [] : [{ tenantId, buyerId, planId: plan.planId }];
}

function earnerRefs({ item, plan }: Planned, known: Known): BuyerRef[] {
  if (plan === undefined) return [];
  const { tenantId } = item.order;
  const upline = uplineOf(item.order, known).slice(0, uplineNeeded(plan));
  const owner = ownerOf(item, known);
  return [...upline, ...(owner === undefined ? [] : [owner])].map((userId) => ({ tenantId, userId }));
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

/** Binds the answers to the keys that were claimed, and frees the keys of those that were refused. */
async function answerKeys(
  group: PurchaseGroup,
  working: readonly PurchaseItem[],
  outcomes: ReadonlyMap<PurchaseItem, PurchaseOutcome>,
): Promise<void> {
  const answers = working.flatMap((item) => {
    const { idempotency } = item;
    if (idempotency === undefined) return [];
    const answer = answerOf(found(outcomes.get(item), 'the outcome of an item'), idempotency);
    return [{ claim: idempotency.claim, ...(answer ?? { status: 409, body: undefined }) }];
  });
  if (answers.length > 0) await group.saveAnswers(answers);
}

function answerOf(outcome: PurchaseOutcome, idempotency: IdempotentAnswer) {
  return outcome.kind === 'recorded' ? idempotency.answer(outcome.purchase, outcome.created) : undefined;
}

/** What a claim that did not get its key comes to. A twin within the group shares the outcome of the first. */
function outcomeOfClaim(
  claim: Exclude<ClaimOutcome, { kind: 'claimed' }>,
  ready: readonly PurchaseItem[],
  outcomes: ReadonlyMap<PurchaseItem, PurchaseOutcome>,
): PurchaseOutcome {
  if (claim.kind === 'replay') return { kind: 'replayed', status: claim.status, body: claim.body };
  if (claim.kind !== 'sameAs') return { kind: 'refused', error: new DomainError('IDEMPOTENCY_KEY_REUSED') };
  const twin = found(ready[claim.index], 'the twin of an item');
  const outcome = found(outcomes.get(twin), 'the outcome of a twin');
  const answer = twin.idempotency && answerOf(outcome, twin.idempotency);
  return answer === undefined ? outcome : { kind: 'replayed', ...answer };
}

/**
 * What became of a group whose connection was lost during COMMIT. An item whose purchase is there under the item's own
 * id was committed; undefined: nothing of it was, it may be committed again.
 */
export async function recoverPurchaseGroup(
  purchases: {
    byExternalIds(keys: readonly { tenantId: TenantId; externalId: string }[]): Promise<PurchaseRecord[]>;
  },
  items: readonly PurchaseItem[],
): Promise<(PurchaseOutcome | undefined)[]> {
  const found = await purchases.byExternalIds(items.map(({ order }) => order));
  const records = new Map(found.map((record) => [pairKey(record.tenantId, record.externalId), record]));
  return items.map((item) => {
    const known = records.get(pairKey(item.order.tenantId, item.order.externalId));
    return known && known.id === item.id ? outcomeFor(item, records) : undefined;
  });
}

/** One text for the pair of a tenant and something of that tenant's; also how stores key what they return. */
export function pairKey(tenantId: TenantId, id: string): string {
  return `${tenantId}/${id}`;
}

/** How stores key first purchases. */
export function firstKey(ref: FirstRef): string {
  return `${ref.tenantId}/${ref.buyerId}/${ref.planId}`;
}

function refKey(ref: BuyerRef): string {
  return pairKey(ref.tenantId, ref.userId);
}

/** The first of each key, in order. */
function distinct<T>(all: readonly T[], keyOf: (each: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const each of all) {
    const key = keyOf(each);
    if (!byKey.has(key)) byKey.set(key, each);
  }
  return [...byKey.values()];
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} must be there and is not`);
  return value;
}
