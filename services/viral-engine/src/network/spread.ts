import type { CurrencyCode } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import { MAX_UPLINE } from '../members/member.js';
import { levelWeight } from './viral-score.js';

/** What money came from a level. */
export interface LevelMoney {
  readonly currency: CurrencyCode;
  /** What was bought, less refunds. */
  readonly revenueMicros: bigint;
  /** What was paid on it, to whomever, less what was taken back. */
  readonly commissionMicros: bigint;
}

/** What a member brings, as a difference to what was counted before. */
export interface OwnChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Those who stand above, nearest first. */
  readonly upline: readonly UserId[];
  readonly people: bigint;
  /** Grown. */
  readonly points: bigint;
  readonly money?: LevelMoney;
}

/** What is to be added to the counts of one level below a member; level 0 is the member. */
export interface LevelChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly level: number;
  readonly people: bigint;
  readonly points: bigint;
}

export interface MoneyChange extends LevelMoney {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly level: number;
}

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
  readonly levels: readonly Pick<LevelChange, 'level' | 'people' | 'points'>[];
  readonly money: readonly Pick<MoneyChange, 'level' | 'currency' | 'revenueMicros' | 'commissionMicros'>[];
}

/** Adds up what is to be added to rows of counts, so that each row is written once. */
class Sums {
  readonly #levels = new Map<string, LevelChange>();
  readonly #money = new Map<string, MoneyChange>();
  readonly #scores = new Map<string, ScoreChange>();

  add(at: { tenantId: TenantId; userId: UserId; level: number }, counts: { people: bigint; points: bigint }): void {
    const { tenantId, userId, level } = at;
    const row = `${tenantId}/${userId}`;
    const key = `${row}/${level}`;
    const before = this.#levels.get(key) ?? { ...at, people: 0n, points: 0n };
    this.#levels.set(key, {
      ...before,
      people: before.people + counts.people,
      points: before.points + counts.points,
    });
    const weight = levelWeight(level);
    if (weight === 0n) return;
    const score = this.#scores.get(row)?.points ?? 0n;
    this.#scores.set(row, { tenantId, userId, points: score + weight * counts.points });
  }

  addMoney(at: { tenantId: TenantId; userId: UserId; level: number }, money: LevelMoney): void {
    const key = `${at.tenantId}/${at.userId}/${money.currency}/${at.level}`;
    const before = this.#money.get(key) ?? { ...at, ...money, revenueMicros: 0n, commissionMicros: 0n };
    this.#money.set(key, {
      ...before,
      revenueMicros: before.revenueMicros + money.revenueMicros,
      commissionMicros: before.commissionMicros + money.commissionMicros,
    });
  }

  /** Rows to which nothing is added are left out. */
  get change(): NetworkChange {
    return {
      levels: [...this.#levels.values()].filter(({ people, points }) => people !== 0n || points !== 0n),
      money: [...this.#money.values()].filter(
        ({ revenueMicros, commissionMicros }) => revenueMicros !== 0n || commissionMicros !== 0n,
      ),
      scores: [...this.#scores.values()].filter(({ points }) => points !== 0n),
    };
  }
}

/** What members bring, for themselves and for everybody in their uplines. */
export function spread(changes: readonly OwnChange[]): NetworkChange {
  const sums = new Sums();
  for (const { tenantId, userId, upline, people, points, money } of changes) {
    [userId, ...upline].forEach((above, level) => {
      const at = { tenantId, userId: above, level };
      sums.add(at, { people, points });
      if (money !== undefined) sums.addMoney(at, money);
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
  move: { tenantId: TenantId; from: readonly UserId[]; to: readonly UserId[] },
): NetworkChange {
  const sums = new Sums();
  const { tenantId } = move;
  for (const [upline, sign] of [
    [move.from, -1n],
    [move.to, 1n],
  ] as const) {
    upline.forEach((userId, index) => {
      for (const { level, people, points } of counted.levels) {
        const at = { tenantId, userId, level: index + 1 + level };
        if (at.level <= MAX_UPLINE) sums.add(at, { people: sign * people, points: sign * points });
      }
      for (const { level, currency, revenueMicros, commissionMicros } of counted.money) {
        const at = { tenantId, userId, level: index + 1 + level };
        if (at.level > MAX_UPLINE) continue;
        sums.addMoney(at, {
          currency,
          revenueMicros: sign * revenueMicros,
          commissionMicros: sign * commissionMicros,
        });
      }
    });
  }
  return sums.change;
}
