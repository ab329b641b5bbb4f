import type { LinkId, TenantId, UserId } from '../ids.js';
import type { Brought } from '../links/landing.js';

/** Where a referral code leads: to a member whose own it is, or to a member's link. */
export interface CodeTarget {
  readonly code: string;
  readonly tenantId: TenantId;
  /** Whom a registration is credited to. */
  readonly ownerId: UserId;
  /** Undefined for a member's own code. */
  readonly linkId: LinkId | undefined;
  readonly campaign: string | undefined;
  /** The page that a browser is sent to. */
  readonly location: string;
}

/** What tells one browser from another within a day. Held in memory until the click is stored, and never written. */
export interface Sender {
  readonly address: string;
  readonly userAgent: string;
}

/** A person followed a referral link. */
export interface Click extends Omit<CodeTarget, 'location'> {
  readonly id: string;
  readonly visitorId: string;
  readonly clickedAt: Date;
  readonly sender: Sender;
  /** UTM values and sub-ids of the click itself. */
  readonly brought: Brought | undefined;
}

/** Whether they were clicks on the same, under the same owner. */
export function leadSame(one: Click, other: Click): boolean {
  return (
    one.code === other.code &&
    one.ownerId === other.ownerId &&
    one.linkId === other.linkId &&
    one.campaign === other.campaign &&
    one.tenantId === other.tenantId
  );
}
