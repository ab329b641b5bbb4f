import type { CouponId, TenantId, UserId } from '../ids.js';

/** A code that an administrator made for a member: told at a registration or at the checkout, it names the referrer. */
export interface Coupon extends CouponTerms {
  readonly tenantId: TenantId;
  readonly id: CouponId;
  /** Whom registrations and first purchases are credited to. */
  readonly ownerId: UserId;
  readonly code: string;
  /** How many members it gave their referrer. */
  readonly uses: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly archivedAt: Date | undefined;
}

/** What is fixed when a coupon is made, for good. */
export interface CouponTerms {
  readonly campaign: string | undefined;
  /** From then on it gives nobody a referrer. Undefined: it holds for ever. */
  readonly expiresAt: Date | undefined;
  /** How many members it may give their referrer; undefined: any number. */
  readonly maxUses: number | undefined;
}

/** What decides whether a coupon holds. */
export type CouponState = Pick<Coupon, 'id' | 'expiresAt' | 'maxUses' | 'uses' | 'archivedAt'>;

/** Whether a coupon gives its owner to somebody who registers or buys at that moment. Late news change nothing about it. */
export function holdsAt({ expiresAt, archivedAt, maxUses, uses }: CouponState, at: Date): boolean {
  if (expiresAt !== undefined && at.getTime() >= expiresAt.getTime()) return false;
  if (archivedAt !== undefined && at.getTime() >= archivedAt.getTime()) return false;
  return maxUses === undefined || uses < maxUses;
}
