import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../traffic/answer.js';
import type { Sample } from '../traffic/sample.js';
import { type Evidence, violationsIn } from './verdict.js';

const sample = (kind: string, sentMs: number, outcome: Outcome = 'ok', tookMs = 10): Sample => ({
  kind,
  sentMs,
  result: { outcome, tookMs, why: outcome },
});
const fine = Array.from({ length: 300 }, (_, index) => sample(index % 2 === 0 ? 'mine' : 'other', index * 10));
const WHOLE = {
  recorded: 5,
  lost: '0.00',
  extra: '0.00',
  difference: '0.00',
  unpublished: 0,
  parked: 0,
  analytics: 5,
  drainedMs: 1,
};

function violations(more: readonly Sample[], change: Partial<Evidence> = {}): string[] {
  return violationsIn({
    samples: [...fine, ...more],
    allowances: [{ kinds: ['mine'], silently: false, fromMs: 1_000 }],
    flawless: false,
    givenUp: 0,
    recoveryMs: 2_000,
    audit: WHOLE,
    purchases: 5,
    ...change,
  });
}

const many = (kind: string, sentMs: number, outcome: Outcome): Sample[] =>
  Array.from({ length: 5 }, () => sample(kind, sentMs, outcome));

describe('a case passes', () => {
  it.each<[string, Sample[], Partial<Evidence>]>([
    ['when nothing happened', [], {}],
    ['when what was hit is refused', many('mine', 1_100, 'refused'), {}],
    ['when what was under way is refused', [sample('mine', 995, 'refused', 50)], {}],
    ['when one of hundreds of others is refused', [sample('other', 1_100, 'refused')], {}],
    [
      'when nobody answers because the gateway is gone',
      many('mine', 1_100, 'none'),
      { allowances: [{ kinds: ['mine', 'other'], silently: true, fromMs: 1_000 }] },
    ],
  ])('%s', (_, more, change) => {
    expect(violations(more, change)).toEqual([]);
  });
});

describe('a case fails', () => {
  it.each<[string, Sample[], Partial<Evidence>, string]>([
    ['when an answer is unclean', [sample('mine', 1_100, 'unclean')], {}, '1 unclean: mine unclean (1)'],
    ['when nobody answers', [sample('mine', 1_100, 'none')], {}, '1 unclean'],
    ['when an answer is still to come', [{ kind: 'mine', sentMs: 1_100 }], {}, '1 without an answer'],
    ['when an answer came late', [sample('mine', 1_100, 'ok', 40_000)], {}, '1 without an answer within'],
    ['when others are hit', many('other', 1_100, 'refused'), {}, '5 of 155 others failed'],
    ['when it fails before the fault', many('mine', 100, 'refused'), {}, '5 failed before'],
    ['when flawless is not', [sample('other', 1_100, 'refused')], { flawless: true }, '1 of 151 others'],
    ['when it recovers late', [], { recoveryMs: 31_000 }, 'no recovery'],
    ['when it never recovers', [], { recoveryMs: undefined }, 'no recovery'],
    ['when a purchase was given up', [], { givenUp: 1 }, '1 purchases were never'],
    ['when a purchase is missing', [], { purchases: 6 }, '5 purchases recorded, not 6'],
    ['when money is lost', [], { audit: { ...WHOLE, lost: '1.00' } }, '1.00 lost'],
    ['when money is doubled', [], { audit: { ...WHOLE, extra: '1.00' } }, '1.00 too much'],
    ['when the books differ', [], { audit: { ...WHOLE, difference: '0.01' } }, 'trial balance'],
    ['when an event is parked', [], { audit: { ...WHOLE, parked: 1 } }, '1 events parked'],
    ['when it drains too long', [], { audit: { ...WHOLE, drainedMs: 70_000 } }, 'whole only after 70 s'],
  ])('%s', (_, more, change, violation) => {
    expect(violations(more, change)).toContainEqual(expect.stringContaining(violation));
  });
});
