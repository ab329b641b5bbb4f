import type { FieldError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { LinkId, TenantId, UserId } from '../ids.js';
import { normaliseReferralCode } from '../members/referral-code.js';
import { originOf, type Utm } from './landing.js';

export interface LinkTerms {
  readonly name: string;
  readonly campaign: string | undefined;
  /** Undefined: the landing page of the installation. */
  readonly landingUrl: string | undefined;
  readonly utm: Utm;
  /** Up to five values of the owner's own, told to the landing page as sub1 to sub5. */
  readonly subIds: readonly string[];
}

/** A person's link for one campaign. It never stops leading on; archived, it is only put away. */
export interface Link extends LinkTerms {
  readonly tenantId: TenantId;
  readonly id: LinkId;
  /** Whom registrations are credited to. */
  readonly ownerId: UserId;
  /** The code that is shown; those before it lead here for ever. */
  readonly code: string;
  readonly createdAt: Date;
  readonly archivedAt: Date | undefined;
}

/** What came by a link. */
export interface LinkCounts {
  /** Clicks of people, each identity once an hour. */
  readonly clicks: number;
  /** Identities, once a day each: on another day nobody can be told to be the same. */
  readonly uniqueClicks: number;
  /** Registrations that got their referrer by this link, by its code or by a click on it. */
  readonly registrations: number;
}

/** What people who got their referrer by a link have bought, in one currency. */
export interface LinkRevenue {
  readonly currency: CurrencyCode;
  readonly purchases: number;
  readonly buyers: number;
  readonly amountMicros: bigint;
  /** What was given back of it: refunds less the chargebacks that were won. */
  readonly refundedMicros: bigint;
}

/** Who got the referrer by a link, and what they bought. */
export interface LinkConversions {
  readonly registrations: number;
  readonly firstPurchases: number;
  /** By currency, in the order of the codes. */
  readonly revenue: readonly LinkRevenue[];
}

/** What is wrong with a landing page: it must be a page of an origin that the tenant allows. */
export function checkLanding(landingUrl: string | undefined, origins: readonly string[]): FieldError[] {
  if (landingUrl === undefined) return [];
  const origin = originOf(landingUrl);
  if (origin !== undefined && origins.includes(origin)) return [];
  return [{ path: 'landingUrl', message: `must be a page of ${origins.join(', ') || 'an allowed origin'}` }];
}

/** A code that its owner chose, as it is stored. */
export function chosenCode(typed: string): { code: string } | { fieldErrors: FieldError[] } {
  const code = normaliseReferralCode(typed);
  if (code !== undefined) return { code };
  const message = 'must be 3 to 32 letters, digits and hyphens, with no hyphen at either end';
  return { fieldErrors: [{ path: 'code', message }] };
}
