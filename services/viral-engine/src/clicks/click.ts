import type { TenantId, UserId } from '../ids.js';

/** Where a referral code leads: whose it is. */
export interface CodeOwner {
  readonly code: string;
  readonly tenantId: TenantId;
  readonly ownerId: UserId;
}

/** A browser followed a referral link. */
export interface Click extends CodeOwner {
  readonly id: string;
  readonly visitorId: string;
  readonly clickedAt: Date;
}
