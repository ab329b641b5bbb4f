import type { PurchaseId, TenantId, UserId } from '../ids.js';

/** What two people may have in common. */
export type Trait = 'email' | 'device' | 'payment' | 'address' | 'agent';

/** What tells people apart who may be one, as strong as a name. */
export const STRONG_TRAITS = ['email', 'device', 'payment'] as const satisfies readonly Trait[];

/** A member's place in a chain of referrals. */
export interface ChainLink {
  readonly userId: UserId;
  readonly joinedAt: Date;
}

/** All that the rules know about what one beneficiary earns from one purchase. Windows are those of the tuning. */
export interface EntryFacts {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
  readonly buyerId: UserId;
  readonly beneficiaryId: UserId;
  /** When the purchase was recorded. */
  readonly at: Date;
  /** Whether the beneficiary earns the first level: the others are not asked how their own referrals behave. */
  readonly isFirstLevel: boolean;
  /** What the buyer and the beneficiary have in common. */
  readonly shared: ReadonlySet<Trait>;
  readonly isEmailDisposable: boolean;
  /** Purchases of the beneficiary, or of somebody with a strong trait of theirs, that paid the buyer, or somebody alike. */
  readonly returned: readonly PurchaseId[];
  /** Others below the beneficiary who have a strong trait of the buyer. */
  readonly alike: readonly UserId[];
  /** The buyer, then the referrers, nearest first. */
  readonly chain: readonly ChainLink[];
  /** What the beneficiary's own referrals did. */
  readonly activity: {
    /** In the window of `velocity`. */
    readonly registrations: number;
    readonly purchases: number;
    /** In the window of `refund_pattern`. */
    readonly soldInWindow: number;
    readonly refundedInWindow: number;
    /** In the window of `click_flooding`; clicks are not counted past MAX_CLICKS. */
    readonly clicks: number;
    readonly registrationsFromClicks: number;
  };
}
