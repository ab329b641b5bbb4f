import { DomainError } from '@dailydoco/errors';
import type { CustomerId, PurchaseId, TenantId, UserId, WebsiteId } from '../ids.js';
import type { ClaimOutcome, KeyClaim, Missing } from '../purchases/purchase-group.js';
import {
  type CustomerOrder,
  isSameUnattributed,
  unattributed,
  type UnattributedPurchase,
} from './unattributed-purchase.js';

/** Unattributed purchases in an open database transaction. */
export interface UnattributedBook {
  /**
   * Keeps the customer from being mapped until the end, and gives the user it is mapped to already. A customer that was
   * never heard of is remembered, so that there is something to keep.
   */
  holdCustomer(tenantId: TenantId, customerId: CustomerId): Promise<UserId | undefined>;
  isWebsiteKnown(tenantId: TenantId, websiteId: WebsiteId): Promise<boolean>;
  claimKey(claim: KeyClaim | undefined): Promise<ClaimOutcome>;
  /** False when the external id is taken. */
  claimExternalId(purchase: UnattributedPurchase): Promise<boolean>;
  find(tenantId: TenantId, externalId: string): Promise<UnattributedPurchase | undefined>;
  add(purchase: UnattributedPurchase, apart: Pick<CustomerOrder, 'metadata' | 'paymentFingerprint'>): Promise<void>;
  saveAnswer(answer: { claim: KeyClaim; status: number; body: unknown }): Promise<void>;
}

/** A sale of a customer on its way in. */
export interface UnattributedItem {
  readonly id: PurchaseId;
  readonly order: CustomerOrder;
  readonly receivedAt: Date;
  readonly idempotency:
    | {
        readonly claim: KeyClaim;
        answerUnattributed(purchase: UnattributedPurchase, created: boolean): { status: number; body: unknown };
      }
    | undefined;
}

export type UnattributedOutcome =
  | { readonly kind: 'unattributed'; readonly created: boolean; readonly purchase: UnattributedPurchase }
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] }
  /** Somebody has said who the customer is: the sale goes the way of all others. */
  | { readonly kind: 'mapped' };

/**
 * Records a sale whose customer is nobody yet, under its external id: the same sale told again is answered with the one
 * that exists. It has no entries and nothing is told of it, because events of a purchase are keyed by its buyer. Throws
 * PURCHASE_CONFLICT and IDEMPOTENCY_KEY_REUSED; nothing is recorded then.
 */
export async function recordUnattributed(book: UnattributedBook, item: UnattributedItem): Promise<UnattributedOutcome> {
  const { order, idempotency } = item;
  const { tenantId, customerId, websiteId } = order;
  if ((await book.holdCustomer(tenantId, customerId)) !== undefined) return { kind: 'mapped' };
  if (websiteId !== undefined && !(await book.isWebsiteKnown(tenantId, websiteId))) {
    return { kind: 'missing', missing: [{ what: 'website', websiteId }] };
  }
  const claim = await book.claimKey(idempotency?.claim);
  if (claim.kind === 'replay') return { kind: 'replayed', status: claim.status, body: claim.body };
  if (claim.kind !== 'claimed') throw new DomainError('IDEMPOTENCY_KEY_REUSED');
  const { created, purchase } = await createOrFind(book, item);
  if (idempotency !== undefined) {
    await book.saveAnswer({ claim: idempotency.claim, ...idempotency.answerUnattributed(purchase, created) });
  }
  return { kind: 'unattributed', created, purchase };
}

async function createOrFind(
  book: UnattributedBook,
  item: UnattributedItem,
): Promise<{ created: boolean; purchase: UnattributedPurchase }> {
  const { order } = item;
  const purchase = unattributed(order, item);
  if (await book.claimExternalId(purchase)) {
    await book.add(purchase, order);
    return { created: true, purchase };
  }
  const existing = await book.find(order.tenantId, order.externalId);
  if (existing === undefined || !isSameUnattributed(existing, order)) throw new DomainError('PURCHASE_CONFLICT');
  return { created: false, purchase: existing };
}
