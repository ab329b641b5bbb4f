import type { CurrencyCode } from '@dailydoco/money';
import type { CustomerId, PurchaseId, TenantId, WebsiteId } from '../ids.js';
import type { ReferralClaim } from '../members/referral-source.js';
import { isSameSale, type PurchaseOrder } from '../purchases/purchase.js';

/** What a billing system tells of a sale when it names its own customer, not a user of ours. */
export type CustomerOrder = Omit<PurchaseOrder, 'buyerId'> & { readonly customerId: CustomerId };

/** A sale as it comes in: it names its buyer, or the customer whose user is the buyer. */
export type IncomingPurchase = (PurchaseOrder & { readonly customerId?: undefined }) | CustomerOrder;

/** A sale of a customer of whom nobody has said yet which user it is: recorded, with no entries and no events. */
export interface UnattributedPurchase {
  readonly tenantId: TenantId;
  /** The purchase keeps this id when it is attributed. */
  readonly id: PurchaseId;
  readonly externalId: string;
  readonly customerId: CustomerId;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly stream: string;
  readonly productTag: string | undefined;
  readonly websiteId: WebsiteId | undefined;
  readonly occurredAt: Date;
  readonly occurredAtGiven: boolean;
  readonly receivedAt: Date;
  /** Who brought the buyer, if this turns out to be the first purchase; never compared. */
  readonly referral?: ReferralClaim | undefined;
}

/** What is recorded of a sale that has no buyer yet. */
export function unattributed(
  order: CustomerOrder,
  { id, receivedAt }: { id: PurchaseId; receivedAt: Date },
): UnattributedPurchase {
  return {
    tenantId: order.tenantId,
    id,
    externalId: order.externalId,
    customerId: order.customerId,
    amountMicros: order.amount.amountMicros,
    currency: order.amount.currency,
    stream: order.stream,
    productTag: order.productTag,
    websiteId: order.websiteId,
    occurredAt: order.occurredAt ?? receivedAt,
    occurredAtGiven: order.occurredAt !== undefined,
    receivedAt,
    referral: order.referral,
  };
}

/** The order that an unattributed purchase was recorded from, now that its buyer is known. */
export function attributedOrder(
  purchase: UnattributedPurchase,
  known: Pick<PurchaseOrder, 'buyerId' | 'metadata' | 'paymentFingerprint'>,
): PurchaseOrder {
  return {
    tenantId: purchase.tenantId,
    externalId: purchase.externalId,
    buyerId: known.buyerId,
    amount: { amountMicros: purchase.amountMicros, currency: purchase.currency },
    stream: purchase.stream,
    productTag: purchase.productTag,
    websiteId: purchase.websiteId,
    occurredAt: purchase.occurredAtGiven ? purchase.occurredAt : undefined,
    metadata: known.metadata,
    paymentFingerprint: known.paymentFingerprint,
  };
}

/** Whether the same sale is told again, by the rule of isSamePurchase with the customer in the buyer's place. */
export function isSameUnattributed(purchase: UnattributedPurchase, order: IncomingPurchase): boolean {
  return purchase.customerId === order.customerId && isSameSale(purchase, order);
}
