import { DomainError } from '@dailydoco/errors';
import type { MoveId, TenantId, UserId } from '../ids.js';
import { MAX_UPLINE, type Member } from '../members/member.js';
import { carry, type CountedNetwork, type NetworkChange } from './spread.js';

/** What an administrator asks for. */
export interface WantedMove {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Who stands above from now on; undefined: nobody. */
  readonly referrerId: UserId | undefined;
  /** Who did it, and why: both stay in the audit. */
  readonly movedBy: string;
  readonly reason: string;
}

/** A move as it was done. */
export interface Move {
  readonly id: MoveId;
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly fromReferrerId: UserId | undefined;
  readonly toReferrerId: UserId | undefined;
  /** How many people moved: the person and everybody below. */
  readonly people: number;
  readonly movedBy: string;
  readonly reason: string;
  readonly movedAt: Date;
}

/** The person who moves. */
export type Whose = Pick<Move, 'tenantId' | 'userId'>;

type Place = Pick<Member, 'userId' | 'status' | 'upline'>;

/** Everybody below a person, the person included. */
export interface Subtree {
  /** Counted no further than one past what was asked. */
  readonly people: number;
  /** Those whose upline holds the person, and the person; only the store looks inside. */
  readonly affected: string;
}

/** The tree in an open database transaction. */
export interface MoveBook {
  /** The first statement: nobody else moves and nobody joins until the end. */
  lockTree(): Promise<void>;
  findPlace(tenantId: TenantId, userId: UserId): Promise<Place | undefined>;
  /** Whether a person stands anywhere below another, also further than uplines reach. */
  standsBelow(tenantId: TenantId, who: { userId: UserId; above: UserId }): Promise<boolean>;
  readSubtree(tenantId: TenantId, userId: UserId, most: number): Promise<Subtree>;
  /** What is counted for a person and everybody below, each level of it. */
  readCounted(tenantId: TenantId, userId: UserId): Promise<CountedNetwork>;
  add(change: NetworkChange): Promise<void>;
  /** From here on no purchase is split until the end, and nobody's status changes. */
  lockOutSplits(): Promise<void>;
  /** Writes beside the tree, for everybody below the person, the upline that follows from the person's new one. Purchases go on. */
  writeAside(whose: Whose, upline: readonly UserId[], subtree: Subtree): Promise<void>;
  /** Puts the person itself where it belongs. */
  place(whose: Whose, upline: readonly UserId[]): Promise<void>;
  addMove(move: Move): Promise<void>;
  /** Publishes PersonMoved. */
  announce(move: Move): Promise<void>;
}

/**
 * Most people that one move may take along. Registrations wait while their uplines are written aside, for seconds where
 * there are a hundred thousand (`npm run bench:network` tells); purchases wait for the last few statements only.
 */
export const MAX_MOVED = 150_000;

/**
 * Moves a person with everybody below to another referrer, or to the top. Purchases that were split stay as they are;
 * later ones go by the new uplines, all of them: all become true with the one commit, and nothing is split from shortly
 * before until then. What takes long (finding everybody below, counting them for others, writing their uplines) is done
 * before that, where no purchase sees it; `foldMoves` brings it into the members' rows afterwards.
 *
 * What was counted for the person and everybody below, money and points too, goes along with its history: the counts of a
 * member are those of the people who stand below now, whenever they came. Commissions that were paid go nowhere.
 *
 * A suspended person moves like any other, because a suspension is about earning and not about the place. The new
 * referrer must be active, as at a registration. An erased person stays: the place is what is left of them, and those
 * below can be moved one by one.
 *
 * Throws USER_UNKNOWN, CIRCULAR_REFERRAL, REFERRER_NOT_ACTIVE, DOWNLINE_TOO_LARGE, and CONFLICT for an erased person or
 * one that stands there already; nothing changes then.
 */
export async function movePerson(
  book: MoveBook,
  wanted: WantedMove,
  given: { now: Date; newMoveId: () => MoveId },
): Promise<Move> {
  const { tenantId, userId, referrerId, movedBy, reason } = wanted;
  await book.lockTree();
  const { person, referrer } = await findPlaces(book, wanted);
  if (referrerId !== undefined && (await book.standsBelow(tenantId, { userId: referrerId, above: userId }))) {
    throw new DomainError('CIRCULAR_REFERRAL');
  }
  const subtree = await book.readSubtree(tenantId, userId, MAX_MOVED);
  if (subtree.people > MAX_MOVED) throw new DomainError('DOWNLINE_TOO_LARGE');
  const from = person.upline;
  const to = uplineBelow(referrer);
  await book.add(carry(await book.readCounted(tenantId, userId), { tenantId, from, to }));
  await book.writeAside(wanted, to, subtree);
  await book.lockOutSplits();
  // Statuses may have changed up to here.
  await findPlaces(book, wanted);
  const move: Move = {
    id: given.newMoveId(),
    tenantId,
    userId,
    fromReferrerId: from[0],
    toReferrerId: referrerId,
    people: subtree.people,
    movedBy,
    reason,
    movedAt: given.now,
  };
  await book.place(move, to);
  await book.addMove(move);
  await book.announce(move);
  return move;
}

/** The upline of whoever stands directly below; empty below nobody. */
export function uplineBelow(referrer: Pick<Member, 'userId' | 'upline'> | undefined): readonly UserId[] {
  return referrer === undefined ? [] : [referrer.userId, ...referrer.upline].slice(0, MAX_UPLINE);
}

async function findPlaces(
  book: MoveBook,
  { tenantId, userId, referrerId }: WantedMove,
): Promise<{ person: Place; referrer: Place | undefined }> {
  const person = await book.findPlace(tenantId, userId);
  const referrer = referrerId === undefined ? undefined : await book.findPlace(tenantId, referrerId);
  if (person === undefined || (referrerId !== undefined && referrer === undefined)) {
    throw new DomainError('USER_UNKNOWN');
  }
  if (referrerId === userId) throw new DomainError('CIRCULAR_REFERRAL');
  if (person.upline[0] === referrerId) {
    throw new DomainError('CONFLICT', { detail: 'The person stands there already.' });
  }
  if (person.status === 'erased') {
    throw new DomainError('CONFLICT', { detail: 'An erased person stays; those below can be moved one by one.' });
  }
  if (referrer !== undefined && referrer.status !== 'active') throw new DomainError('REFERRER_NOT_ACTIVE');
  return { person, referrer };
}
