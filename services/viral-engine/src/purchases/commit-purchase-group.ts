import { DomainError } from '@dailydoco/errors';
import type { TenantId } from '../ids.js';
import { decideGroup, type Given, type Known, planEach, readPeople } from './decide-group.js';
import { asRecorded } from './decide-purchase.js';
import { distinct, found, pairKey, refKey } from './group-keys.js';
import { isSamePurchase, type PurchaseRecord } from './purchase.js';
import type {
  ClaimOutcome,
  KeyClaim,
  Missing,
  PurchaseGroup,
  PurchaseItem,
  PurchaseOutcome,
} from './purchase-group.js';

/**
 * Records a group of purchases in one database transaction: either all of it is committed or nothing. The steps lock
 * in one order in every replica (split lock, buyers, idempotency keys, external ids, counters of caps; each sorted), so
 * that groups wait for each other and never in a circle. One outcome per item, in the items' order.
 *
 * It asks three times: for what is known and the keys; for the external ids and all that splits go by; and to write.
 * What is asked at once goes to the server together and is executed in the order in which it stands here.
 */
export async function commitPurchaseGroup(
  group: PurchaseGroup,
  items: readonly PurchaseItem[],
  given: Given,
): Promise<PurchaseOutcome[]> {
  const [, known, claims] = await Promise.all([
    group.shareSplitLock(),
    readKnown(group, items),
    group.claimKeys(items.map(keyClaimOf)),
  ]);
  const outcomes = new Map<PurchaseItem, PurchaseOutcome>();
  for (const item of items) {
    const missing = missingFor(item, known);
    if (missing.length > 0) outcomes.set(item, { kind: 'missing', missing });
  }
  for (const [item, outcome] of await answerAgain(group, { items, claims, known })) outcomes.set(item, outcome);
  const claimed = items.filter((_, index) => claims[index]?.kind === 'claimed');
  const working = claimed.filter((item) => !outcomes.has(item));
  const { recorded, write } = await recordAll(group, { working, known, given });
  for (const [item, outcome] of recorded) outcomes.set(item, outcome);
  await Promise.all([write(), answerKeys(group, claimed, outcomes)]);
  items.forEach((item, index) => {
    const claim = claims[index];
    if (claim === undefined || claim.kind === 'claimed' || claim.kind === 'again' || outcomes.has(item)) return;
    outcomes.set(item, outcomeOfClaim(claim, items, outcomes));
  });
  return items.map((item) => found(outcomes.get(item), 'the outcome of an item'));
}

/** The answer to a purchase that is created is made again for whoever asks again. */
function keyClaimOf({ idempotency }: PurchaseItem): KeyClaim | undefined {
  return idempotency && { ...idempotency.claim, madeAgainStatus: idempotency.status(true) };
}

async function readKnown(group: PurchaseGroup, items: readonly PurchaseItem[]): Promise<Known> {
  const tenants = new Set(items.map(({ order }) => order.tenantId));
  const buyers = distinct(
    items.map(({ order }) => ({ tenantId: order.tenantId, userId: order.buyerId })),
    refKey,
  );
  const websites = items.flatMap(({ order: { tenantId, websiteId } }) =>
    websiteId === undefined ? [] : [{ tenantId, websiteId }],
  );
  const [uplines, owners, catalogues] = await Promise.all([
    group.lockBuyers(buyers),
    group.readWebsiteOwners(distinct(websites, (ref) => pairKey(ref.tenantId, ref.websiteId))),
    group.readCatalogues([...tenants]),
  ]);
  return { uplines, owners, catalogues };
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

interface Recorded {
  readonly recorded: ReadonlyMap<PurchaseItem, PurchaseOutcome>;
  /** Writes what was decided. */
  readonly write: () => Promise<void>;
}

async function recordAll(group: PurchaseGroup, { working, known, given }: Work): Promise<Recorded> {
  if (working.length === 0) return { recorded: new Map(), write: () => Promise.resolve() };
  // The first of several that tell of one sale creates it; the others find it, as if they had come later.
  const first = distinct(working, ({ order }) => pairKey(order.tenantId, order.externalId));
  const planned = planEach(first, known.catalogues);
  const [created, people] = await Promise.all([
    group.claimExternalIds(first.map(({ id, order }) => ({ ...order, purchaseId: id }))),
    readPeople(group, planned, known),
  ]);
  const fresh = planned.filter(({ item }) => created.has(item.id));
  const { records, write } = await decideGroup(group, fresh, { known, people, given });
  const others = first.filter(({ id }) => !created.has(id)).map(({ order }) => order);
  for (const record of others.length === 0 ? [] : await group.findPurchases(others)) {
    records.set(pairKey(record.tenantId, record.externalId), record);
  }
  return { recorded: new Map(working.map((item) => [item, outcomeFor(item, records)])), write };
}

function outcomeFor(item: PurchaseItem, records: ReadonlyMap<string, PurchaseRecord>): PurchaseOutcome {
  const { order } = item;
  const purchase = records.get(pairKey(order.tenantId, order.externalId));
  if (purchase === undefined) return { kind: 'awaitsCustomer' };
  if (!isSamePurchase(purchase, order)) return { kind: 'refused', error: new DomainError('PURCHASE_CONFLICT') };
  return { kind: 'recorded', created: purchase.id === item.id, purchase };
}

/** Makes the answers again of those whose keys are held by purchases that were created under them. */
async function answerAgain(
  group: PurchaseGroup,
  { items, claims, known }: { items: readonly PurchaseItem[]; claims: readonly ClaimOutcome[]; known: Known },
): Promise<Map<PurchaseItem, PurchaseOutcome>> {
  const asked = items.flatMap((item, index) => {
    const claim = claims[index];
    return claim?.kind === 'again' ? [{ item, status: claim.status }] : [];
  });
  if (asked.length === 0) return new Map();
  const records = byExternalId(await group.findPurchases(asked.map(({ item }) => item.order)));
  return new Map(
    asked.map(({ item, status }) => {
      const { order, idempotency } = item;
      const purchase = found(records.get(pairKey(order.tenantId, order.externalId)), 'the purchase of a key');
      return [item, { kind: 'replayed', status, body: idempotency?.body(atRecording(purchase, known.catalogues)) }];
    }),
  );
}

function atRecording(purchase: PurchaseRecord, catalogues: Known['catalogues']): PurchaseRecord {
  const { versions } = found(catalogues.get(purchase.tenantId), "a tenant's plans");
  const { plan } = purchase;
  return asRecorded(
    purchase,
    versions.find(({ planId, version }) => planId === plan?.id && version === plan.version),
  );
}

function byExternalId(records: readonly PurchaseRecord[]): Map<string, PurchaseRecord> {
  return new Map(records.map((record) => [pairKey(record.tenantId, record.externalId), record]));
}

/** Binds the answers to the keys that were claimed, and frees the keys of those that were refused. */
async function answerKeys(
  group: PurchaseGroup,
  claimed: readonly PurchaseItem[],
  outcomes: ReadonlyMap<PurchaseItem, PurchaseOutcome>,
): Promise<void> {
  const answers = claimed.flatMap((item) => {
    const { idempotency } = item;
    if (idempotency === undefined) return [];
    const { claim } = idempotency;
    const outcome = found(outcomes.get(item), 'the outcome of an item');
    if (outcome.kind !== 'recorded') return [{ claim, status: 409, body: undefined }];
    const { created, purchase } = outcome;
    return created ? [] : [{ claim, status: idempotency.status(created), body: idempotency.body(purchase) }];
  });
  if (answers.length > 0) await group.saveAnswers(answers);
}

/** What a claim that did not get its key comes to. A twin within the group shares the outcome of the first. */
function outcomeOfClaim(
  claim: Exclude<ClaimOutcome, { kind: 'claimed' | 'again' }>,
  items: readonly PurchaseItem[],
  outcomes: ReadonlyMap<PurchaseItem, PurchaseOutcome>,
): PurchaseOutcome {
  if (claim.kind === 'replay') return { kind: 'replayed', status: claim.status, body: claim.body };
  if (claim.kind !== 'sameAs') return { kind: 'refused', error: new DomainError('IDEMPOTENCY_KEY_REUSED') };
  const twin = found(items[claim.index], 'the twin of an item');
  const outcome = found(outcomes.get(twin), 'the outcome of a twin');
  const { idempotency } = twin;
  if (outcome.kind !== 'recorded' || idempotency === undefined) return outcome;
  return { kind: 'replayed', status: idempotency.status(outcome.created), body: idempotency.body(outcome.purchase) };
}

export interface LostGroupReads {
  /** The purchases that were recorded under these external ids, whoever recorded them. */
  byExternalIds(keys: readonly { tenantId: TenantId; externalId: string }[]): Promise<PurchaseRecord[]>;
  readCatalogues(tenantIds: readonly TenantId[]): Promise<Known['catalogues']>;
}

/**
 * What became of a group whose connection was lost during COMMIT. An item whose purchase is there under the item's own
 * id was committed, and is answered as it would have been; undefined: nothing of it was, it may be committed again.
 */
export async function recoverPurchaseGroup(
  reads: LostGroupReads,
  items: readonly PurchaseItem[],
): Promise<(PurchaseOutcome | undefined)[]> {
  const orders = items.map(({ order }) => order);
  const [recorded, catalogues] = await Promise.all([
    reads.byExternalIds(orders),
    reads.readCatalogues([...new Set(orders.map(({ tenantId }) => tenantId))]),
  ]);
  const own = new Set(items.map(({ id }) => id));
  const records = byExternalId(
    recorded.map((record) => (own.has(record.id) ? atRecording(record, catalogues) : record)),
  );
  return items.map((item) => {
    const known = records.get(pairKey(item.order.tenantId, item.order.externalId));
    return known && known.id === item.id ? outcomeFor(item, records) : undefined;
  });
}
