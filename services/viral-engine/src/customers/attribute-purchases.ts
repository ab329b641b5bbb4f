import type { CustomerId, PurchaseId, TenantId, UserId } from '../ids.js';
import { commitPurchaseGroup } from '../purchases/commit-purchase-group.js';
import type { Learning } from '../purchases/learn-missing.js';
import { learnMissing } from '../purchases/learn-missing.js';
import type { Missing, PurchaseGroup, PurchaseItem } from '../purchases/purchase-group.js';
import type { PurchaseOrder } from '../purchases/purchase.js';
import type { ConversionOutcome, ReferredOrder } from '../referrals/convert-first-purchase.js';
import { attributedOrder, type UnattributedPurchase } from './unattributed-purchase.js';

/** A customer who became somebody while purchases of it waited. */
export interface DueCustomer {
  readonly tenantId: TenantId;
  readonly customerId: CustomerId;
  readonly userId: UserId;
}

export interface WaitingPurchase {
  readonly purchase: UnattributedPurchase;
  readonly metadata: PurchaseOrder['metadata'];
  readonly paymentFingerprint: PurchaseOrder['paymentFingerprint'];
}

/** Attribution in an open database transaction. */
export interface AttributionBook {
  /** A customer that is due by `now`, locked; one that nobody else is busy with. */
  lockDueCustomer(now: Date): Promise<DueCustomer | undefined>;
  /** The first that were told, of those that still wait. */
  readWaiting(customer: DueCustomer, limit: number): Promise<WaitingPurchase[]>;
  /**
   * Records purchases as the group writer does, but that their external ids are theirs already: what a purchase claims
   * is its place among those that wait, which only one database transaction can take away.
   */
  readonly group: PurchaseGroup;
  /** When the customer is looked at again; undefined: nothing of it waits any more. */
  lookAgain(customer: DueCustomer, at: Date | undefined): Promise<void>;
}

export interface AttributionDependencies extends Learning {
  readonly withBook: <T>(work: (book: AttributionBook) => Promise<T>) => Promise<T>;
  /** Gives the buyer the referrer that a first purchase names. Undefined: it never does. */
  readonly convert?: (order: ReferredOrder) => Promise<ConversionOutcome>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

interface Batch {
  readonly tenantId: TenantId;
  readonly attributed: number;
  readonly unsettled: readonly { readonly id: PurchaseId; readonly missing: readonly Missing[] }[];
  /** The first that waits says who brought its buyer: that comes before anything is attributed. */
  readonly claims?: { readonly id: PurchaseId; readonly order: ReferredOrder };
}

/** Most purchases of one customer in one database transaction. */
export const ATTRIBUTION_BATCH = 200;
/** How long a customer waits whose purchases could not all be settled, while others have their turn. */
const PAUSE_MS = 10_000;
/** Website owners whom nobody knows, and purchases whose claims were looked at: remembered until the next try. */
const MAX_REMEMBERED = 10_000;

/**
 * Attributes what waited for a customer to be mapped: each purchase once, in the order in which they were told, by the
 * plan of its `occurredAt` and the upline held now, through the same steps as any purchase. Many replicas may do this at
 * once; a crash leaves a purchase either attributed or waiting.
 */
export class AttributePurchases {
  readonly #dependencies: AttributionDependencies;
  readonly #ownerless = new Set<PurchaseId>();
  readonly #claimed = new Set<PurchaseId>();

  constructor(dependencies: AttributionDependencies) {
    this.#dependencies = dependencies;
  }

  /** One batch of one customer. Returns true when there may be more to do at once. */
  async runOnce(): Promise<boolean> {
    const { withBook, clock, newId } = this.#dependencies;
    const batch = await withBook((book) => this.#attribute(book, { now: clock.now(), newId }));
    if (batch === undefined) return false;
    if (this.#ownerless.size > MAX_REMEMBERED) this.#ownerless.clear();
    if (batch.claims !== undefined) await this.#settleClaim(batch.claims, batch.tenantId);
    for (const { id, missing } of batch.unsettled) {
      const { ownerUnknown } = await learnMissing(this.#dependencies, batch.tenantId, missing);
      if (ownerUnknown) this.#ownerless.add(id);
    }
    return true;
  }

  /** Looked at again after a crash, it changes nothing more. */
  async #settleClaim({ id, order }: NonNullable<Batch['claims']>, tenantId: TenantId): Promise<void> {
    const outcome = await this.#dependencies.convert?.(order);
    if (outcome?.kind === 'missing') return void (await learnMissing(this.#dependencies, tenantId, outcome.missing));
    if (this.#claimed.size > MAX_REMEMBERED) this.#claimed.clear();
    this.#claimed.add(id);
  }

  async #attribute(book: AttributionBook, given: { now: Date; newId: () => string }): Promise<Batch | undefined> {
    const customer = await book.lockDueCustomer(given.now);
    if (customer === undefined) return undefined;
    const waiting = await book.readWaiting(customer, ATTRIBUTION_BATCH);
    const claims = this.#claimsOf(waiting[0], customer);
    if (claims !== undefined) return { tenantId: customer.tenantId, attributed: 0, unsettled: [], claims };
    const items = waiting.map((each) => this.#itemOf(each, customer.userId));
    const outcomes = items.length === 0 ? [] : await commitPurchaseGroup(book.group, items, given);
    const unsettled = outcomes.flatMap((outcome, index) => {
      const item = items[index];
      return outcome.kind === 'missing' && item !== undefined ? [{ id: item.id, missing: outcome.missing }] : [];
    });
    if (unsettled.length > 0) await book.lookAgain(customer, new Date(given.now.getTime() + PAUSE_MS));
    else if (items.length < ATTRIBUTION_BATCH) await book.lookAgain(customer, undefined);
    return { tenantId: customer.tenantId, attributed: items.length - unsettled.length, unsettled };
  }

  #claimsOf(first: WaitingPurchase | undefined, { userId }: DueCustomer): Batch['claims'] {
    if (first === undefined || this.#claimed.has(first.purchase.id)) return undefined;
    const { id, tenantId, externalId, websiteId, stream, productTag, occurredAt: at, referral } = first.purchase;
    if (referral === undefined) return undefined;
    const sold = { tenantId, externalId, websiteId, stream, productTag };
    return { id, order: { ...sold, buyerId: userId, referral, at, isTold: true } };
  }

  #itemOf({ purchase, ...apart }: WaitingPurchase, buyerId: UserId): PurchaseItem {
    return {
      id: purchase.id,
      order: attributedOrder(purchase, { buyerId, ...apart }),
      receivedAt: purchase.receivedAt,
      idempotency: undefined,
      ignoreWebsiteOwner: this.#ownerless.has(purchase.id),
      traceparent: undefined,
    };
  }
}
