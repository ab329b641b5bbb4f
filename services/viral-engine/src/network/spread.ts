import type { CurrencyCode } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import { MAX_UPLINE } from '../members/member.js';
import { levelWeight } from './viral-score.js';

/** What sales of one currency brought. */
export interface SaleSums {
  readonly currency: CurrencyCode;
  /** What was bought, less refunds. */
  readonly revenueMicros: bigint;
  /** What was paid on it, to whomever, less what was taken back. */
  readonly commissionMicros: bigint;
  /** Of the viral score, grown. */
  readonly points: bigint;
}

/** What people brought by joining. */
export interface JoinSums {
  readonly people: bigint;
  /** Of the viral score, grown. */
  readonly points: bigint;
}

/** What a member brings, as a difference to what was counted before. */
export interface OwnChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Those who stand above, nearest first. */
  readonly upline: readonly UserId[];
  readonly joined?: JoinSums;
  readonly sold?: SaleSums;
}

/** One level below a member; level 0 is the member. */
interface Place {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly level: number;
}

/** What is to be added to the counts of one level. */
export type LevelChange = Place & JoinSums;
export type MoneyChange = Place & SaleSums;

export interface ScoreChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Grown, weighted by level. */
  readonly points: bigint;
}

/** What is to be added to the counts of many members, each row once. */
export interface NetworkChange {
  readonly levels: readonly LevelChange[];
  readonly money: readonly MoneyChange[];
  readonly scores: readonly ScoreChange[];
}

/** What stands on the levels below a member as it is counted now, the member included as level 0. */
export interface CountedNetwork {
  readonly levels: readonly (JoinSums & { readonly level: number })[];
  readonly money: readonly (SaleSums & { readonly level: number })[];
}

/** Adds up what is to be added to rows of counts, so that each row is written once. */
class Sums {
  readonly #levels = new Map<string, LevelChange>();
  readonly #money = new Map<string, MoneyChange>();
  readonly #scores = new Map<string, ScoreChange>();

  addJoined(at: Place, { people, points }: JoinSums): void {
    const key = keyOf(at);
    const before = this.#levels.get(key) ?? { ...at, people: 0n, points: 0n };
    this.#levels.set(key, { ...before, people: before.people + people, points: before.points + points });
    this.#addScore(at, points);
  }

  addSold(at: Place, { currency, revenueMicros, commissionMicros, points }: SaleSums): void {
    const key = `${keyOf(at)}/${currency}`;
    const before = this.#money.get(key) ?? { ...at, currency, revenueMicros: 0n, commissionMicros: 0n, points: 0n };
    this.#money.set(key, {
      ...before,
      revenueMicros: before.revenueMicros + revenueMicros,
      commissionMicros: before.commissionMicros + commissionMicros,
      points: before.points + points,
    });
    this.#addScore(at, points);
  }

  #addScore({ tenantId, userId, level }: Place, points: bigint): void {
    const weight = levelWeight(level);
    if (weight === 0n) return;
    const key = `${tenantId}/${userId}`;
    const before = this.#scores.get(key)?.points ?? 0n;
    this.#scores.set(key, { tenantId, userId, points: before + weight * points });
  }

  /** Rows to which nothing is added are left out. */
  get change(): NetworkChange {
    return {
      levels: [...this.#levels.values()].filter(({ people, points }) => people !== 0n || points !== 0n),
      money: [...this.#money.values()].filter(
        ({ revenueMicros, commissionMicros, points }) =>
          revenueMicros !== 0n || commissionMicros !== 0n || points !== 0n,
      ),
      scores: [...this.#scores.values()].filter(({ points }) => points !== 0n),
    };
  }
}

const keyOf = ({ tenantId, userId, level }: Place): string => `${tenantId}/${userId}/${level}`;

/** What members bring, for themselves and for everybody in their uplines. */
export function spread(changes: readonly OwnChange[]): NetworkChange {
  const sums = new Sums();
  for (const { tenantId, userId, upline, joined, sold } of changes) {
    [userId, ...upline].forEach((above, level) => {
      const at = { tenantId, userId: above, level };
      if (joined !== undefined) sums.addJoined(at, joined);
      if (sold !== undefined) sums.addSold(at, sold);
    });
  }
  return sums.change;
}

/**
 * What a move does to the counts of those who stood above and of those who stand above now: all that is counted for the
 * person and below goes along, history included. Those below keep theirs, for nothing changed below them.
 */
export function carry(
  counted: CountedNetwork,
  { tenantId, from, to }: { tenantId: TenantId; from: readonly UserId[]; to: readonly UserId[] },
): NetworkChange {
  const sums = new Sums();
  const carryTo = (upline: readonly UserId[], sign: bigint): void =>
    upline.forEach((userId, index) => {
      const place = (level: number): Place => ({ tenantId, userId, level: index + 1 + level });
      for (const { level, people, points } of counted.levels) {
        if (place(level).level > MAX_UPLINE) continue;
        sums.addJoined(place(level), { people: sign * people, points: sign * points });
      }
      for (const { level, currency, revenueMicros, commissionMicros, points } of counted.money) {
        if (place(level).level > MAX_UPLINE) continue;
        sums.addSold(place(level), {
          currency,
          revenueMicros: sign * revenueMicros,
          commissionMicros: sign * commissionMicros,
          points: sign * points,
        });
      }
    });
  carryTo(from, -1n);
  carryTo(to, 1n);
  return sums.change;
}
