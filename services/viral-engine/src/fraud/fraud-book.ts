import type { DecisionBook } from '../commissions/decide-commissions.js';
import type { CommissionId, PurchaseId, ReviewId, TenantId, UserId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { EntryFacts } from './fraud-facts.js';
import type { Signal } from './rules.js';
import type { Tuning } from './tuning.js';

export interface PurchaseRef {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
}

export interface MemberRef {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}

/** What identity told of a registration; fingerprints are 16 bytes. */
export interface MemberFingerprint extends MemberRef {
  readonly email: Uint8Array | undefined;
  readonly isEmailDisposable: boolean;
  readonly address: Uint8Array | undefined;
  readonly agent: Uint8Array | undefined;
  readonly device: Uint8Array | undefined;
}

/** Something that a member's own referral did. */
export interface ReferralActivity {
  readonly tenantId: TenantId;
  readonly referrerId: UserId;
  readonly at: Date;
  readonly kind: 'registration' | 'purchase' | 'refund';
}

/** A purchase that paid somebody, as far as scoring goes by it. */
export interface PaidPurchase extends PurchaseRef {
  readonly buyerId: UserId;
  /** When it was recorded. */
  readonly at: Date;
  readonly earners: readonly { readonly beneficiaryId: UserId; readonly level: number }[];
}

/** What a rule found, and about what. */
export interface FoundSignal extends Signal, PurchaseRef {
  readonly beneficiaryId: UserId;
  readonly tuningVersion: number;
}

/** A review that is to be opened, with the entries that it is about. */
export interface NewReview extends PurchaseRef {
  readonly id: ReviewId;
  readonly buyerId: UserId;
  readonly beneficiaryId: UserId;
  readonly score: number;
  readonly threshold: number;
  readonly commissionIds: readonly CommissionId[];
}

/** What scoring sees of an open database transaction. */
export interface ScoreBook {
  /** Keeps fingerprints; gives the members of whom there were none before. */
  addFingerprints(fingerprints: readonly MemberFingerprint[]): Promise<MemberRef[]>;
  /** Adds to the hours, locked in one order. */
  countActivity(activity: readonly ReferralActivity[]): Promise<void>;
  /** The last purchases, at most `limit` each, that the members bought, or still earn from by their newest commissions. */
  findPurchasesOf(members: readonly MemberRef[], limit: number): Promise<PurchaseRef[]>;
  readPurchases(refs: readonly PurchaseRef[]): Promise<PurchaseRecord[]>;
  readTunings(tenantIds: readonly TenantId[]): Promise<Map<TenantId, Tuning>>;
  /** Remembers whose purchases paid whom, locked in one order. */
  addPaymentWays(purchases: readonly PaidPurchase[]): Promise<void>;
  readFacts(purchases: readonly PaidPurchase[], tunings: ReadonlyMap<TenantId, Tuning>): Promise<EntryFacts[]>;
  /** Keeps signals; gives those that are new. */
  addSignals(signals: readonly FoundSignal[], at: Date): Promise<FoundSignal[]>;
  /** All signals of the purchases, also those of before. */
  readSignals(refs: readonly PurchaseRef[]): Promise<FoundSignal[]>;
  /** Opens reviews, locked in one order; gives those that are new: of one that was closed, none is opened again. */
  addReviews(reviews: readonly NewReview[], at: Date): Promise<NewReview[]>;
  /** Decisions about commissions in the same database transaction. */
  readonly decisions: DecisionBook;
  /** Closes the open reviews among these, or of all, whose entries are held for them no longer; gives how many. */
  closeMoot(query: { refs?: readonly PurchaseRef[] | undefined; at: Date; limit: number }): Promise<number>;
}
