import { BPS, mulDivFloor } from '@dailydoco/money';
import type { UserId } from '../ids.js';
import { MAX_UPLINE, type MemberStatus } from '../members/member.js';
import type { PlanTerms } from '../plans/plan.js';

/** One who may earn, as known at the split. */
export interface Earner {
  readonly userId: UserId;
  readonly status: MemberStatus;
  /** 0–10000 basis points of the own level commissions. */
  readonly boostBps: number;
}

export interface SplitInput {
  readonly amountMicros: bigint;
  readonly buyerId: UserId;
  /** The buyer's referrers, nearest first. */
  readonly upline: readonly Earner[];
  /** Owner of the website that the purchase came through, if it came through one. */
  readonly websiteOwner: Earner | undefined;
}

export type SplitTerms = Pick<PlanTerms, 'levelsBps' | 'websiteBonusBps' | 'maxPayoutBps' | 'compression'>;

export type CommissionKind = 'level' | 'website_bonus';

/** One share of a purchase. */
export interface SplitEntry {
  readonly kind: CommissionKind;
  /** 1–7; 0 for the website bonus. */
  readonly level: number;
  readonly beneficiaryId: UserId;
  readonly rateBps: number;
  readonly boostBps: number;
  /** Before the cap. */
  readonly uncappedMicros: bigint;
  readonly amountMicros: bigint;
}

export interface Split {
  /** Website bonus first, then by level; entries of zero are left out. */
  readonly entries: readonly SplitEntry[];
  readonly totalMicros: bigint;
  /** What nobody gets: amount − total. */
  readonly houseMicros: bigint;
  /** What all entries together may be. */
  readonly capMicros: bigint;
  /** What they would be without the cap. */
  readonly uncappedMicros: bigint;
}

/**
 * Splits one purchase. Pure: with the same snapshot and plan version it gives the same answer years later.
 *
 * 1. Website bonus: floor(amount × bonus ÷ 10000) for an active owner who is not the buyer.
 * 2. Levels: level k pays floor(amount × rate_k × (10000 + boost) ÷ 10000²), floored once, at the end.
 * 3. Cap: when the sum exceeds floor(amount × maxPayout ÷ 10000), every entry becomes floor(entry × cap ÷ sum).
 * 4. Entries of zero are dropped. Entries + house = amount, exactly.
 */
export function split(input: SplitInput, terms: SplitTerms): Split {
  const { amountMicros } = input;
  const candidates = [...websiteBonus(input, terms), ...levels(input, terms)];
  const capMicros = mulDivFloor(amountMicros, BigInt(terms.maxPayoutBps), BPS);
  const uncappedMicros = candidates.reduce((sum, entry) => sum + entry.uncappedMicros, 0n);
  const entries = candidates
    .map((entry) => ({ ...entry, amountMicros: capped(entry.uncappedMicros, capMicros, uncappedMicros) }))
    .filter((entry) => entry.amountMicros > 0n);
  const totalMicros = entries.reduce((sum, entry) => sum + entry.amountMicros, 0n);
  return { entries, totalMicros, houseMicros: amountMicros - totalMicros, capMicros, uncappedMicros };
}

/** What the cap leaves of one entry. */
function capped(entryMicros: bigint, capMicros: bigint, sumMicros: bigint): bigint {
  return sumMicros > capMicros ? mulDivFloor(entryMicros, capMicros, sumMicros) : entryMicros;
}

type Candidate = Omit<SplitEntry, 'amountMicros'>;

/** Whether somebody is paid at all: active, and never from the own purchase. */
export function mayEarn(earner: Earner, buyerId: UserId): boolean {
  return earner.status === 'active' && earner.userId !== buyerId;
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
  return seatLevels(input, terms).flatMap(({ level, rateBps, earner, paid }) => {
    if (!paid) return [];
    const { userId: beneficiaryId, boostBps } = earner;
    const uncappedMicros = mulDivFloor(input.amountMicros, BigInt(rateBps) * (BPS + BigInt(boostBps)), BPS * BPS);
    return [{ kind: 'level' as const, level, beneficiaryId, rateBps, boostBps, uncappedMicros }];
  });
}

/** Who sits on which level. `paid` is false where the level's share stays with the house. */
export interface Seat {
  readonly level: number;
  readonly rateBps: number;
  readonly earner: Earner;
  readonly paid: boolean;
}

/**
 * Gives every level its ancestor. Without compression level k is the k-th referrer, paid or not; with dynamic
 * compression those who may not earn are passed over and the next one takes the level. At most 64 are looked at.
 */
export function seatLevels(input: Pick<SplitInput, 'buyerId' | 'upline'>, terms: SplitTerms): Seat[] {
  const chain = input.upline.slice(0, MAX_UPLINE);
  const seated = terms.compression === 'dynamic' ? chain.filter((earner) => mayEarn(earner, input.buyerId)) : chain;
  return terms.levelsBps.flatMap((rateBps, index) => {
    const earner = seated[index];
    return earner === undefined ? [] : [{ level: index + 1, rateBps, earner, paid: mayEarn(earner, input.buyerId) }];
  });
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
