import { isUuid, type TenantId, type UserId } from '../ids.js';
import type { Member, MemberStatus } from './member.js';
import { attributionStart, type Placement, placeMember } from './placement.js';
import { newReferralCode, normaliseReferralCode, type RandomBytes } from './referral-code.js';

/** What identity knows about a registration; the code and the visitor are as they were given, unchecked. */
export interface Registration {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  readonly referralCode: string | undefined;
  readonly visitorId: string | undefined;
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

/** What clicks tell about a visitor. */
export interface ClickHistory {
  /** Who the visitor's first click in [since, until] came from; undefined when there was none. */
  firstClick(query: {
    tenantId: TenantId;
    visitorId: string;
    since: Date;
    until: Date;
  }): Promise<{ referrerId: UserId } | undefined>;
}

/** Who leads a registration to whom: all that is needed to find a referrer. Reads only. */
export interface ReferralLookup extends ClickHistory {
  findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined>;
  /** The owner of a code; undefined for an unknown code and for a code of another tenant. */
  findCodeOwner(tenantId: TenantId, code: string): Promise<Member | undefined>;
}

/** The tree as one open database transaction sees it. */
export interface MemberBook extends ReferralLookup {
  /** False when the member exists already; nothing is changed then. */
  addMember(member: NewMember): Promise<boolean>;
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
  const placement = await findPlacement(book, registration);
  const member: NewMember = {
    ...placement,
    tenantId,
    userId,
    status,
    joinedAt: registration.registeredAt,
    learntAt: given.now,
  };
  if (!(await book.addMember(member))) return false;
  await addFreeCode(book, member, given.randomBytes);
  await book.announceJoined(member);
  return true;
}

/** The placement that a registration gets, or would get: also the answer to "would this code apply?". */
export async function findPlacement(
  lookup: ReferralLookup,
  registration: Pick<Registration, 'tenantId' | 'userId' | 'referralCode' | 'visitorId' | 'registeredAt'>,
): Promise<Placement> {
  const code = await codeOwner(lookup, registration);
  const click = await clickedReferrer(lookup, registration);
  return placeMember(registration.userId, { ...(code && { code }), ...(click && { click }) });
}

async function codeOwner(
  lookup: ReferralLookup,
  { tenantId, referralCode }: Pick<Registration, 'tenantId' | 'referralCode'>,
): Promise<Member | undefined> {
  const code = referralCode === undefined ? undefined : normaliseReferralCode(referralCode);
  return code === undefined ? undefined : lookup.findCodeOwner(tenantId, code);
}

async function clickedReferrer(
  lookup: ReferralLookup,
  { tenantId, visitorId, registeredAt }: Pick<Registration, 'tenantId' | 'visitorId' | 'registeredAt'>,
): Promise<Member | undefined> {
  if (visitorId === undefined || !isUuid(visitorId)) return undefined;
  const since = attributionStart(registeredAt);
  const click = await lookup.firstClick({ tenantId, visitorId, since, until: registeredAt });
  return click && lookup.findMember(tenantId, click.referrerId);
}

async function addFreeCode(book: MemberBook, member: NewMember, randomBytes: RandomBytes): Promise<void> {
  for (let attempt = 0; attempt < CODE_ATTEMPTS; attempt += 1) {
    const code = newReferralCode(randomBytes);
    const { tenantId, userId: ownerId, learntAt: createdAt } = member;
    if (await book.addCode({ code, tenantId, ownerId, createdAt })) return;
  }
  throw new Error(`${CODE_ATTEMPTS} referral codes in a row were taken`);
}
