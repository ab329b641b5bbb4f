import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asTenantId, asUserId } from '../ids.js';
import { carry, type NetworkChange, spread } from './spread.js';

const tenantId = asTenantId('t');
const usd = currencyOf('USD');
const people = (...names: string[]) => names.map(asUserId);
const joins = (name: string, ...upline: string[]) => ({
  tenantId,
  userId: asUserId(name),
  upline: people(...upline),
  joined: { people: 1n, points: 3n },
});

/** `who level: people points`, to be compared at a glance. */
const levels = (change: NetworkChange) =>
  change.levels.map(({ userId, level, people: count, points }) => `${userId} ${level}: ${count} ${points}`).toSorted();
const money = (change: NetworkChange) =>
  change.money
    .map(
      (row) => `${row.userId} ${row.level}: ${row.revenueMicros} ${row.commissionMicros} ${row.points} ${row.currency}`,
    )
    .toSorted();

describe('What members bring', () => {
  it('is added to themselves and to everybody above, each row once', () => {
    const change = spread([joins('c', 'b', 'a'), joins('d', 'b', 'a')]);
    expect(levels(change)).toEqual(['a 2: 2 6', 'b 1: 2 6', 'c 0: 1 3', 'd 0: 1 3']);
    expect(change.scores.map(({ userId, points }) => [userId, points])).toEqual([
      ['b', 64n * 6n],
      ['a', 32n * 6n],
    ]);
    expect(change.money).toEqual([]);
  });

  it('is money by currency, and nothing where things cancel out', () => {
    const sale = (revenueMicros: bigint, currency = usd) => ({
      tenantId,
      userId: asUserId('b'),
      upline: people('a'),
      sold: { currency, revenueMicros, commissionMicros: revenueMicros / 10n, points: revenueMicros },
    });
    const change = spread([sale(50n), sale(-20n), sale(10n, currencyOf('EUR')), sale(-10n, currencyOf('EUR'))]);
    expect(money(change)).toEqual(['a 1: 30 3 30 USD', 'b 0: 30 3 30 USD']);
    expect(change.levels).toEqual([]);
    expect(change.scores.map(({ userId, points }) => [userId, points])).toEqual([['a', 64n * 30n]]);
  });
});

describe('A move', () => {
  const counted = {
    levels: [
      { level: 0, people: 1n, points: 5n },
      { level: 1, people: 4n, points: 7n },
    ],
    money: [{ level: 1, currency: usd, revenueMicros: 100n, commissionMicros: 30n, points: 9n }],
  };

  it('takes all that is counted along, from those above to those above then', () => {
    const change = carry(counted, { tenantId, from: people('p', 'q'), to: people('r') });
    expect(levels(change)).toEqual(['p 1: -1 -5', 'p 2: -4 -7', 'q 2: -1 -5', 'q 3: -4 -7', 'r 1: 1 5', 'r 2: 4 7']);
    expect(money(change)).toEqual(['p 2: -100 -30 -9 USD', 'q 3: -100 -30 -9 USD', 'r 2: 100 30 9 USD']);
  });

  it('changes nothing for who stands above at the same distance before and after', () => {
    const change = carry(counted, { tenantId, from: people('p', 'top'), to: people('r', 'top') });
    expect(levels(change).filter((row) => row.startsWith('top'))).toEqual([]);
    expect(change.scores.map(({ userId }) => userId)).toEqual(['p', 'r']);
  });

  it('is seen no further than 64 levels up', () => {
    const far = Array.from({ length: 64 }, (_, n) => asUserId(`u${n + 1}`));
    const change = carry(counted, { tenantId, from: [], to: far });
    expect(levels(change).filter((row) => row.startsWith('u64'))).toEqual(['u64 64: 1 5']);
    expect(money(change).filter((row) => row.startsWith('u64 '))).toEqual([]);
  });
});
