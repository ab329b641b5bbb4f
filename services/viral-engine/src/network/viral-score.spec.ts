import { describe, expect, it } from '@jest/globals';
import { currencyOf, parseDecimal } from '@dailydoco/money';
import { dayOf, growthOn, HALF_LIFE_DAYS, joinPoints, levelWeight, salePoints, scoreOf } from './viral-score.js';

const TODAY = new Date('2026-06-01T12:00:00Z');
const ago = (days: number) => new Date(TODAY.getTime() - days * 86_400_000);

interface Happening {
  readonly level: number;
  readonly daysAgo: number;
  /** Undefined: somebody joined. */
  readonly bought?: string;
}

const joined = (level: number, daysAgo = 0): Happening => ({ level, daysAgo });
const bought = (amount: string, level: number, daysAgo = 0): Happening => ({ level, daysAgo, bought: amount });

function pointsOf({ daysAgo, bought: sale }: Happening): bigint {
  if (sale === undefined) return joinPoints(ago(daysAgo));
  const [amount = '', currency = ''] = sale.split(' ');
  const points = salePoints(parseDecimal(amount) ?? 0n, currencyOf(currency));
  return BigInt(points) * growthOn(dayOf(ago(daysAgo)));
}

const scoreAfter = (...happened: Happening[]) =>
  scoreOf(
    happened.reduce((sum, each) => sum + levelWeight(each.level) * pointsOf(each), 0n),
    TODAY,
  );

describe('The viral score', () => {
  it.each([
    ['nothing', [], 0n],
    ['a direct conversion today', [joined(1)], 100n],
    ['one on level 2 weighs half', [joined(2)], 50n],
    ['one on level 7 weighs a 64th', [joined(7)], 1n],
    ['one on level 8 weighs nothing', [joined(8)], 0n],
    ['depth adds up', [1, 2, 3, 4, 5, 6, 7].map((level) => joined(level)), 198n],
    ['half is left after 30 days', [joined(1, 30)], 50n],
    ['a quarter after 60 days', [joined(1, 60)], 25n],
    ['the half of a half of a half-life: 100 ÷ √2, floored', [joined(1, 15)], 70n],
    ['a direct sale of 79.00 USD: 20 + 5 × 13', [bought('79.00 USD', 1)], 85n],
    ['7900 JPY is as much', [bought('7900 JPY', 1)], 85n],
    ['7.900 KWD is as much', [bought('7.900 KWD', 1)], 85n],
    ['less than a minor unit is activity alone', [bought('0.002 USD', 1)], 20n],
    ['a thousand times the revenue is not a thousand times the score', [bought('79000.00 USD', 1)], 135n],
    ['a sale on level 3, 30 days ago', [bought('79.00 USD', 3, 30)], 10n],
    ['all together', [joined(1), joined(2, 30), bought('79.00 USD', 1, 30), bought('10.00 EUR', 2)], 202n],
    ['what is older than the epoch has decayed to nothing', [joined(1, 5_000)], 0n],
  ])('%s', (_, happened, score) => {
    expect(scoreAfter(...happened)).toBe(score);
  });

  it('takes back what is refunded, to nothing when nothing stands', () => {
    expect([79_000_000n, 39_500_000n, 1n, 0n].map((micros) => salePoints(micros, currencyOf('USD')))).toEqual([
      85, 80, 20, 0,
    ]);
  });

  it('grows by exactly the thirtieth root of two each day, floored to 2^-32, and by two each 30 days', () => {
    for (let day = 0; day < HALF_LIFE_DAYS; day += 1) {
      const power = 1n << BigInt(day + 32 * HALF_LIFE_DAYS);
      expect(growthOn(day) ** 30n <= power && power < (growthOn(day) + 1n) ** 30n).toBe(true);
      expect(growthOn(day + HALF_LIFE_DAYS)).toBe(2n * growthOn(day));
    }
  });

  it('keeps the order of two members as days go by', () => {
    const [a, b] = [64n * joinPoints(ago(0)), 64n * joinPoints(ago(1)) + joinPoints(ago(90))];
    expect(a > b).toBe(true);
    for (const days of [0, 1, 29, 400]) expect(scoreOf(a, ago(-days)) >= scoreOf(b, ago(-days))).toBe(true);
  });
});
