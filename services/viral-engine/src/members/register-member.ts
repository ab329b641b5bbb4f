import { isUuid, type TenantId, type UserId } from '../ids.js';
import type { Member, MemberStatus } from './member.js';
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

/** The clicks of a visitor from `since` to `until`, both included. */
export interface ClickQuery {
  readonly tenantId: TenantId;
  readonly visitorId: string;
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
}

/** The tree as one open database transaction sees it. */
export interface MemberBook extends ReferralLookup {
  /** Nobody moves until the end; comes before anything that is read of the tree. Registrations do not wait for each other. */
  shareTree(): Promise<void>;
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
  const { source, found, ...placement } = await findPlacement(book, registration);
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
  await keepTouches(book, { member, registration, found });
  await addFreeCode(book, member, given.randomBytes);
  await book.announceJoined(member);
  return true;
}

/** The code and the first click that a registration came by, whether or not they gave it a referrer. */
interface Found {
  readonly code: CodeOwnership | undefined;
  readonly click: ReferringClick | undefined;
}

async function keepTouches(
  book: MemberBook,
  of: { member: NewMember; registration: Registration; found: Found },
): Promise<void> {
  const { code, click: firstClick } = of.found;
  const query = clickQuery(of.registration);
  const lastClick = firstClick && query && (await book.lastClick(query));
  const touches = touchesOf({ registeredAt: of.registration.registeredAt, code, firstClick, lastClick });
  if (touches !== undefined) await book.addTouches(of.member, touches);
}

/** The placement that a registration gets, or would get: also the answer to "would this code apply?". */
export async function findPlacement(
  lookup: ReferralLookup,
  registration: Pick<Registration, 'tenantId' | 'userId' | 'referralCode' | 'visitorId' | 'registeredAt'>,
): Promise<Placement & { source: RegistrationSource | undefined; found: Found }> {
  const code = await toldCode(lookup, registration);
  const query = clickQuery(registration);
  const click = query && (await lookup.firstClick(query));
  const clicked = click && (await lookup.findMember(registration.tenantId, click.referrerId));
  const placement = placeMember(registration.userId, {
    ...(code && { code: code.owner }),
    ...(clicked && { click: clicked }),
  });
  const found = { code, click };
  return { ...placement, found, source: sourceOf(placement, found) };
}

function sourceOf({ decidedBy }: Placement, found: Found): RegistrationSource | undefined {
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

/** Undefined when nothing names a visitor. */
function clickQuery({
  tenantId,
  visitorId,
  registeredAt,
}: Pick<Registration, 'tenantId' | 'visitorId' | 'registeredAt'>): ClickQuery | undefined {
  if (visitorId === undefined || !isUuid(visitorId)) return undefined;
  return { tenantId, visitorId, since: attributionStart(registeredAt), until: registeredAt };
}

async function addFreeCode(book: MemberBook, member: NewMember, randomBytes: RandomBytes): Promise<void> {
  for (let attempt = 0; attempt < CODE_ATTEMPTS; attempt += 1) {
    const code = newReferralCode(randomBytes);
    const { tenantId, userId: ownerId, learntAt: createdAt } = member;
    if (await book.addCode({ code, tenantId, ownerId, createdAt })) return;
  }
  throw new Error(`${CODE_ATTEMPTS} referral codes in a row were taken`);
}
