import type { CapRooms, PersonRoom } from '../commissions/limit-entries.js';
import type { Earner } from '../commissions/split.js';
import { asUserId } from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import { CAP_PERIODS, type CapPeriod } from '../plans/plan-limits.js';
import type { SplitSnapshot } from './purchase.js';

/** Short keys: one snapshot is kept per purchase, for ever. Members that a purchase does not need are left out. */
export interface StoredSnapshot {
  /** Upline as [user, status, boost in basis points], with own purchases and active referrals where the plan asks. */
  up: StoredEarner[];
  owner?: StoredEarner;
  /** First purchase under the plan. */
  first?: [purchaseId: string, occurredAt: string];
  /** Covered by the plan's recurring rule. */
  cov: boolean;
  /** What the caps left. */
  rooms?: StoredRooms;
}
type StoredEarner =
  | [userId: string, status: MemberStatus, boostBps: number]
  | [userId: string, status: MemberStatus, boostBps: number, ownPurchases: number, activeReferrals: number];

interface StoredRooms {
  /** By person and period, in micros as text. */
  p: Readonly<Record<string, Readonly<Partial<Record<CapPeriod, string>>>>>;
  /** What the company cap left, in micros as text, and whether it was closed. */
  co?: [leftMicros: string, closed: boolean];
}

/** A snapshot as jsonb keeps it. */
export function toStored(snapshot: SplitSnapshot): StoredSnapshot {
  const { upline, websiteOwner, first, covered, rooms } = snapshot;
  return {
    up: upline.map(storedEarner),
    ...(websiteOwner && { owner: storedEarner(websiteOwner) }),
    ...(first && { first: [first.purchaseId, first.occurredAt.toISOString()] }),
    cov: covered,
    ...(rooms && { rooms: storedRooms(rooms) }),
  };
}

export function fromStored({ up, owner, first, cov, rooms }: StoredSnapshot): SplitSnapshot {
  return {
    upline: up.map(earnerOf),
    websiteOwner: owner && earnerOf(owner),
    first: first && { purchaseId: first[0], occurredAt: new Date(first[1]) },
    covered: cov,
    ...(rooms && { rooms: roomsOf(rooms) }),
  };
}

function storedEarner({ userId, status, boostBps, standing }: Earner): StoredEarner {
  if (standing === undefined) return [userId, status, boostBps];
  return [userId, status, boostBps, standing.ownPurchases, standing.activeReferrals];
}

function earnerOf([userId, status, boostBps, ownPurchases, activeReferrals]: StoredEarner): Earner {
  const earner = { userId: asUserId(userId), status, boostBps };
  if (ownPurchases === undefined || activeReferrals === undefined) return earner;
  return { ...earner, standing: { ownPurchases, activeReferrals } };
}

function storedRooms({ people, company }: CapRooms): StoredRooms {
  return {
    p: Object.fromEntries([...people].map(([userId, room]) => [userId, mapRoom(room, String)])),
    ...(company && { co: [company.leftMicros.toString(), company.closed] }),
  };
}

function roomsOf({ p, co }: StoredRooms): CapRooms {
  return {
    people: new Map(
      Object.entries(p).map(([userId, room]): [ReturnType<typeof asUserId>, PersonRoom] => [
        asUserId(userId),
        mapRoom(room, BigInt),
      ]),
    ),
    company: co && { leftMicros: BigInt(co[0]), closed: co[1] },
  };
}

function mapRoom<From, To>(
  room: Readonly<Partial<Record<CapPeriod, From>>>,
  map: (micros: From) => To,
): Partial<Record<CapPeriod, To>> {
  const mapped: Partial<Record<CapPeriod, To>> = {};
  for (const period of CAP_PERIODS) {
    const micros = room[period];
    if (micros !== undefined) mapped[period] = map(micros);
  }
  return mapped;
}
