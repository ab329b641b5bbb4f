import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode, Money } from '@dailydoco/money';
import type { Commission } from '../commissions/commission.js';
import type { CapRooms } from '../commissions/limit-entries.js';
import type { Earner } from '../commissions/split.js';
import type { ReferralClaim } from '../members/referral-source.js';
import type { PlanId, PurchaseId, TenantId, UserId, WebsiteId } from '../ids.js';
import type { FirstPurchase } from '../plans/recurring.js';

/** What a billing system tells of a sale, checked for form. */
export interface PurchaseOrder {
  readonly tenantId: TenantId;
  /** The billing system's own id of the sale, unique per tenant. */
  readonly externalId: string;
  readonly buyerId: UserId;
  /** Greater than 0, at most 1,000,000,000 units. */
  readonly amount: Money;
  readonly stream: string;
  /** What was sold, finer than the stream. */
  readonly productTag?: string | undefined;
  readonly websiteId: WebsiteId | undefined;
  /** Undefined: the time of receipt. */
  readonly occurredAt: Date | undefined;
  /** The client's own data; kept apart and encrypted, never compared. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** Who brought the buyer, for a first purchase; never compared. */
  readonly referral?: ReferralClaim | undefined;
  /** Of the card or account that paid; kept apart, never compared. */
  readonly paymentFingerprint?: Uint8Array | undefined;
}

/** A sale as recorded. Nothing here ever changes. */
export interface Purchase {
  readonly tenantId: TenantId;
  readonly id: PurchaseId;
  readonly externalId: string;
  readonly buyerId: UserId;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly stream: string;
  readonly productTag: string | undefined;
  readonly websiteId: WebsiteId | undefined;
  readonly occurredAt: Date;
  readonly occurredAtGiven: boolean;
  readonly recordedAt: Date;
  /** Undefined: no plan covered it, all of it is the house's. */
  readonly plan: { readonly id: PlanId; readonly version: number } | undefined;
  /** The sum of the commissions at the split. */
  readonly totalMicros: bigint;
  readonly snapshot: SplitSnapshot;
}

/** A purchase with what happened to it since. */
export interface PurchaseRecord extends Purchase {
  /** The sequence of its last event. */
  readonly sequence: bigint;
  /** Refunds less chargebacks won. */
  readonly refundedMicros: bigint;
  readonly changedAt: Date;
  readonly commissions: readonly Commission[];
}

/** What a split was decided from, as it stood at the commit: with it and the plan version it can be computed again. */
export interface SplitSnapshot {
  readonly upline: readonly Earner[];
  readonly websiteOwner: Earner | undefined;
  /** The buyer's first purchase under the plan; undefined without a plan. */
  readonly first: FirstPurchase | undefined;
  /** Whether the plan's recurring rule lets this purchase pay. */
  readonly covered: boolean;
  /** What the plan's caps left; undefined where it has none in this currency. */
  readonly rooms?: CapRooms | undefined;
}

const FUTURE_TOLERANCE_MS = 5 * 60_000;
const BACKDATE_LIMIT_MS = 24 * 3_600_000;

/**
 * Whether a sale may carry this time: at most 5 minutes ahead of us (clocks differ), and more than 24 hours back only
 * with the scope purchases:backdate. Returns the refusal, or undefined.
 */
export function refuseOccurredAt(
  occurredAt: Date | undefined,
  { now, mayBackdate }: { now: Date; mayBackdate: boolean },
): DomainError | undefined {
  if (occurredAt === undefined) return undefined;
  const agoMs = now.getTime() - occurredAt.getTime();
  if (agoMs < -FUTURE_TOLERANCE_MS) {
    return new DomainError('OCCURRED_AT_IN_FUTURE', { detail: 'occurredAt is more than 5 minutes ahead.' });
  }
  if (agoMs > BACKDATE_LIMIT_MS && !mayBackdate) {
    return new DomainError('SCOPE_MISSING', {
      detail: 'occurredAt is more than 24 hours back, which needs the scope purchases:backdate.',
      metadata: { scopes: 'purchases:backdate' },
    });
  }
  return undefined;
}

/**
 * Whether the same sale is told again: buyer, amount by value, currency, stream, product tag, website, and the time if
 * both named one. Metadata is not compared.
 */
export function isSamePurchase(purchase: Purchase, order: PurchaseOrder): boolean {
  return purchase.buyerId === order.buyerId && isSameSale(purchase, order);
}

/** What two tellings of one sale have in common, whoever is named as the buyer. */
type Sale = Pick<
  Purchase,
  'amountMicros' | 'currency' | 'stream' | 'productTag' | 'websiteId' | 'occurredAt' | 'occurredAtGiven'
>;

/** The part of isSamePurchase that does not ask who bought. */
export function isSameSale(sale: Sale, order: Omit<PurchaseOrder, 'buyerId'>): boolean {
  const sameTime =
    !sale.occurredAtGiven || order.occurredAt === undefined || sale.occurredAt.getTime() === order.occurredAt.getTime();
  return (
    sameTime &&
    sale.amountMicros === order.amount.amountMicros &&
    sale.currency === order.amount.currency &&
    sale.stream === order.stream &&
    sale.productTag === order.productTag &&
    sale.websiteId === order.websiteId
  );
}
