import { isUuid, type LinkId, type TenantId, type UserId } from '../ids.js';
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

/** A code that somebody came by. The link is undefined for a member's own code. */
export interface CodeUsed {
  readonly code: string;
  readonly linkId: LinkId | undefined;
  readonly campaign: string | undefined;
}

/** By what a registration found its referrer; the click is undefined when the code was told at the registration. */
export interface RegistrationSource extends CodeUsed {
  readonly clickId: string | undefined;
}

/** A click on a code, and the code's owner at that time. */
export interface ReferringClick extends CodeUsed {
  readonly clickId: string;
  readonly referrerId: UserId;
}

/** A code's owner now. */
export interface CodeOwnership extends CodeUsed {
  readonly owner: Member;
}

/** What clicks tell about a visitor. */
export interface ClickHistory {
  /** The visitor's first click in [since, until]; undefined when there was none. */
  firstClick(query: {
    tenantId: TenantId;
    visitorId: string;
    since: Date;
    until: Date;
  }): Promise<ReferringClick | undefined>;
}

/** Who leads a registration to whom: all that is needed to find a referrer. Reads only. */
export interface ReferralLookup extends ClickHistory {
  findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined>;
  /** Whose the code is; undefined for an unknown code and for a code of another tenant. */
  findCodeOwner(tenantId: TenantId, code: string): Promise<CodeOwnership | undefined>;
}

/** The tree as one open database transaction sees it. */
export interface MemberBook extends ReferralLookup {
  /** False when the member exists already; nothing is changed then. */
  addMember(member: NewMember): Promise<boolean>;
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
  const { source, ...placement } = await findPlacement(book, registration);
  const member: NewMember = {
    ...placement,
    tenantId,
    userId,
    status,
    joinedAt: registration.registeredAt,
    learntAt: given.now,
  };
  if (!(await book.addMember(member))) return false;
  if (source !== undefined) await book.addSource(member, source);
  await addFreeCode(book, member, given.randomBytes);
  await book.announceJoined(member);
  return true;
}

/** The placement that a registration gets, or would get: also the answer to "would this code apply?". */
export async function findPlacement(
  lookup: ReferralLookup,
  registration: Pick<Registration, 'tenantId' | 'userId' | 'referralCode' | 'visitorId' | 'registeredAt'>,
): Promise<Placement & { source: RegistrationSource | undefined }> {
  const code = await toldCode(lookup, registration);
  const click = await firstClick(lookup, registration);
  const clicked = click && (await lookup.findMember(registration.tenantId, click.referrerId));
  const placement = placeMember(registration.userId, {
    ...(code && { code: code.owner }),
    ...(clicked && { click: clicked }),
  });
  return { ...placement, source: sourceOf(placement, { code, click }) };
}

function sourceOf(
  { decidedBy }: Placement,
  found: { code: CodeOwnership | undefined; click: ReferringClick | undefined },
): RegistrationSource | undefined {
  const used = decidedBy && found[decidedBy];
  if (used === undefined) return undefined;
  const { code, linkId, campaign } = used;
  return { code, linkId, campaign, clickId: 'clickId' in used ? used.clickId : undefined };
}

async function toldCode(
  lookup: ReferralLookup,
  { tenantId, referralCode }: Pick<Registration, 'tenantId' | 'referralCode'>,
): Promise<CodeOwnership | undefined> {
  const code = referralCode === undefined ? undefined : normaliseReferralCode(referralCode);
  return code === undefined ? undefined : lookup.findCodeOwner(tenantId, code);
}

async function firstClick(
  lookup: ReferralLookup,
  { tenantId, visitorId, registeredAt }: Pick<Registration, 'tenantId' | 'visitorId' | 'registeredAt'>,
): Promise<ReferringClick | undefined> {
  if (visitorId === undefined || !isUuid(visitorId)) return undefined;
  return lookup.firstClick({ tenantId, visitorId, since: attributionStart(registeredAt), until: registeredAt });
}

async function addFreeCode(book: MemberBook, member: NewMember, randomBytes: RandomBytes): Promise<void> {
  for (let attempt = 0; attempt < CODE_ATTEMPTS; attempt += 1) {
    const code = newReferralCode(randomBytes);
    const { tenantId, userId: ownerId, learntAt: createdAt } = member;
    if (await book.addCode({ code, tenantId, ownerId, createdAt })) return;
  }
  throw new Error(`${CODE_ATTEMPTS} referral codes in a row were taken`);
}
