import { describe, expect, it } from '@jest/globals';
import { MAX_PURCHASE_MICROS } from '@dailydoco/money';
import fc from 'fast-check';
import { asUserId } from '../ids.js';
import { STANDARD } from '../plans/shipped-plans.js';
import { type Earner, seatLevels, split, type SplitTerms, uplineLookedAt } from './split.js';

const buyerId = asUserId('buyer');
const active = (name: string, boostBps = 0): Earner => ({ userId: asUserId(name), status: 'active', boostBps });
const inactive = (name: string): Earner => ({ userId: asUserId(name), status: 'suspended', boostBps: 0 });
const chain = (length: number) => Array.from({ length }, (_, index) => active(`u${index + 1}`));
const units = (amount: number) => BigInt(amount) * 1_000_000n;

const earner = fc.record({
  userId: fc.integer({ min: 0, max: 99 }).map((n) => asUserId(`p${n}`)),
  status: fc.constantFrom('active' as const, 'active' as const, 'suspended' as const, 'erased' as const),
  boostBps: fc.integer({ min: 0, max: 10_000 }),
});
const terms = fc.record({
  levelsBps: fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 7 }),
  websiteBonusBps: fc.integer({ min: 0, max: 10_000 }),
  maxPayoutBps: fc.integer({ min: 0, max: 10_000 }),
  compression: fc.constantFrom('none' as const, 'dynamic' as const),
});
const input = fc.record({
  amountMicros: fc.bigInt({ min: 1n, max: MAX_PURCHASE_MICROS }),
  buyerId: fc.constant(asUserId('p0')),
  upline: fc.array(earner, { maxLength: 80 }),
  websiteOwner: fc.option(earner, { nil: undefined }),
});

describe('Splitting a purchase', () => {
  it('pays seven levels of the standard plan', () => {
    const { entries, totalMicros, houseMicros } = split(
      { amountMicros: units(79), buyerId, upline: chain(9), websiteOwner: undefined },
      STANDARD,
    );
    expect(entries.map((entry) => entry.amountMicros)).toEqual([
      15_800_000n,
      11_850_000n,
      7_900_000n,
      6_320_000n,
      3_950_000n,
      2_370_000n,
      1_580_000n,
    ]);
    expect([totalMicros, houseMicros]).toEqual([49_770_000n, 29_230_000n]);
  });

  it('boosts levels only, never the website bonus, and floors once at the end', () => {
    const owner = active('u1', 3333);
    const { entries } = split({ amountMicros: 1_000_003n, buyerId, upline: [owner], websiteOwner: owner }, STANDARD);
    // 1.000003 × 20 % × 1.3333 = 0.26666079998; floored after the first factor it would be 0.266659.
    expect(entries.map(({ kind, amountMicros }) => [kind, amountMicros])).toEqual([
      ['website_bonus', 50_000n],
      ['level', 266_660n],
    ]);
  });

  it('scales every entry when the cap is exceeded, also when rates alone exceed the whole amount', () => {
    const greedy: SplitTerms = {
      levelsBps: [10_000, 10_000],
      websiteBonusBps: 0,
      maxPayoutBps: 5000,
      compression: 'none',
    };
    const { entries, capMicros, uncappedMicros } = split(
      { amountMicros: units(10), buyerId, upline: chain(2), websiteOwner: undefined },
      greedy,
    );
    expect(entries.map((entry) => entry.amountMicros)).toEqual([2_500_000n, 2_500_000n]);
    expect([capMicros, uncappedMicros]).toEqual([units(5), units(20)]);
  });

  it('writes nothing where a share comes to zero', () => {
    const { entries, houseMicros } = split(
      { amountMicros: 5n, buyerId, upline: chain(7), websiteOwner: undefined },
      STANDARD,
    );
    expect(entries.map(({ level, amountMicros }) => [level, amountMicros])).toEqual([[1, 1n]]);
    expect(houseMicros).toBe(4n);
  });

  it('never pays the buyer, neither as owner of the website nor out of a broken upline', () => {
    const self = active('buyer');
    const { entries } = split(
      { amountMicros: units(1), buyerId, upline: [self, active('u2')], websiteOwner: self },
      STANDARD,
    );
    expect(entries.map(({ beneficiaryId }) => beneficiaryId)).toEqual(['u2']);
  });

  it('pays the largest amount exactly', () => {
    const { totalMicros } = split(
      {
        amountMicros: MAX_PURCHASE_MICROS,
        buyerId,
        upline: chain(7).map((e) => ({ ...e, boostBps: 10_000 })),
        websiteOwner: active('w'),
      },
      STANDARD,
    );
    expect(totalMicros).toBeLessThanOrEqual((MAX_PURCHASE_MICROS * 7n) / 10n);
    expect(totalMicros).toBeGreaterThan((MAX_PURCHASE_MICROS * 7n) / 10n - 8n);
  });

  it.each([
    ['none', [1, 3]],
    ['dynamic', [1, 2]],
  ] as const)('with a suspended second referrer and compression %s the levels paid are %j', (compression, levels) => {
    const upline = [active('u1'), inactive('u2'), active('u3')];
    const seats = seatLevels({ buyerId, upline }, { ...STANDARD, compression });
    expect(seats.filter((seat) => seat.paid).map((seat) => seat.level)).toEqual(levels);
  });

  it('looks at no more than 64 referrers, however far the chain would have to move up', () => {
    const upline = [...Array.from({ length: 64 }, (_, index) => inactive(`s${index}`)), active('too far')];
    const { entries } = split(
      { amountMicros: units(1), buyerId, upline, websiteOwner: undefined },
      { ...STANDARD, compression: 'dynamic' },
    );
    expect(entries).toEqual([]);
  });
});

describe('Any split', () => {
  it('adds up: entries + house = amount, under the cap, no entry of zero, nobody inactive, never the buyer', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const result = split(given, plan);
        const sum = result.entries.reduce((total, entry) => total + entry.amountMicros, 0n);
        expect(sum + result.houseMicros).toBe(given.amountMicros);
        expect(sum).toBe(result.totalMicros);
        expect(sum).toBeLessThanOrEqual(result.capMicros);
        expect(result.houseMicros).toBeGreaterThanOrEqual(0n);
        const people = [...given.upline, ...(given.websiteOwner ? [given.websiteOwner] : [])];
        for (const entry of result.entries) {
          expect(entry.amountMicros).toBeGreaterThan(0n);
          expect(entry.beneficiaryId).not.toBe(given.buyerId);
          expect(people.some((p) => p.userId === entry.beneficiaryId && p.status === 'active')).toBe(true);
        }
      }),
    );
  });

  it('is the same from the part of the upline that its snapshot keeps', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const kept = { ...given, upline: uplineLookedAt(given, plan) };
        expect(split(kept, plan)).toEqual(split(given, plan));
      }),
    );
  });

  it('pays level k the same under dynamic compression as without the inactive', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const upline = given.upline.slice(0, 64);
        const moved = split({ ...given, upline }, { ...plan, compression: 'dynamic' });
        const filtered = upline.filter((e) => e.status === 'active' && e.userId !== given.buyerId);
        expect(moved).toEqual(split({ ...given, upline: filtered }, { ...plan, compression: 'none' }));
      }),
    );
  });
});
