import { mulDivFloor } from '@dailydoco/money';
import type { UserId } from '../ids.js';
import { CAP_PERIODS, type CapPeriod, type CompanyCap } from '../plans/plan-limits.js';

/** Which limit took something off an entry. */
export const CUT_RULES = [
  'max_payout',
  'beneficiary_day',
  'beneficiary_month',
  'beneficiary_lifetime',
  'company_cap',
] as const;
export type CutRule = (typeof CUT_RULES)[number];

/** What one limit took off an entry: it stays with the house. */
export interface Cut {
  readonly rule: CutRule;
  /** More than 0. */
  readonly amountMicros: bigint;
}

/** What one person may still earn in each period; a period that is not named has no cap. */
export type PersonRoom = Readonly<Partial<Record<CapPeriod, bigint>>>;

export interface CompanyRoom {
  /** What everybody together may still earn in the period. */
  readonly leftMicros: bigint;
  /** A purchase before went over the cap: nothing is paid until the period ends. */
  readonly closed: boolean;
}

/** What the caps left when a purchase was recorded. */
export interface CapRooms {
  readonly people: ReadonlyMap<UserId, PersonRoom>;
  readonly company: CompanyRoom | undefined;
}

/** As much of an entry as the limits look at. */
export interface Limited {
  readonly beneficiaryId: UserId;
  readonly amountMicros: bigint;
  readonly cuts: readonly Cut[];
}

/** The entry brought down to an amount, by a rule; itself when that takes nothing off. */
export function cutTo<E extends Limited>(entry: E, amountMicros: bigint, rule: CutRule): E {
  if (amountMicros >= entry.amountMicros) return entry;
  const cut: Cut = { rule, amountMicros: entry.amountMicros - amountMicros };
  return { ...entry, amountMicros, cuts: [...entry.cuts, cut] };
}

const RULE_OF: Readonly<Record<CapPeriod, CutRule>> = {
  day: 'beneficiary_day',
  month: 'beneficiary_month',
  lifetime: 'beneficiary_lifetime',
};

/**
 * Brings entries down to what their people may still earn: day, then month, then lifetime. Entries of one person share
 * the room in the order given.
 */
export function fitPeople<E extends Limited>(entries: readonly E[], people: CapRooms['people']): E[] {
  const left = new Map<UserId, Partial<Record<CapPeriod, bigint>>>();
  for (const [userId, room] of people) left.set(userId, { ...room });
  return entries.map((entry) => {
    const room = left.get(entry.beneficiaryId);
    if (room === undefined) return entry;
    const fitted = CAP_PERIODS.reduce((cut, period) => {
      const periodLeft = room[period];
      return periodLeft === undefined ? cut : cutTo(cut, periodLeft, RULE_OF[period]);
    }, entry);
    for (const period of CAP_PERIODS) {
      const periodLeft = room[period];
      if (periodLeft !== undefined) room[period] = periodLeft - fitted.amountMicros;
    }
    return fitted;
  });
}

export interface CompanyFit<E> {
  readonly entries: readonly E[];
  /** All entries together, before the company cap. */
  readonly sumMicros: bigint;
  /** Whether this is the purchase that goes over the cap. */
  readonly crosses: boolean;
}

/**
 * Brings entries down to what the company may still pay. A closed cap leaves nothing. When the sum is more than what
 * is left, `pro_rata` makes every entry floor(entry × left ÷ sum), and `stop` makes it nothing.
 */
export function fitCompany<E extends Limited>(
  entries: readonly E[],
  room: CompanyRoom | undefined,
  mode: CompanyCap['mode'],
): CompanyFit<E> {
  const sumMicros = entries.reduce((sum, entry) => sum + entry.amountMicros, 0n);
  if (room === undefined) return { entries, sumMicros, crosses: false };
  const { leftMicros, closed } = room;
  if (closed) return { entries: entries.map((entry) => cutTo(entry, 0n, 'company_cap')), sumMicros, crosses: false };
  if (sumMicros <= leftMicros) return { entries, sumMicros, crosses: false };
  const share = (amountMicros: bigint): bigint =>
    mode === 'stop' ? 0n : mulDivFloor(amountMicros, leftMicros, sumMicros);
  return {
    entries: entries.map((entry) => cutTo(entry, share(entry.amountMicros), 'company_cap')),
    sumMicros,
    crosses: true,
  };
}
