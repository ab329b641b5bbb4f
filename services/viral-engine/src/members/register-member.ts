import { type CouponState, holdsAt } from '../coupons/coupon.js';
import { type CouponId, isUuid, type TenantId, type UserId } from '../ids.js';
import { MAX_UPLINE, type Member, type MemberStatus } from './member.js';
import type { PlanOccasion } from '../plans/choose-plan.js';
import { attributionStart, type Placement, placeMember } from './placement.js';
import type { CodeOwnership, ReferringClick, RegistrationSource } from './referral-source.js';
import { type Touches, touchesOf } from './touches.js';
import { newReferralCode, normaliseReferralCode, type RandomBytes } from './referral-code.js';

/** What identity knows about a registration; the code and the visitor are as they were given, unchecked. */
export interface Registration {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  readonly referralCode: string | undefined;
  readonly visitorId: string | undefined;
  /** A click whose id was signed here: another way to know the visitor. */
  readonly clickId?: string | undefined;
  readonly registeredAt: Date;
}

export interface NewMember extends Placement {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  readonly joinedAt: Date;
  /** When this service learnt of the registration. */
  readonly learntAt: Date;
}

/**
 * The clicks of a visitor from `since` to `until`, both included. The visitor is known by the cookie's id, by one of those
 * clicks, or by both, which are then the same person.
 */
export interface ClickQuery {
  readonly tenantId: TenantId;
  readonly visitorId: string | undefined;
  readonly clickId: string | undefined;
  readonly since: Date;
  readonly until: Date;
}

/** What clicks tell about a visitor. */
export interface ClickHistory {
  /** Undefined when there was none. */
  firstClick(query: ClickQuery): Promise<ReferringClick | undefined>;
}

/** Who leads a registration to whom: all that is needed to find a referrer. Reads only. */
export interface ReferralLookup extends ClickHistory {
  findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined>;
  /** Whose the code is; undefined for an unknown code and for a code of another tenant. */
  findCodeOwner(tenantId: TenantId, code: string): Promise<CodeOwnership | undefined>;
  /** For how many days before it a click can lead to what happens, as the tenant's plan for it says. */
  attributionWindowDays(tenantId: TenantId, occasion: PlanOccasion): Promise<number>;
}

/** Coupons in an open database transaction. */
export interface CouponBook {
  /** The coupon as it stands; nobody else uses it until the end. */
  lockCoupon(tenantId: TenantId, couponId: CouponId): Promise<CouponState>;
  /** One more use. */
  useCoupon(tenantId: TenantId, couponId: CouponId): Promise<void>;
}

/** The tree as one open database transaction sees it. */
export interface MemberBook extends ReferralLookup, CouponBook {
  /** Nobody moves until the end; comes before anything that is read of the tree. Registrations do not wait for each other. */
  shareTree(): Promise<void>;
  /** The member's upline, which nobody changes until the end. */
  holdUpline(tenantId: TenantId, userId: UserId): Promise<readonly UserId[]>;
  /** False when the member exists already; nothing is changed then. */
  addMember(member: NewMember): Promise<boolean>;
  /** Undefined when there was none. */
  lastClick(query: ClickQuery): Promise<ReferringClick | undefined>;
  /** Keeps what led to the registration first and last. */
  addTouches(member: NewMember, touches: Touches): Promise<void>;
  /** Keeps what gave the member its referrer. */
  addSource(member: NewMember, source: RegistrationSource): Promise<void>;
  /** False when the code is taken. */
  addCode(code: { code: string; tenantId: TenantId; ownerId: UserId; createdAt: Date }): Promise<boolean>;
  /** Publishes MemberJoined. */
  announceJoined(member: NewMember): Promise<void>;
}

/** A code collides once in some 10¹¹ ÷ members; this many in a row means that something else is wrong. */
const CODE_ATTEMPTS = 10;

/**
 * Registers a member by the same idempotent path, whoever asks first: the consumer of UserRegistered or a purchase
 * whose buyer was not known yet. Places the newcomer in the tree, makes the referral code and announces the member.
 * Returns false when the member existed already; nothing is changed then, the first placement stands.
 */
export async function registerMember(
  book: MemberBook,
  registration: Registration,
  given: { now: Date; randomBytes: RandomBytes },
): Promise<boolean> {
  const { tenantId, userId, status } = registration;
  await book.shareTree();
  const { source, found, ...placement } = await findPlacement(book, registration, settleCoupon(book, tenantId));
  const member: NewMember = {
    ...placement,
    upline: await heldUpline(book, tenantId, placement.referrerId),
    tenantId,
    userId,
    status,
    joinedAt: registration.registeredAt,
    learntAt: given.now,
  };
  if (!(await book.addMember(member))) return false;
  if (source !== undefined) await book.addSource(member, source);
  if (source?.couponId !== undefined) await book.useCoupon(tenantId, source.couponId);
  await keepTouches(book, { member, registration, found });
  await addFreeCode(book, member, given.randomBytes);
  await book.announceJoined(member);
  return true;
}

/** A referrer's first purchase may be giving the referrer an upline right now: the newcomer stands below what comes of it. */
async function heldUpline(
  book: Pick<MemberBook, 'holdUpline'>,
  tenantId: TenantId,
  referrerId: UserId | undefined,
): Promise<readonly UserId[]> {
  if (referrerId === undefined) return [];
  return [referrerId, ...(await book.holdUpline(tenantId, referrerId))].slice(0, MAX_UPLINE);
}

/** Gives the coupon as it is to be judged. */
export type SettleCoupon = (coupon: CouponState) => Promise<CouponState>;

/** Those who use a coupon that may be used up stand in line. */
export function settleCoupon(book: CouponBook, tenantId: TenantId): SettleCoupon {
  return async (coupon) => (coupon.maxUses === undefined ? coupon : book.lockCoupon(tenantId, coupon.id));
}

/** The code and the first click that a registration came by, whether or not they gave it a referrer. */
interface Found {
  readonly code: CodeOwnership | undefined;
  readonly click: ReferringClick | undefined;
  /** The clicks that count; undefined when nothing names a visitor. */
  readonly clicks: ClickQuery | undefined;
}

/** What asks for a referrer: a registration, or a first purchase as a registration at its moment would. */
export interface Newcomer
  extends Pick<Registration, 'tenantId' | 'userId' | 'referralCode' | 'visitorId' | 'clickId' | 'registeredAt'> {
  /** The first purchase; undefined for a registration. */
  readonly purchase?: Pick<PlanOccasion, 'stream' | 'productTag'> | undefined;
}

async function keepTouches(
  book: MemberBook,
  of: { member: NewMember; registration: Registration; found: Found },
): Promise<void> {
  const { code, click: firstClick, clicks } = of.found;
  const lastClick = firstClick && clicks && (await book.lastClick(clicks));
  const touches = touchesOf({ registeredAt: of.registration.registeredAt, code, firstClick, lastClick });
  if (touches !== undefined) await book.addTouches(of.member, touches);
}

/**
 * The placement that a registration gets, or would get: also the answer to "would this code apply?". A coupon that does
 * not hold is as good as no code.
 */
export async function findPlacement(
  lookup: ReferralLookup,
  newcomer: Newcomer,
  settle: SettleCoupon = (coupon) => Promise.resolve(coupon),
): Promise<Placement & { source: RegistrationSource | undefined; found: Found }> {
  const code = await toldCode(lookup, newcomer, settle);
  const clicks = await clickQuery(lookup, newcomer);
  const click = clicks && (await lookup.firstClick(clicks));
  const clicked = click && (await lookup.findMember(newcomer.tenantId, click.referrerId));
  const placement = placeMember(newcomer.userId, {
    ...(code && { code: code.owner }),
    ...(clicked && { click: clicked }),
  });
  const found = { code, click, clicks };
  return { ...placement, found, source: sourceOf(placement, found) };
}

function sourceOf({ decidedBy }: Placement, found: Pick<Found, 'code' | 'click'>): RegistrationSource | undefined {
  const used = decidedBy && found[decidedBy];
  if (used === undefined) return undefined;
  const { code, linkId, campaign } = used;
  const [clickId, couponId] = 'clickId' in used ? [used.clickId, undefined] : [undefined, used.coupon?.id];
  return { code, linkId, campaign, clickId, couponId };
}

async function toldCode(
  lookup: ReferralLookup,
  { tenantId, referralCode, registeredAt }: Pick<Registration, 'tenantId' | 'referralCode' | 'registeredAt'>,
  settle: SettleCoupon,
): Promise<CodeOwnership | undefined> {
  const code = referralCode === undefined ? undefined : normaliseReferralCode(referralCode);
  const found = code === undefined ? undefined : await lookup.findCodeOwner(tenantId, code);
  if (found?.coupon === undefined) return found;
  return holdsAt(await settle(found.coupon), registeredAt) ? found : undefined;
}

/** Undefined when nothing names a visitor. */
async function clickQuery(
  lookup: ReferralLookup,
  { tenantId, visitorId, clickId, registeredAt, purchase }: Newcomer,
): Promise<ClickQuery | undefined> {
  const visitor = visitorId !== undefined && isUuid(visitorId) ? visitorId : undefined;
  if (visitor === undefined && clickId === undefined) return undefined;
  const windowDays = await lookup.attributionWindowDays(tenantId, { ...purchase, occurredAt: registeredAt });
  const since = attributionStart(registeredAt, windowDays);
  return { tenantId, visitorId: visitor, clickId, since, until: registeredAt };
}

async function addFreeCode(book: MemberBook, member: NewMember, randomBytes: RandomBytes): Promise<void> {
  for (let attempt = 0; attempt < CODE_ATTEMPTS; attempt += 1) {
    const code = newReferralCode(randomBytes);
    const { tenantId, userId: ownerId, learntAt: createdAt } = member;
    if (await book.addCode({ code, tenantId, ownerId, createdAt })) return;
  }
  throw new Error(`${CODE_ATTEMPTS} referral codes in a row were taken`);
}
