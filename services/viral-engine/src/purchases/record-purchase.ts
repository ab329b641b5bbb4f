import { DomainError } from '@dailydoco/errors';
import { asPurchaseId, type TenantId, type UserId, type WebsiteId } from '../ids.js';
import { type PurchaseOrder, type PurchaseRecord, refuseOccurredAt } from './purchase.js';
import type { IdempotentAnswer, Missing, PurchaseItem, PurchaseOutcome } from './purchase-group.js';

/** Collects concurrent purchases and commits them in groups. Throws OVERLOADED when its queue is full. */
export interface PurchaseWriter {
  submit(item: PurchaseItem, options?: { signal?: AbortSignal }): Promise<PurchaseOutcome>;
}

export interface RecordPurchaseDependencies {
  readonly writer: PurchaseWriter;
  /** Throws USER_UNKNOWN or UNAVAILABLE. */
  readonly members: { ensure(tenantId: TenantId, userId: UserId): Promise<void> };
  /** Throws WEBSITE_UNKNOWN or UNAVAILABLE. */
  readonly websites: { ensure(tenantId: TenantId, websiteId: WebsiteId): Promise<void> };
  readonly isRecorded: (tenantId: TenantId, externalId: string) => Promise<boolean>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

export interface RecordPurchaseOptions {
  /** Whether the caller has purchases:backdate. */
  readonly mayBackdate: boolean;
  readonly idempotency?: IdempotentAnswer | undefined;
  readonly traceparent?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type RecordedPurchase =
  | { readonly kind: 'recorded'; readonly created: boolean; readonly purchase: PurchaseRecord }
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown };

/** A purchase can lack its website, then the website's owner, besides its buyer; each is asked for once. */
const MAX_ATTEMPTS = 3;

/**
 * Records one purchase: durable before the promise resolves. The same sale told again resolves to the purchase that
 * exists (`created` false). Throws PURCHASE_CONFLICT, BUYER_UNKNOWN, WEBSITE_UNKNOWN, OCCURRED_AT_IN_FUTURE,
 * SCOPE_MISSING, IDEMPOTENCY_KEY_REUSED, UNAVAILABLE, OVERLOADED; nothing is recorded then.
 */
export class RecordPurchase {
  readonly #dependencies: RecordPurchaseDependencies;

  constructor(dependencies: RecordPurchaseDependencies) {
    this.#dependencies = dependencies;
  }

  async record(order: PurchaseOrder, options: RecordPurchaseOptions): Promise<RecordedPurchase> {
    const { clock, newId } = this.#dependencies;
    const receivedAt = clock.now();
    await this.#checkTime(order, { now: receivedAt, mayBackdate: options.mayBackdate });
    let item: PurchaseItem = {
      id: asPurchaseId(newId()),
      order,
      receivedAt,
      idempotency: options.idempotency,
      ignoreWebsiteOwner: false,
      traceparent: options.traceparent,
    };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const outcome = await this.#submit(item, options.signal);
      if (outcome.kind === 'refused') throw outcome.error;
      if (outcome.kind !== 'missing') return outcome;
      item = await this.#learn(item, outcome.missing);
    }
    throw new DomainError('UNAVAILABLE', { detail: 'Who is behind the purchase could not be settled.' });
  }

  /** A sale that was recorded in time may be told again at any later time. */
  async #checkTime(order: PurchaseOrder, given: { now: Date; mayBackdate: boolean }): Promise<void> {
    const refusal = refuseOccurredAt(order.occurredAt, given);
    if (refusal === undefined) return;
    if (!(await this.#dependencies.isRecorded(order.tenantId, order.externalId))) throw refusal;
  }

  #submit(item: PurchaseItem, signal: AbortSignal | undefined): Promise<PurchaseOutcome> {
    return this.#dependencies.writer.submit(item, signal === undefined ? {} : { signal });
  }

  async #learn(item: PurchaseItem, missing: readonly Missing[]): Promise<PurchaseItem> {
    const { members, websites } = this.#dependencies;
    const { tenantId } = item.order;
    let { ignoreWebsiteOwner } = item;
    for (const each of missing) {
      switch (each.what) {
        case 'buyer':
          await orUnless('USER_UNKNOWN', members.ensure(tenantId, each.userId), () => {
            throw new DomainError('BUYER_UNKNOWN');
          });
          break;
        case 'website':
          await websites.ensure(tenantId, each.websiteId);
          break;
        case 'websiteOwner':
          await orUnless('USER_UNKNOWN', members.ensure(tenantId, each.userId), () => {
            ignoreWebsiteOwner = true;
          });
      }
    }
    return { ...item, ignoreWebsiteOwner };
  }
}

/** Waits for the work; runs `otherwise` when it was refused for that reason. */
async function orUnless(reason: DomainError['reason'], work: Promise<void>, otherwise: () => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof DomainError) || error.reason !== reason) throw error;
    otherwise();
  }
}
