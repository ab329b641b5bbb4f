import type { TenantId, UserId, WebsiteId } from '../ids.js';
import { MAX_UPLINE, type Member } from '../members/member.js';
import { mayRefer } from '../members/placement.js';
import type { ReferralClaim, RegistrationSource } from '../members/referral-source.js';
import {
  type CouponBook,
  findPlacement,
  type Newcomer,
  type ReferralLookup,
  settleCoupon,
} from '../members/register-member.js';

/** What a purchase on its way in tells about who brought its buyer. */
export interface ReferredOrder {
  readonly tenantId: TenantId;
  readonly buyerId: UserId;
  readonly externalId: string;
  readonly websiteId: WebsiteId | undefined;
  /** Which plan decides it, and so for how long a click counts. */
  readonly stream: string;
  readonly productTag?: string | undefined;
  readonly referral: ReferralClaim;
  /** When it happened: coupons hold or not, and clicks count or not, as of then. */
  readonly at: Date;
  /** Its external id is taken by itself: it was told before anybody said who its customer is. */
  readonly isTold: boolean;
}

/** What decides whether a purchase may give its buyer a referrer. */
export interface Candidacy {
  /** The tenant lets the first purchase do so. */
  readonly isAllowed: boolean;
  /** Undefined: no event has told of the buyer yet. */
  readonly buyer:
    | {
        readonly isErased: boolean;
        readonly hasReferrer: boolean;
        /** Any purchase at all, whoever was paid by it. */
        readonly hasBought: boolean;
        readonly refersOthers: boolean;
      }
    | undefined;
  /** The purchase names no website, or one that is known. */
  readonly isWebsiteKnown: boolean;
  /** The external id is taken. */
  readonly isTold: boolean;
}

/** Conversion in an open database transaction. */
export interface ConversionBook {
  /** As it stands; read again under the locks. */
  candidacy(order: ReferredOrder): Promise<Candidacy>;
  /** Nobody moves until the end; comes before the rows of members. */
  shareTree(): Promise<void>;
  /** The buyer alone, with every purchase and whoever joins below waiting; the referrer's place in the tree kept. */
  lockPair(tenantId: TenantId, pair: { buyerId: UserId; referrerId: UserId }): Promise<Member | undefined>;
  /** Sets the buyer's referrer, with the row that says why; those above count the buyer from now on. */
  save(conversion: Conversion): Promise<void>;
  /** Publishes MemberReferred. */
  announce(conversion: Conversion): Promise<void>;
}

/** A buyer who got a referrer by the first purchase. */
export interface Conversion {
  readonly order: ReferredOrder;
  /** Begins with the referrer. */
  readonly upline: readonly UserId[];
  readonly source: RegistrationSource;
  readonly convertedAt: Date;
}

/** What is to be learnt before it can be said whether the purchase converts. */
export type Unknown =
  | { readonly what: 'buyer'; readonly userId: UserId }
  | { readonly what: 'website'; readonly websiteId: WebsiteId };

export type ConversionOutcome =
  | { readonly kind: 'converted'; readonly referrerId: UserId }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'missing'; readonly missing: readonly Unknown[] };

const UNCHANGED: ConversionOutcome = { kind: 'unchanged' };

/**
 * Gives a buyer the referrer that the first purchase names, once. Only where the tenant allows it; only to a buyer who
 * has no referrer, has bought nothing and refers nobody, so that no settled network changes hands and no circle closes.
 * The code wins, else the click; what cannot apply changes nothing and never refuses the purchase.
 */
export async function convertFirstPurchase(
  books: { members: ReferralLookup & CouponBook; conversions: ConversionBook },
  order: ReferredOrder,
  given: { now: Date },
): Promise<ConversionOutcome> {
  const { members, conversions } = books;
  const { tenantId, buyerId } = order;
  const early = await conversions.candidacy(order);
  if (!early.isAllowed) return UNCHANGED;
  const missing = missingFor(order, early);
  if (missing.length > 0) return { kind: 'missing', missing };
  if (!mayConvert(order, early)) return UNCHANGED;
  const { referrerId, source } = await findPlacement(members, askedBy(order), settleCoupon(members, tenantId));
  if (referrerId === undefined || source === undefined) return UNCHANGED;
  await conversions.shareTree();
  const referrer = await conversions.lockPair(tenantId, { buyerId, referrerId });
  if (referrer === undefined || !mayRefer(referrer, buyerId)) return UNCHANGED;
  if (!mayConvert(order, await conversions.candidacy(order))) return UNCHANGED;
  const upline = [referrerId, ...referrer.upline].slice(0, MAX_UPLINE);
  const conversion: Conversion = { order, upline, source, convertedAt: given.now };
  await conversions.save(conversion);
  if (source.couponId !== undefined) await members.useCoupon(tenantId, source.couponId);
  await conversions.announce(conversion);
  return { kind: 'converted', referrerId };
}

/** Whether this purchase is the one that may give its buyer a referrer. */
export function mayConvert(
  order: Pick<ReferredOrder, 'isTold'>,
  { isAllowed, buyer, isWebsiteKnown, isTold }: Candidacy,
): boolean {
  if (buyer === undefined || !isAllowed || !isWebsiteKnown || isTold !== order.isTold) return false;
  return !buyer.isErased && !buyer.hasReferrer && !buyer.hasBought && !buyer.refersOthers;
}

function missingFor({ buyerId, websiteId }: ReferredOrder, { buyer, isWebsiteKnown }: Candidacy): Unknown[] {
  const missing: Unknown[] = [];
  if (buyer === undefined) missing.push({ what: 'buyer', userId: buyerId });
  if (!isWebsiteKnown && websiteId !== undefined) missing.push({ what: 'website', websiteId });
  return missing;
}

/** A first purchase asks as a registration at its moment would. */
function askedBy({ tenantId, buyerId, referral, at, stream, productTag }: ReferredOrder): Newcomer {
  const { couponCode: referralCode, clickId } = referral;
  const purchase = { stream, productTag };
  return { tenantId, userId: buyerId, referralCode, visitorId: undefined, clickId, registeredAt: at, purchase };
}
