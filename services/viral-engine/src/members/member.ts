import type { TenantId, UserId } from '../ids.js';

/** `active` earns; `suspended` does not until reactivated; `erased` never again, though the place in the tree stays. */
export type MemberStatus = 'active' | 'suspended' | 'erased';

/** A person's place in the referral tree of a tenant. */
export interface Member {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  /** The referrers, nearest first, at most MAX_UPLINE of them. Empty: nobody referred this member. */
  readonly upline: readonly UserId[];
  /** Raises the member's own level commissions, 0–10000 basis points of the commission. */
  readonly boostBps: number;
  readonly joinedAt: Date;
}

/** How many referrers are remembered and read at most. */
export const MAX_UPLINE = 64;
