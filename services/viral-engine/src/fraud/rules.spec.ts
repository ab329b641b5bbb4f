import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asPurchaseId, asTenantId, asUserId } from '../ids.js';
import type { EntryFacts, Trait } from './fraud-facts.js';
import { scoreOf, signalsOf } from './rules.js';
import { RULE_NAMES, RULES, type RuleName, STANDARD_TUNING, type TuningChoice, tuningOf } from './tuning.js';

const HOUR = 3_600_000;
const AT = new Date('2026-06-01T12:00:00.000Z');
const ago = (ms: number) => new Date(AT.getTime() - ms);
const quiet: EntryFacts = {
  tenantId: asTenantId('tenant'),
  purchaseId: asPurchaseId('purchase'),
  buyerId: asUserId('buyer'),
  beneficiaryId: asUserId('beneficiary'),
  at: AT,
  isFirstLevel: true,
  shared: new Set(),
  isEmailDisposable: false,
  returned: [],
  alike: [],
  chain: [],
  activity: {
    registrations: 0,
    purchases: 0,
    soldInWindow: 0,
    refundedInWindow: 0,
    clicks: 0,
    registrationsFromClicks: 0,
  },
};
const activity = (other: Partial<EntryFacts['activity']>) => ({ activity: { ...quiet.activity, ...other } });
const shared = (...traits: Trait[]) => ({ shared: new Set(traits) });
/** The buyer, then referrers who joined so many hours before the purchase; the beneficiary is the last of them. */
const chain = (...hoursAgo: number[]) => ({
  chain: hoursAgo.map((hours, index) => ({
    userId: index === hoursAgo.length - 1 ? quiet.beneficiaryId : asUserId(index === 0 ? 'buyer' : `level ${index}`),
    joinedAt: ago(hours * HOUR),
  })),
});

const found = (facts: Partial<EntryFacts>, choice: TuningChoice = {}) =>
  signalsOf({ ...quiet, ...facts }, tuningOf(choice, 1)).map(({ rule, points }) => [rule, points]);

type Row = [string, Partial<EntryFacts>, RuleName, number | undefined];

describe('a rule finds, at its standard numbers,', () => {
  it.each<Row>([
    ['nobody where nothing is in common', {}, 'self_referral', undefined],
    ['the same mailbox', shared('email'), 'self_referral', 60],
    ['the same device', shared('device'), 'self_referral', 60],
    ['the same card', shared('payment'), 'self_referral', 60],
    ['the same address', shared('address'), 'self_referral', 10],
    ['the same address and browser', shared('address', 'agent'), 'self_referral', 20],
    ['no one by the browser alone', shared('agent'), 'self_referral', undefined],
    ['two things at once, and no more than 100 points', shared('email', 'payment'), 'self_referral', 100],
    ['it also above the first level', { ...shared('email'), isFirstLevel: false }, 'self_referral', 60],

    ['49 registrations too few', activity({ registrations: 49 }), 'velocity', undefined],
    ['50 registrations enough', activity({ registrations: 50 }), 'velocity', 15],
    ['999 purchases too few', activity({ purchases: 999 }), 'velocity', undefined],
    ['1000 purchases enough', activity({ purchases: 1_000 }), 'velocity', 15],
    [
      'nobody above the first level',
      { ...activity({ registrations: 50 }), isFirstLevel: false },
      'velocity',
      undefined,
    ],

    ['money that comes back', { returned: [asPurchaseId('other')] }, 'ring', 60],
    ['one other who is alike too few', { alike: [asUserId('a')] }, 'ring', undefined],
    ['two others who are alike enough', { alike: [asUserId('a'), asUserId('b')] }, 'ring', 60],
    ['no ring of one', { ...shared('device'), returned: [asPurchaseId('other')] }, 'ring', undefined],
    ['a ring of two at one address', { ...shared('address'), returned: [asPurchaseId('other')] }, 'ring', 60],

    ['a mailbox to be thrown away', { isEmailDisposable: true }, 'disposable_email', 20],
    ['it for the first level alone', { isEmailDisposable: true, isFirstLevel: false }, 'disposable_email', undefined],

    ['9 refunds too few', activity({ soldInWindow: 9, refundedInWindow: 9 }), 'refund_pattern', undefined],
    ['10 refunds of 20 enough', activity({ soldInWindow: 20, refundedInWindow: 10 }), 'refund_pattern', 40],
    [
      '10 refunds of 21 too small a share',
      activity({ soldInWindow: 21, refundedInWindow: 10 }),
      'refund_pattern',
      undefined,
    ],

    ['999 clicks too few', activity({ clicks: 999 }), 'click_flooding', undefined],
    [
      '1000 clicks and 1 registration a flood',
      activity({ clicks: 1_000, registrationsFromClicks: 1 }),
      'click_flooding',
      15,
    ],
    ['1000 clicks and 2 none', activity({ clicks: 1_000, registrationsFromClicks: 2 }), 'click_flooding', undefined],

    ['7 levels within a day too few', chain(1, 2, 3, 4, 5, 6, 7, 8), 'deep_chain', undefined],
    ['8 levels within a day enough', chain(1, 2, 3, 4, 5, 6, 7, 8, 25), 'deep_chain', 20],
    ['8 levels in more than a day too slow', chain(1, 2, 3, 4, 5, 6, 7, 8, 25.01), 'deep_chain', undefined],
    ['a chain of long ago no news', chain(721, 722, 723, 724, 725, 726, 727, 728, 729), 'deep_chain', undefined],
    ['a chain that ended 30 days ago news', chain(720, 722, 723, 724, 725, 726, 727, 728, 729), 'deep_chain', 20],
  ])('%s', (_, facts, rule, points) => {
    const own = found(facts).find(([name]) => name === rule);
    expect(own).toEqual(points === undefined ? undefined : [rule, points]);
  });

  it('in a chain only those who belong to it', () => {
    const { chain: links } = chain(1, 2, 3, 4, 5, 6, 7, 8, 9, 400);
    expect(found({ chain: links })).toEqual([]);
    expect(found({ chain: links, beneficiaryId: asUserId('level 4') })).toEqual([['deep_chain', 20]]);
  });

  it('and says with numbers and ids what it found', () => {
    const facts = { ...quiet, ...activity({ registrations: 51, purchases: 7 }), returned: [asPurchaseId('other')] };
    expect(signalsOf(facts, STANDARD_TUNING)).toEqual([
      {
        rule: 'velocity',
        points: 15,
        reason:
          '51 people whom the beneficiary referred registered and 7 purchases were made by them within 24 hours; 50 or 1000 are enough.',
        evidence: { members: ['beneficiary'], purchases: [] },
      },
      {
        rule: 'ring',
        points: 60,
        reason:
          '1 purchases by the beneficiary, or by somebody with a mailbox, device or card of theirs, paid the buyer or somebody alike within 30 days.',
        evidence: { members: ['buyer', 'beneficiary'], purchases: ['other'] },
      },
    ]);
  });
});

/** Facts on which every rule finds something. */
const loud: EntryFacts = {
  ...quiet,
  ...chain(1, 2, 3, 4, 5, 6, 7, 8, 9),
  ...shared('address'),
  isEmailDisposable: true,
  returned: [asPurchaseId('other')],
  ...activity({ registrations: 50, soldInWindow: 10, refundedInWindow: 10, clicks: 100_000 }),
};

describe('a tenant', () => {
  it.each(RULE_NAMES)('may set %s off, and the others go on', (rule) => {
    const all = found(loud).map(([name]) => name);
    expect(all).toEqual(RULE_NAMES);
    const rest = found(loud, { rules: { [rule]: { enabled: false } } }).map(([name]) => name);
    expect(rest).toEqual(RULE_NAMES.filter((name) => name !== rule));
  });

  it.each<[RuleName, string]>(
    RULE_NAMES.flatMap((rule) =>
      Object.keys(RULES[rule].settings)
        .filter((name) => /[pP]oints$/.test(name))
        .map((name): [RuleName, string] => [rule, name]),
    ),
  )('may give %s other points: %s', (rule, name) => {
    const facts =
      rule === 'self_referral' ? { ...quiet, ...shared('email', 'device', 'payment', 'address', 'agent') } : loud;
    const pointsOf = (set: Record<string, number>) =>
      Number(found(facts, { rules: { [rule]: set } }).find(([found]) => found === rule)?.[1] ?? 0);
    const none = Object.fromEntries(
      Object.keys(RULES[rule].settings)
        .filter((key) => /[pP]oints$/.test(key))
        .map((key) => [key, 0]),
    );
    const isPlace = name === 'addressPoints';
    const alone = isPlace
      ? found({ ...quiet, ...shared('address') }, { rules: { self_referral: { ...none, [name]: 7 } } })
      : undefined;
    expect(isPlace ? alone : [[rule, pointsOf({ ...none, [name]: 7 })]]).toEqual([[rule, 7]]);
  });

  it('may set other numbers, and what is left out is standard', () => {
    expect(tuningOf({}, 0)).toEqual(STANDARD_TUNING);
    const tuning = tuningOf({ threshold: 80, rules: { velocity: { registrations: 10 } } }, 3);
    expect(tuning).toMatchObject({ version: 3, threshold: 80, rules: { ring: STANDARD_TUNING.rules.ring } });
    expect(tuning.rules.velocity).toEqual({ ...STANDARD_TUNING.rules.velocity, registrations: 10 });
    expect(found(activity({ registrations: 10 }), { rules: { velocity: { registrations: 10 } } })).toEqual([
      ['velocity', 15],
    ]);
    expect(found(activity({ registrations: 9 }), { rules: { velocity: { registrations: 10 } } })).toEqual([]);
  });
});

describe('a score', () => {
  it('is the sum of the points, whatever their order, and never above 100', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 7 }), (points) => {
        const signals = points.map((each) => ({ points: each }));
        const sum = points.reduce((a, b) => a + b, 0);
        expect(scoreOf(signals)).toBe(Math.min(100, sum));
        expect(scoreOf(signals.toReversed())).toBe(scoreOf(signals));
      }),
      { numRuns: 50 },
    );
  });
});
