import type { CurrencyCode } from '@dailydoco/money';
import { type Cut, type CutRule, CUT_RULES } from '../commissions/limit-entries.js';
import { type Earner, seatLevels, split, type SplitEntry, uplineNeeded } from '../commissions/split.js';
import type { UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { type CountedPeriods, countedPeriods, type PeriodNames, periodsAt } from '../plans/plan-limits.js';
import { isCovered } from '../plans/recurring.js';
import { CapCounters, type CountedPurchase } from '../purchases/cap-counters.js';
import { entitledTo, splitAgain } from '../purchases/decide-purchase.js';
import type { Purchase } from '../purchases/purchase.js';

const DAY_MS = 86_400_000;

/** As much of a recorded purchase as a replay goes by. */
export type PastPurchase = Pick<
  Purchase,
  'tenantId' | 'id' | 'buyerId' | 'amountMicros' | 'currency' | 'occurredAt' | 'recordedAt' | 'plan' | 'snapshot'
>;

/** A purchase as it is replayed. */
export interface ReplayedPurchase {
  readonly purchase: PastPurchase;
  /** The version that decided it; undefined when none did. */
  readonly plan: PlanVersion | undefined;
  /** The buyer's referrers for the proposed plan, nearest first. */
  readonly upline: readonly Earner[];
}

/** What all purchases of a currency come to under one plan. Amounts are micros. */
export interface SimulatedShares {
  readonly commissionsMicros: bigint;
  readonly houseMicros: bigint;
  /** Website bonus at 0, then levels 1 to 7. */
  readonly byLevelMicros: readonly bigint[];
  readonly cutsMicros: Readonly<Record<CutRule, bigint>>;
}

/** What one person earns now and would earn. */
export interface SimulatedPerson {
  readonly userId: UserId;
  readonly nowMicros: bigint;
  readonly proposedMicros: bigint;
}

export interface SimulatedCurrency {
  readonly currency: CurrencyCode;
  readonly purchases: number;
  readonly revenueMicros: bigint;
  readonly now: SimulatedShares;
  readonly proposed: SimulatedShares;
  readonly gaining: number;
  readonly losing: number;
  /** Whose share does not change, of those who have one. */
  readonly unchanged: number;
  /** Those who gain most first, and those who lose most first; as many as were asked for. */
  readonly gains: readonly SimulatedPerson[];
  readonly losses: readonly SimulatedPerson[];
}

/** Whether what was stored with a purchase is all of the upline that these terms can need. */
export function isUplineEnough(
  purchase: PastPurchase,
  decidedBy: PlanVersion | undefined,
  proposed: PlanVersion,
): boolean {
  const { buyerId, snapshot } = purchase;
  if (snapshot.upline.length >= uplineNeeded(proposed)) return true;
  if (decidedBy === undefined) return false;
  // A split that ran out of referrers has looked at all of them.
  const seated = seatLevels({ buyerId, upline: snapshot.upline }, decidedBy).length;
  if (seated < decidedBy.levelsBps.length) return true;
  return seatLevels({ buyerId, upline: snapshot.upline }, proposed).length === proposed.levelsBps.length;
}

/**
 * Replays purchases in the order of their recording under a proposed plan, and adds up what that changes. What is kept
 * grows with the people who earn, never with the purchases. Counters of caps begin at zero with the first purchase;
 * refunds, holds and forfeits are left out on both sides.
 */
export class PlanSimulation {
  readonly #proposed: PlanVersion;
  readonly #counters = CapCounters.fromZero();
  readonly #periods = new Map<CurrencyCode, CountedPeriods | undefined>();
  readonly #totals = new Map<CurrencyCode, CurrencyTotals>();
  #today: PeriodNames = periodsAt(new Date(0));
  #tomorrowMs = Number.NEGATIVE_INFINITY;

  constructor(proposed: PlanVersion) {
    this.#proposed = proposed;
  }

  add(replayed: ReplayedPurchase): void {
    const { purchase, plan } = replayed;
    const totals = this.#totalsOf(purchase.currency);
    const now = plan && splitAgain(purchase, plan);
    totals.add(purchase.amountMicros, now?.entries ?? [], now?.lost ?? [], this.#entriesOf(replayed));
  }

  result(top: number): SimulatedCurrency[] {
    return [...this.#totals.values()]
      .map((totals) => totals.result(top))
      .toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
  }

  /** What the proposed plan pays of a purchase. */
  #entriesOf({ purchase, upline }: ReplayedPurchase): Pick<ReturnType<typeof split>, 'entries' | 'lost'> {
    const { id: purchaseId, occurredAt, buyerId, amountMicros, currency, tenantId, recordedAt, snapshot } = purchase;
    const plan = this.#proposed;
    // The right to pay counts from the first purchase under the plan that decided then; without one, from this one.
    const first = snapshot.first ?? { purchaseId, occurredAt };
    if (!isCovered(plan.recurring, { purchaseId, occurredAt }, first)) return { entries: [], lost: [] };
    const input = { amountMicros, buyerId, upline, websiteOwner: snapshot.websiteOwner };
    const counted = this.#periodsOf(currency);
    if (counted === undefined) return split(input, plan);
    this.#turnDay(recordedAt);
    const facts = { id: purchaseId, recordedAt, occurredAt, plan, first, upline, websiteOwner: snapshot.websiteOwner };
    const entitled = entitledTo({ buyerId }, facts);
    const under: CountedPurchase = { tenantId, plan, currency, counted, entitled, periods: this.#today };
    const result = split({ ...input, rooms: this.#counters.roomsFor(under) }, plan);
    this.#counters.add(under, paidBy(result.entries), result);
    return result;
  }

  #periodsOf(currency: CurrencyCode): CountedPeriods | undefined {
    if (!this.#periods.has(currency)) this.#periods.set(currency, countedPeriods([this.#proposed], currency));
    return this.#periods.get(currency);
  }

  /** Purchases come in the order of recording, so counters of days and months gone by are never asked for again. */
  #turnDay(recordedAt: Date): void {
    const atMs = recordedAt.getTime();
    if (atMs < this.#tomorrowMs) return;
    this.#tomorrowMs = atMs - (atMs % DAY_MS) + DAY_MS;
    this.#today = periodsAt(recordedAt);
    this.#counters.forgetAllBut(Object.values(this.#today));
  }

  #totalsOf(currency: CurrencyCode): CurrencyTotals {
    const known = this.#totals.get(currency);
    if (known !== undefined) return known;
    const totals = new CurrencyTotals(currency);
    this.#totals.set(currency, totals);
    return totals;
  }
}

/** What a version that nobody has written yet would be: it decides for the tenant from the beginning of time. */
export function proposedVersion(terms: Omit<PlanVersion, 'version' | 'effectiveFrom' | 'archivedAt'>): PlanVersion {
  return { ...terms, version: 1, effectiveFrom: new Date(0) };
}

function paidBy(entries: readonly SplitEntry[]): Parameters<CapCounters['add']>[1] {
  return {
    commissions: entries.map(({ beneficiaryId, amountMicros: grossMicros }) => ({ beneficiaryId, grossMicros })),
    totalMicros: sumOf(entries),
  };
}

class Shares {
  commissionsMicros = 0n;
  readonly byLevelMicros = Array.from({ length: 8 }, () => 0n);
  readonly cutsMicros = new Map<CutRule, bigint>(CUT_RULES.map((rule) => [rule, 0n]));

  add(entries: readonly SplitEntry[], lost: readonly SplitEntry[]): void {
    for (const { level, amountMicros, cuts } of entries) {
      this.commissionsMicros += amountMicros;
      this.byLevelMicros[level] = (this.byLevelMicros[level] ?? 0n) + amountMicros;
      this.#cut(cuts);
    }
    for (const { cuts } of lost) this.#cut(cuts);
  }

  result(revenueMicros: bigint): SimulatedShares {
    const { commissionsMicros, byLevelMicros, cutsMicros } = this;
    const cutBy = (rule: CutRule): bigint => cutsMicros.get(rule) ?? 0n;
    return {
      commissionsMicros,
      houseMicros: revenueMicros - commissionsMicros,
      byLevelMicros,
      cutsMicros: {
        max_payout: cutBy('max_payout'),
        beneficiary_day: cutBy('beneficiary_day'),
        beneficiary_month: cutBy('beneficiary_month'),
        beneficiary_lifetime: cutBy('beneficiary_lifetime'),
        company_cap: cutBy('company_cap'),
      },
    };
  }

  #cut(cuts: readonly Cut[]): void {
    for (const { rule, amountMicros } of cuts) {
      this.cutsMicros.set(rule, (this.cutsMicros.get(rule) ?? 0n) + amountMicros);
    }
  }
}

class CurrencyTotals {
  readonly #currency: CurrencyCode;
  readonly #now = new Shares();
  readonly #proposed = new Shares();
  readonly #people = new Map<UserId, { nowMicros: bigint; proposedMicros: bigint }>();
  #purchases = 0;
  #revenueMicros = 0n;

  constructor(currency: CurrencyCode) {
    this.#currency = currency;
  }

  add(
    amountMicros: bigint,
    nowEntries: readonly SplitEntry[],
    nowLost: readonly SplitEntry[],
    proposed: Pick<ReturnType<typeof split>, 'entries' | 'lost'>,
  ): void {
    this.#purchases += 1;
    this.#revenueMicros += amountMicros;
    this.#now.add(nowEntries, nowLost);
    this.#proposed.add(proposed.entries, proposed.lost);
    for (const entry of nowEntries) this.#person(entry.beneficiaryId).nowMicros += entry.amountMicros;
    for (const entry of proposed.entries) this.#person(entry.beneficiaryId).proposedMicros += entry.amountMicros;
  }

  result(top: number): SimulatedCurrency {
    const gains = new Foremost(top);
    const losses = new Foremost(top);
    let unchanged = 0;
    for (const [userId, { nowMicros, proposedMicros }] of this.#people) {
      const person = { userId, nowMicros, proposedMicros };
      if (proposedMicros > nowMicros) gains.offer(person, proposedMicros - nowMicros);
      else if (proposedMicros < nowMicros) losses.offer(person, nowMicros - proposedMicros);
      else unchanged += 1;
    }
    return {
      currency: this.#currency,
      purchases: this.#purchases,
      revenueMicros: this.#revenueMicros,
      now: this.#now.result(this.#revenueMicros),
      proposed: this.#proposed.result(this.#revenueMicros),
      gaining: gains.offered,
      losing: losses.offered,
      unchanged,
      gains: gains.list(),
      losses: losses.list(),
    };
  }

  #person(userId: UserId): { nowMicros: bigint; proposedMicros: bigint } {
    const known = this.#people.get(userId);
    if (known !== undefined) return known;
    const person = { nowMicros: 0n, proposedMicros: 0n };
    this.#people.set(userId, person);
    return person;
  }
}

/** The few with the largest differences, by id where differences are equal. */
class Foremost {
  readonly #most: number;
  #kept: { person: SimulatedPerson; byMicros: bigint }[] = [];
  offered = 0;

  constructor(most: number) {
    this.#most = most;
  }

  offer(person: SimulatedPerson, byMicros: bigint): void {
    this.offered += 1;
    this.#kept.push({ person, byMicros });
    // Sorting now and then keeps both the list and the work short.
    if (this.#kept.length >= 4 * this.#most + 1_000) this.#shorten();
  }

  list(): SimulatedPerson[] {
    this.#shorten();
    return this.#kept.map(({ person }) => person);
  }

  #shorten(): void {
    const inOrder = this.#kept.toSorted(
      (a, b) => compare(b.byMicros, a.byMicros) || compare(a.person.userId, b.person.userId),
    );
    this.#kept = inOrder.slice(0, this.#most);
  }
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}

function sumOf(entries: readonly SplitEntry[]): bigint {
  return entries.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
}
