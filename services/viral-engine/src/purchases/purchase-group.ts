import type { DomainError } from '@dailydoco/errors';
import type { MoneyEvent } from '../commissions/money-event.js';
import type { Earner, Standing } from '../commissions/split.js';
import type { PlanId, PurchaseId, TenantId, UserId, WebsiteId } from '../ids.js';
import type { PlanCatalogue } from '../plans/plan.js';
import type { FirstPurchase } from '../plans/recurring.js';
import type { Counter, CounterKey } from './cap-counters.js';
import type { MemberRef } from './group-keys.js';
import type { PurchaseOrder, PurchaseRecord } from './purchase.js';

/** One purchase on its way into a group. */
export interface PurchaseItem {
  /** The id it gets if the sale is new; chosen beforehand, so that a lost commit can be told from a lost answer. */
  readonly id: PurchaseId;
  readonly order: PurchaseOrder;
  readonly receivedAt: Date;
  /** Present when the caller gave an Idempotency-Key. */
  readonly idempotency: IdempotentAnswer | undefined;
  /** Nobody knows the owner of the website: there is no bonus to pay. */
  readonly ignoreWebsiteOwner: boolean;
  readonly traceparent: string | undefined;
}

/** A hashed Idempotency-Key, ready to be claimed in the group's database transaction. */
export interface KeyClaim {
  readonly keyHash: string;
  readonly requestHash: string;
  readonly ttlHours: number;
  /** The status of an answer that is not kept, because it is made again for whoever asks again. */
  readonly madeAgainStatus?: number;
}

/**
 * How the caller of a purchase is answered, now and under the same key. What was answered to the one who created it is
 * made again (`asRecorded`); any other answer shows the purchase at its moment, and is kept.
 */
export interface IdempotentAnswer {
  readonly claim: KeyClaim;
  status(created: boolean): number;
  /** Inside the database transaction, so it must be quick; and pure, so that it can be made again. */
  body(purchase: PurchaseRecord): unknown;
}

/** What became of a claim; `index` points into the claims handed in. */
export type ClaimOutcome =
  | { kind: 'claimed' }
  | { kind: 'replay'; status: number; body: unknown }
  /** The body is made again. */
  | { kind: 'again'; status: number }
  | { kind: 'reused' }
  | { kind: 'sameAs'; index: number }
  | { kind: 'clashesWith'; index: number };

/** What this service has not heard of yet; another service is asked once, outside the database transaction. */
export type Missing =
  | { readonly what: 'buyer'; readonly userId: UserId }
  | { readonly what: 'website'; readonly websiteId: WebsiteId }
  | { readonly what: 'websiteOwner'; readonly userId: UserId };

export type PurchaseOutcome =
  | { readonly kind: 'recorded'; readonly created: boolean; readonly purchase: PurchaseRecord }
  | { readonly kind: 'replayed'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] }
  /** The external id belongs to a purchase that has no buyer yet. */
  | { readonly kind: 'awaitsCustomer' }
  | { readonly kind: 'refused'; readonly error: DomainError };

/** Everything that is written for the new purchases of a group. */
export interface NewPurchases {
  readonly records: readonly PurchaseRecord[];
  readonly firsts: readonly (FirstPurchase & {
    readonly tenantId: TenantId;
    readonly buyerId: UserId;
    readonly planId: PlanId;
  })[];
  readonly events: readonly MoneyEvent[];
  readonly metadata: readonly {
    readonly tenantId: TenantId;
    readonly purchaseId: PurchaseId;
    readonly buyerId: UserId;
    readonly metadata: Readonly<Record<string, unknown>>;
  }[];
  readonly payments: readonly {
    readonly tenantId: TenantId;
    readonly purchaseId: PurchaseId;
    readonly buyerId: UserId;
    readonly fingerprint: Uint8Array;
  }[];
}

/**
 * One open database transaction that records purchases. Maps are keyed by `pairKey` (or `firstKey`). What is asked for
 * at once is executed in the order in which it was asked for. Nothing asked for is no statement. Whether what adds or
 * saves could be written is known at the commit.
 */
export interface PurchaseGroup {
  /** The first statement: status, boost, tree and plans stay as they are until the end. */
  shareSplitLock(): Promise<void>;
  /** Locks the buyers in sorted order; gives the uplines of those that exist. */
  lockBuyers(buyers: readonly MemberRef[]): Promise<Map<string, readonly UserId[]>>;
  readWebsiteOwners(
    websites: readonly { tenantId: TenantId; websiteId: WebsiteId }[],
  ): Promise<Map<string, { ownerId: UserId; isMember: boolean }>>;
  claimKeys(claims: readonly (KeyClaim | undefined)[]): Promise<ClaimOutcome[]>;
  /** Takes the external ids that are free, in sorted order; gives the purchase ids that got theirs. */
  claimExternalIds(
    purchases: readonly { tenantId: TenantId; externalId: string; purchaseId: PurchaseId }[],
  ): Promise<Set<PurchaseId>>;
  findPurchases(keys: readonly Pick<PurchaseOrder, 'tenantId' | 'externalId'>[]): Promise<PurchaseRecord[]>;
  readCatalogues(tenantIds: readonly TenantId[]): Promise<Map<TenantId, PlanCatalogue>>;
  readFirstPurchases(
    refs: readonly { tenantId: TenantId; buyerId: UserId; planId: PlanId }[],
  ): Promise<Map<string, FirstPurchase>>;
  readEarners(people: readonly MemberRef[]): Promise<Map<string, Earner>>;
  /** What qualification goes by; called only where a plan asks for it. */
  readStandings(people: readonly MemberRef[]): Promise<Map<string, Standing>>;
  /** Locks the counters in sorted order, after everything else that is locked; those that are missing begin at zero. */
  lockCounters(keys: readonly CounterKey[]): Promise<Counter[]>;
  /** Writes counters that are locked. */
  saveCounters(counters: readonly Counter[]): Promise<void>;
  add(purchases: NewPurchases): Promise<void>;
  /** A status outside 2xx frees the key. The answer that its claim told of is not to be saved. */
  saveAnswers(answers: readonly { claim: KeyClaim; status: number; body: unknown }[]): Promise<void>;
}
