import { BPS, mulDivFloor } from '@dailydoco/money';
import type { UserId } from '../ids.js';
import { MAX_UPLINE, type MemberStatus } from '../members/member.js';
import type { PlanTerms } from '../plans/plan.js';
import { type CapRooms, type Cut, cutTo, fitCompany, fitPeople } from './limit-entries.js';

/** One who may earn, as known at the split. */
export interface Earner {
  readonly userId: UserId;
  readonly status: MemberStatus;
  /** 0–10000 basis points of the own level commissions. */
  readonly boostBps: number;
  /** Read only where the plan asks for it: there an earner without one is as one with nothing. */
  readonly standing?: Standing | undefined;
}

/** What qualification goes by, counted up to MAX_QUALIFICATION at most. */
export interface Standing {
  /** Own purchases, not refunded in full. */
  readonly ownPurchases: number;
  /** Active members whose referrer it is. */
  readonly activeReferrals: number;
}

export interface SplitInput {
  readonly amountMicros: bigint;
  readonly buyerId: UserId;
  /** The buyer's referrers, nearest first. */
  readonly upline: readonly Earner[];
  /** Owner of the website that the purchase came through, if it came through one. */
  readonly websiteOwner: Earner | undefined;
  /** What the plan's caps leave; undefined where it has none in the purchase's currency. */
  readonly rooms?: CapRooms | undefined;
}

export type SplitTerms = Pick<PlanTerms, 'levelsBps' | 'websiteBonusBps' | 'maxPayoutBps' | 'compression'> &
  Partial<Pick<PlanTerms, 'qualification' | 'companyCap'>>;

export type CommissionKind = 'level' | 'website_bonus';

/** One share of a purchase. */
export interface SplitEntry {
  readonly kind: CommissionKind;
  /** 1–7; 0 for the website bonus. */
  readonly level: number;
  readonly beneficiaryId: UserId;
  readonly rateBps: number;
  readonly boostBps: number;
  /** Before any limit. */
  readonly uncappedMicros: bigint;
  readonly amountMicros: bigint;
  /** What each limit took off, in the order of the rules: amount = uncapped − cuts. */
  readonly cuts: readonly Cut[];
}

export interface Split {
  /** Website bonus first, then by level; entries of zero are left out. */
  readonly entries: readonly SplitEntry[];
  /** Entries that the limits brought to zero: they are not written, and what they lost is told with the split. */
  readonly lost: readonly SplitEntry[];
  readonly totalMicros: bigint;
  /** What nobody gets: amount − total. */
  readonly houseMicros: bigint;
  /** What all entries together may be. */
  readonly capMicros: bigint;
  /** What they would be without the cap. */
  readonly uncappedMicros: bigint;
  /** All entries together, before the company cap. */
  readonly beforeCompanyMicros: bigint;
  /** Whether the purchase goes over the company cap, which ends the period's payments. */
  readonly crossesCompanyCap: boolean;
}

/**
 * Splits one purchase. Pure: with the same snapshot and plan version it gives the same answer years later.
 *
 * 1. Website bonus: floor(amount × bonus ÷ 10000) for an active owner who is not the buyer.
 * 2. Levels: level k pays floor(amount × rate_k × (10000 + boost) ÷ 10000²), floored once, at the end.
 * 3. Cap: when the sum exceeds floor(amount × maxPayout ÷ 10000), every entry becomes floor(entry × cap ÷ sum).
 * 4. Caps per person, website bonus first, then level 1 up: an entry is at most what its beneficiary may still earn.
 * 5. Company cap: the purchase that goes over it is paid in proportion, or not at all; those after it nothing.
 * 6. Entries of zero are dropped. Entries + house = amount, exactly.
 */
export function split(input: SplitInput, terms: SplitTerms): Split {
  const { amountMicros } = input;
  const candidates = [...websiteBonus(input, terms), ...levels(input, terms)];
  const capMicros = mulDivFloor(amountMicros, BigInt(terms.maxPayoutBps), BPS);
  const uncappedMicros = candidates.reduce((sum, entry) => sum + entry.uncappedMicros, 0n);
  const underCap = candidates.map((entry) =>
    cutTo(
      { ...entry, amountMicros: entry.uncappedMicros, cuts: [] },
      capped(entry.uncappedMicros, capMicros, uncappedMicros),
      'max_payout',
    ),
  );
  const fitted = input.rooms === undefined ? underCap : fitPeople(underCap, input.rooms.people);
  const company = fitCompany(fitted, input.rooms?.company, terms.companyCap?.mode ?? 'stop');
  const totalMicros = company.entries.reduce((sum, entry) => sum + entry.amountMicros, 0n);
  return {
    entries: company.entries.filter((entry) => entry.amountMicros > 0n),
    lost: company.entries.filter((entry) => entry.amountMicros === 0n && entry.cuts.length > 0),
    totalMicros,
    houseMicros: amountMicros - totalMicros,
    capMicros,
    uncappedMicros,
    beforeCompanyMicros: company.sumMicros,
    crossesCompanyCap: company.crosses,
  };
}

/** What the cap leaves of one entry. */
function capped(entryMicros: bigint, capMicros: bigint, sumMicros: bigint): bigint {
  return sumMicros > capMicros ? mulDivFloor(entryMicros, capMicros, sumMicros) : entryMicros;
}

const BPS_SQUARED = BPS * BPS;

type Candidate = Omit<SplitEntry, 'amountMicros' | 'cuts'>;

/** Whether somebody is paid at all: active, and never from the own purchase. */
export function mayEarn(earner: Earner, buyerId: UserId): boolean {
  return earner.status === 'active' && earner.userId !== buyerId;
}

/** Whether somebody has what the plan asks before the level pays. */
export function isQualified(earner: Earner, level: number, terms: Pick<SplitTerms, 'qualification'>): boolean {
  const asked = terms.qualification?.find((each) => each.level === level);
  if (asked === undefined) return true;
  const { ownPurchases, activeReferrals } = earner.standing ?? { ownPurchases: 0, activeReferrals: 0 };
  return ownPurchases >= asked.minOwnPurchases && activeReferrals >= asked.minActiveReferrals;
}

/** Everybody who can hold an entry of the purchase: each person once. */
export function beneficiariesOf(input: Omit<SplitInput, 'amountMicros' | 'rooms'>, terms: SplitTerms): UserId[] {
  const { websiteOwner, buyerId } = input;
  const owner = websiteOwner !== undefined && mayEarn(websiteOwner, buyerId) ? [websiteOwner.userId] : [];
  const seated = seatLevels(input, terms).flatMap(({ paid, earner }) => (paid ? [earner.userId] : []));
  return [...new Set([...owner, ...seated])];
}

function websiteBonus({ amountMicros, buyerId, websiteOwner }: SplitInput, terms: SplitTerms): Candidate[] {
  if (websiteOwner === undefined || !mayEarn(websiteOwner, buyerId)) return [];
  return [
    {
      kind: 'website_bonus',
      level: 0,
      beneficiaryId: websiteOwner.userId,
      rateBps: terms.websiteBonusBps,
      boostBps: 0,
      uncappedMicros: mulDivFloor(amountMicros, BigInt(terms.websiteBonusBps), BPS),
    },
  ];
}

function levels(input: SplitInput, terms: SplitTerms): Candidate[] {
  const candidates: Candidate[] = [];
  for (const { level, rateBps, earner, paid } of seatLevels(input, terms)) {
    if (!paid) continue;
    const { userId: beneficiaryId, boostBps } = earner;
    const uncappedMicros = levelShare(input.amountMicros, rateBps, boostBps);
    candidates.push({ kind: 'level', level, beneficiaryId, rateBps, boostBps, uncappedMicros });
  }
  return candidates;
}

/** floor(amount × rate × (10000 + boost) ÷ 10000²). Most people have no boost: then 10000 cancels out, exactly. */
function levelShare(amountMicros: bigint, rateBps: number, boostBps: number): bigint {
  if (boostBps === 0) return mulDivFloor(amountMicros, BigInt(rateBps), BPS);
  return mulDivFloor(amountMicros, BigInt(rateBps) * (BPS + BigInt(boostBps)), BPS_SQUARED);
}

/** Who sits on which level. `paid` is false where the level's share stays with the house. */
export interface Seat {
  readonly level: number;
  readonly rateBps: number;
  readonly earner: Earner;
  readonly paid: boolean;
}

/**
 * Gives every level its ancestor. Without compression level k is the k-th referrer, paid or not. With dynamic
 * compression the next ancestor above the last one seated who may earn and is qualified for the level takes it; whoever
 * is passed over is passed for good, also by the levels after. At most 64 are looked at.
 */
export function seatLevels(input: Pick<SplitInput, 'buyerId' | 'upline'>, terms: SplitTerms): Seat[] {
  const { buyerId, upline } = input;
  const seats: Seat[] = [];
  let next = 0;
  for (const [index, rateBps] of terms.levelsBps.entries()) {
    const level = index + 1;
    for (let earner = upline[next]; earner !== undefined && next < MAX_UPLINE; earner = upline[next]) {
      next += 1;
      const paid = mayEarn(earner, buyerId) && isQualified(earner, level, terms);
      if (!paid && terms.compression === 'dynamic') continue;
      seats.push({ level, rateBps, earner, paid });
      break;
    }
  }
  return seats;
}

/**
 * How many of the upline can matter under these terms: what has to be read and what the snapshot must keep. All 64
 * where the chain may move up, one per level where it does not.
 */
export function uplineNeeded(terms: Pick<SplitTerms, 'levelsBps' | 'compression'>): number {
  return terms.compression === 'dynamic' ? MAX_UPLINE : terms.levelsBps.length;
}

/** The part of the upline that the split looked at, for the snapshot: nobody above the last level that was filled. */
export function uplineLookedAt(input: Pick<SplitInput, 'buyerId' | 'upline'>, terms: SplitTerms): readonly Earner[] {
  const chain = input.upline.slice(0, uplineNeeded(terms));
  const last = seatLevels(input, terms).at(-1);
  if (terms.compression === 'none' || last === undefined || last.level < terms.levelsBps.length) return chain;
  return chain.slice(0, chain.indexOf(last.earner) + 1);
}
