import { DomainError } from '@dailydoco/errors';
import type { UnattributedItem, UnattributedOutcome } from '../customers/record-unattributed.js';
import {
  type CustomerOrder,
  type IncomingPurchase,
  isSameUnattributed,
  type UnattributedPurchase,
} from '../customers/unattributed-purchase.js';
import { asPurchaseId, type CustomerId, type TenantId, type UserId } from '../ids.js';
import type { ConversionOutcome, ReferredOrder } from '../referrals/convert-first-purchase.js';
import { type Learning, learnMissing } from './learn-missing.js';
import { type PurchaseOrder, type PurchaseRecord, refuseOccurredAt } from './purchase.js';
import type { IdempotentAnswer, Missing, PurchaseItem, PurchaseOutcome } from './purchase-group.js';

/** Collects concurrent purchases and commits them in groups. Throws OVERLOADED when its queue is full. */
export interface PurchaseWriter {
  submit(item: PurchaseItem, options?: { signal?: AbortSignal }): Promise<PurchaseOutcome>;
}

/** Sales of customers of whom nobody has said yet which user they are. */
export interface UnattributedWriter {
  /** Undefined: nobody has said it. */
  findUser(tenantId: TenantId, customerId: CustomerId): Promise<UserId | undefined>;
  record(item: UnattributedItem): Promise<UnattributedOutcome>;
  find(tenantId: TenantId, externalId: string): Promise<UnattributedPurchase | undefined>;
}

export interface RecordPurchaseDependencies extends Learning {
  readonly writer: PurchaseWriter;
  readonly unattributed: UnattributedWriter;
  readonly isRecorded: (tenantId: TenantId, externalId: string) => Promise<boolean>;
  /** Gives the buyer the referrer that a first purchase names. Undefined: purchases from here never do. */
  readonly convert?: (order: ReferredOrder) => Promise<ConversionOutcome>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

export interface RecordPurchaseOptions {
  /** Whether the caller has purchases:backdate. */
  readonly mayBackdate: boolean;
  readonly idempotency?: (IdempotentAnswer & NonNullable<UnattributedItem['idempotency']>) | undefined;
  readonly traceparent?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type RecordedPurchase =
  | { readonly kind: 'recorded'; readonly created: boolean; readonly purchase: PurchaseRecord }
  | { readonly kind: 'unattributed'; readonly created: boolean; readonly purchase: UnattributedPurchase }
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown };

/** A purchase can lack its website, then the website's owner, besides its buyer; each is asked for once. A customer may
 * be mapped in between. */
const MAX_ATTEMPTS = 5;

interface Incoming extends Omit<PurchaseItem, 'order' | 'idempotency'> {
  readonly order: IncomingPurchase;
  readonly idempotency: RecordPurchaseOptions['idempotency'];
}

/**
 * Records one purchase: durable before the promise resolves. The same sale told again resolves to the purchase that
 * exists (`created` false). A sale that names a customer who is mapped is recorded as if it had named the user; of any
 * other customer it stays unattributed. Throws PURCHASE_CONFLICT, BUYER_UNKNOWN, WEBSITE_UNKNOWN,
 * OCCURRED_AT_IN_FUTURE, SCOPE_MISSING, IDEMPOTENCY_KEY_REUSED, UNAVAILABLE, OVERLOADED; nothing is recorded then.
 */
export class RecordPurchase {
  readonly #dependencies: RecordPurchaseDependencies;

  constructor(dependencies: RecordPurchaseDependencies) {
    this.#dependencies = dependencies;
  }

  async record(order: IncomingPurchase, options: RecordPurchaseOptions): Promise<RecordedPurchase> {
    const { clock, newId } = this.#dependencies;
    const receivedAt = clock.now();
    await this.#checkTime(order, { now: receivedAt, mayBackdate: options.mayBackdate });
    let item: Incoming = {
      id: asPurchaseId(newId()),
      order,
      receivedAt,
      idempotency: options.idempotency,
      ignoreWebsiteOwner: false,
      traceparent: options.traceparent,
    };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const outcome = await this.#submit(item, options.signal);
      switch (outcome.kind) {
        case 'refused':
          throw outcome.error;
        case 'missing': {
          const { ownerUnknown } = await learnMissing(this.#dependencies, order.tenantId, outcome.missing);
          item = { ...item, ignoreWebsiteOwner: item.ignoreWebsiteOwner || ownerUnknown };
          break;
        }
        case 'mapped':
          break;
        case 'recorded':
        case 'unattributed':
        case 'replayed':
          return outcome;
      }
    }
    throw new DomainError('UNAVAILABLE', { detail: 'Who is behind the purchase could not be settled.' });
  }

  /** A sale that was recorded in time may be told again at any later time. */
  async #checkTime(order: IncomingPurchase, given: { now: Date; mayBackdate: boolean }): Promise<void> {
    const refusal = refuseOccurredAt(order.occurredAt, given);
    if (refusal === undefined) return;
    if (!(await this.#dependencies.isRecorded(order.tenantId, order.externalId))) throw refusal;
  }

  async #submit(item: Incoming, signal: AbortSignal | undefined) {
    const { writer, unattributed } = this.#dependencies;
    const order = await this.#withBuyer(item.order);
    if (order.customerId !== undefined) return unattributed.record({ ...item, order });
    // Before the group: with this done or not to be done, the purchase is as any other.
    const missing = order.referral === undefined ? [] : await this.#convert({ ...order, at: item.receivedAt });
    if (missing.length > 0) return { kind: 'missing' as const, missing };
    const outcome = await writer.submit({ ...item, order }, signal === undefined ? {} : { signal });
    return outcome.kind === 'awaitsCustomer' ? this.#asItStands(item.order) : outcome;
  }

  /** Who must be learnt of before it can be said whether the purchase gives its buyer a referrer. */
  async #convert(order: PurchaseOrder & { at: Date }): Promise<readonly Missing[]> {
    const { referral, occurredAt = order.at } = order;
    const { convert } = this.#dependencies;
    if (referral === undefined || convert === undefined) return [];
    const outcome = await convert({ ...order, referral, at: occurredAt, isTold: false });
    return outcome.kind === 'missing' ? outcome.missing : [];
  }

  /** A customer who is mapped stands for its user; who a customer is never changes. */
  async #withBuyer(order: IncomingPurchase): Promise<CustomerOrder | (PurchaseOrder & { customerId?: undefined })> {
    if (order.customerId === undefined) return order;
    const { customerId, ...rest } = order;
    const buyerId = await this.#dependencies.unattributed.findUser(order.tenantId, customerId);
    return buyerId === undefined ? order : { ...rest, buyerId };
  }

  /** The sale was told before its customer was mapped, and its attribution is still under way. */
  async #asItStands(order: IncomingPurchase): Promise<RecordedPurchase> {
    const { tenantId, externalId } = order;
    const purchase = await this.#dependencies.unattributed.find(tenantId, externalId);
    if (purchase === undefined) throw new Error('A taken external id belongs to a purchase');
    if (!isSameUnattributed(purchase, order)) throw new DomainError('PURCHASE_CONFLICT');
    return { kind: 'unattributed', created: false, purchase };
  }
}
