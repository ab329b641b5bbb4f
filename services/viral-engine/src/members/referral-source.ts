import type { CouponState } from '../coupons/coupon.js';
import type { CouponId, LinkId, UserId } from '../ids.js';
import type { Member } from './member.js';
import { normaliseReferralCode } from './referral-code.js';

/** A code that somebody came by. The link is undefined for a member's own code and for a coupon's. */
export interface CodeUsed {
  readonly code: string;
  readonly linkId: LinkId | undefined;
  readonly campaign: string | undefined;
}

/** By what a member got the referrer; the click is undefined when a code was told, the coupon when it was none's. */
export interface RegistrationSource extends CodeUsed {
  readonly clickId: string | undefined;
  readonly couponId: CouponId | undefined;
}

/** A click on a code, and the code's owner at that time. */
export interface ReferringClick extends CodeUsed {
  readonly clickId: string;
  readonly referrerId: UserId;
  readonly clickedAt: Date;
}

/** A code's owner now. */
export interface CodeOwnership extends CodeUsed {
  readonly owner: Member;
  /** The coupon whose code it is. */
  readonly coupon?: CouponState | undefined;
}

/** Who brought a buyer, as the buyer's purchase tells it: a code that may be somebody's, a click whose id was signed here. */
export interface ReferralClaim {
  readonly couponCode: string | undefined;
  readonly clickId: string | undefined;
}

/** What a purchase claims; undefined when it names nothing that could be a code or a click of ours. */
export function referralClaim(told: {
  couponCode: string | undefined;
  clickId: string | undefined;
}): ReferralClaim | undefined {
  const couponCode = told.couponCode === undefined ? undefined : normaliseReferralCode(told.couponCode);
  if (couponCode === undefined && told.clickId === undefined) return undefined;
  return { couponCode, clickId: told.clickId };
}
