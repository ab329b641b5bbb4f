import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import type { PayoutFacts } from './payout-facts.js';
import { riskFindingsOf } from './rules.js';
import { STANDARD_TUNING, type TuningChoice, tuningOf } from './tuning.js';

const AT = new Date('2026-06-01T12:00:00.000Z');
const daysBefore = (days: number): Date => new Date(AT.getTime() - days * 86_400_000);
const usd = (units: number): bigint => BigInt(units) * 1_000_000n;

/** A payout of 100 USD about which there is nothing to say. */
const harmless: PayoutFacts = {
  payout: { amountMicros: usd(100), currency: currencyOf('USD'), requestedAt: AT },
  balanceBeforeMicros: usd(500),
  youngMicros: 0n,
  reversed: { count: 0, micros: 0n },
  lowestBalanceMicros: usd(50),
  openDisputes: 0,
  method: { addedAt: daysBefore(400), tookAnothersPlace: false, wasPaidBefore: true, people: 1 },
  others: { lastDay: 0, lastWeekMicros: 0n, historyMicros: usd(8_000), everPaid: true },
};

const paying = (units: number, change: Partial<PayoutFacts> = {}): PayoutFacts => ({
  ...harmless,
  ...change,
  payout: { ...harmless.payout, amountMicros: usd(units) },
});
const newMethod = (days: number) => ({
  method: { addedAt: daysBefore(days), tookAnothersPlace: true, wasPaidBefore: false, people: 1 },
});
const firstEver = { others: { ...harmless.others, everPaid: false, historyMicros: 0n } };

const codes = (facts: PayoutFacts, choice: TuningChoice = {}): string[] =>
  riskFindingsOf(facts, tuningOf(choice, 1)).map(({ code }) => code);
const young: TuningChoice = { rules: { earnings_too_young: { enabled: true } } };

describe('A payout', () => {
  it.each<[string, string[], PayoutFacts, TuningChoice?]>([
    ['of an ordinary kind', [], harmless],
    // Of 500 there, 450 are young: 50 old ones are spent first, so that 50 of 100 are young.
    ['half of which became available lately', ['earnings_too_young'], paying(100, { youngMicros: usd(450) }), young],
    ['a little less of which did', [], paying(100, { youngMicros: usd(450) - 1n }), young],
    ['of young money, where nobody asks for its age', [], paying(500, { youngMicros: usd(500) })],
    [
      'after a balance was overdrawn and young money came',
      ['earnings_too_young'],
      paying(100, { balanceBeforeMicros: usd(100), youngMicros: usd(900) }),
      young,
    ],
    [
      'after reversals of a quarter',
      ['recent_reversals'],
      paying(100, { balanceBeforeMicros: usd(300), reversed: { count: 3, micros: usd(100) } }),
    ],
    [
      'after many small reversals',
      [],
      paying(100, { balanceBeforeMicros: usd(301), reversed: { count: 300, micros: usd(100) } }),
    ],
    ['after two large reversals', [], paying(100, { reversed: { count: 2, micros: usd(5_000) } })],
    ['after the balance was negative', ['negative_balance'], paying(100, { lowestBalanceMicros: -1n })],
    ['after the balance was nothing', [], paying(100, { lowestBalanceMicros: 0n })],
    ['of an account without other postings', [], paying(100, { lowestBalanceMicros: undefined })],
    ['while something that is available is disputed', ['open_disputes'], paying(100, { openDisputes: 1 })],
    [
      'while less is disputed than the tenant minds',
      [],
      paying(100, { openDisputes: 2 }),
      { rules: { open_disputes: { disputes: 3 } } },
    ],
    ['of 1000 to a method that replaced another', ['method_changed'], paying(1_000, newMethod(6))],
    ['of less to such a method', [], paying(999, newMethod(6))],
    ['of 1000 to a method a week old', [], paying(1_000, newMethod(7))],
    ['of 1000 to a first method', [], paying(1_000, { method: { ...newMethod(1).method, tookAnothersPlace: false } })],
    [
      'of 1000 to a new method that was paid before',
      [],
      paying(1_000, { method: { ...newMethod(1).method, wasPaidBefore: true } }),
    ],
    ['to an account of three people', ['shared_method'], paying(100, { method: { ...harmless.method, people: 3 } })],
    ['to an account of two', [], paying(100, { method: { ...harmless.method, people: 2 } })],
    ['that is the tenth of the day', ['velocity'], paying(100, { others: { ...harmless.others, lastDay: 9 } })],
    ['that is the ninth', [], paying(100, { others: { ...harmless.others, lastDay: 8 } })],
    // 800 in eight weeks are 100 a week; five times as much, but no less than 1000.
    [
      'that makes the week ten times the others',
      ['velocity'],
      paying(100, { others: { ...harmless.others, lastWeekMicros: usd(900), historyMicros: usd(800) } }),
    ],
    [
      'that makes a small week ten times the others',
      [],
      paying(100, { others: { ...harmless.others, historyMicros: usd(80) } }),
    ],
    [
      'that makes the week just five times the others',
      ['velocity'],
      paying(1_000, { others: { ...harmless.others, historyMicros: usd(1_600) } }),
    ],
    [
      'that makes the week less than five times the others',
      [],
      paying(1_000, { others: { ...harmless.others, historyMicros: usd(1_600) + 1n } }),
    ],
    ['of a person without a history', [], paying(4_999, firstEver)],
    ['of 5000 to a person who was never paid', ['first_payout_large'], paying(5_000, firstEver)],
    ['of 5000 to one who was', [], paying(5_000, { others: { ...harmless.others, historyMicros: usd(50_000) } })],
  ])('%s: %p', (_, expected, facts, choice = {}) => {
    expect(codes(facts, choice)).toEqual(expected);
  });

  it('is looked at by the numbers of the tenant', () => {
    const facts = paying(5_000, { ...firstEver, method: { ...newMethod(1).method, people: 3 } });
    expect(codes(facts)).toEqual(['method_changed', 'shared_method', 'first_payout_large']);
    const rules = {
      shared_method: { people: 4 },
      method_changed: { hundreds: 5_001 },
      first_payout_large: { enabled: false },
    };
    expect(codes(facts, { rules })).toEqual([]);
  });

  it.each([
    ['USD', 5_000n],
    ['JPY', 500_000n],
    ['KWD', 500n],
  ])('is large in %s from %d on', (code, units) => {
    const facts = (micros: bigint): PayoutFacts => ({
      ...harmless,
      ...firstEver,
      payout: { ...harmless.payout, amountMicros: micros, currency: currencyOf(code) },
    });
    expect(codes(facts(units * 1_000_000n))).toEqual(['first_payout_large']);
    expect(codes(facts(units * 1_000_000n - 1_000n))).toEqual([]);
  });

  it('is explained in a sentence with the numbers', () => {
    const [found] = riskFindingsOf(paying(5_000, firstEver), STANDARD_TUNING);
    expect(found).toEqual({
      source: 'risk',
      code: 'first_payout_large',
      detail: 'The first payout that the person would receive is of 5000.00 USD; 5000.00 USD are enough.',
    });
  });
});
