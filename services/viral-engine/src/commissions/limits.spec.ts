import { describe, expect, it } from '@jest/globals';
import { MAX_PURCHASE_MICROS } from '@dailydoco/money';
import fc from 'fast-check';
import { asUserId } from '../ids.js';
import { CAP_PERIODS } from '../plans/plan-limits.js';
import type { CapRooms, PersonRoom } from './limit-entries.js';
import { beneficiariesOf, split, type SplitEntry, uplineLookedAt } from './split.js';

const PEOPLE = 12;
const userId = fc.integer({ min: 0, max: PEOPLE }).map((n) => asUserId(`p${n}`));
const count = fc.integer({ min: 0, max: 3 });
const earner = fc.record({
  userId,
  status: fc.constantFrom('active' as const, 'active' as const, 'suspended' as const),
  boostBps: fc.integer({ min: 0, max: 10_000 }),
  standing: fc.record({ ownPurchases: count, activeReferrals: count }),
});
const micros = fc.oneof(fc.bigInt({ min: 0n, max: MAX_PURCHASE_MICROS }), fc.bigInt({ min: 0n, max: 100n }));
const room = fc.record({ day: micros, month: micros, lifetime: micros }, { requiredKeys: [] });
const rooms = fc.record({
  people: fc
    .array(fc.tuple(userId, room), { maxLength: PEOPLE })
    .map((all): CapRooms['people'] => new Map<ReturnType<typeof asUserId>, PersonRoom>(all)),
  company: fc.option(fc.record({ leftMicros: micros, closed: fc.boolean() }), { nil: undefined }),
});
const input = fc.record({
  amountMicros: fc.bigInt({ min: 1n, max: MAX_PURCHASE_MICROS }),
  buyerId: fc.constant(asUserId('p0')),
  upline: fc.uniqueArray(earner, { maxLength: 12, selector: (each) => each.userId }),
  websiteOwner: fc.option(earner, { nil: undefined }),
  rooms: fc.option(rooms, { nil: undefined }),
});
const terms = fc.record({
  levelsBps: fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 7 }),
  websiteBonusBps: fc.integer({ min: 0, max: 10_000 }),
  maxPayoutBps: fc.integer({ min: 0, max: 10_000 }),
  compression: fc.constantFrom('none' as const, 'dynamic' as const),
  qualification: fc.uniqueArray(
    fc.record({ level: fc.integer({ min: 1, max: 7 }), minOwnPurchases: count, minActiveReferrals: count }),
    { maxLength: 7, selector: ({ level }) => level },
  ),
  companyCap: fc.record({
    period: fc.constantFrom(...CAP_PERIODS),
    mode: fc.constantFrom('pro_rata' as const, 'stop' as const),
    amounts: fc.constant([]),
  }),
});

const sumOf = (entries: readonly SplitEntry[]) => entries.reduce((sum, entry) => sum + entry.amountMicros, 0n);

describe('Any split under limits', () => {
  it('adds up, and every entry is what it was less its cuts', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const { entries, lost, totalMicros, houseMicros } = split(given, plan);
        expect(sumOf(entries)).toBe(totalMicros);
        expect(totalMicros + houseMicros).toBe(given.amountMicros);
        for (const { uncappedMicros, amountMicros, cuts } of [...entries, ...lost]) {
          expect(cuts.every((cut) => cut.amountMicros > 0n)).toBe(true);
          expect(cuts.reduce((left, cut) => left - cut.amountMicros, uncappedMicros)).toBe(amountMicros);
        }
        expect(entries.every(({ amountMicros }) => amountMicros > 0n)).toBe(true);
        expect(lost.every(({ amountMicros }) => amountMicros === 0n)).toBe(true);
      }),
    );
  });

  it('never goes above the room of a person or of the company', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const { entries, totalMicros } = split(given, plan);
        for (const [person, left] of given.rooms?.people ?? []) {
          const own = sumOf(entries.filter(({ beneficiaryId }) => beneficiaryId === person));
          for (const period of CAP_PERIODS) expect(own).toBeLessThanOrEqual(left[period] ?? own);
        }
        const company = given.rooms?.company;
        if (company?.closed === true) expect(totalMicros).toBe(0n);
        expect(totalMicros).toBeLessThanOrEqual(company?.leftMicros ?? totalMicros);
      }),
    );
  });

  it('lets the entry before take the room: one is cut only when those before left too little', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const people = given.rooms?.people ?? new Map();
        const { entries, lost } = split({ ...given, rooms: { people, company: undefined } }, plan);
        const taken = new Map<string, bigint>();
        for (const entry of [...entries, ...lost].toSorted((a, b) => a.level - b.level)) {
          const before = taken.get(entry.beneficiaryId) ?? 0n;
          const now = before + entry.amountMicros;
          taken.set(entry.beneficiaryId, now);
          const left = people.get(entry.beneficiaryId);
          const isCut = entry.cuts.some(({ rule }) => rule !== 'max_payout');
          const isFull = CAP_PERIODS.some((period) => left?.[period] === now);
          if (isCut) expect(isFull).toBe(true);
        }
      }),
    );
  });

  it('pays only who is active and qualified, each level at most once, upwards', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const { entries, lost } = split(given, plan);
        const order = given.upline.map((each) => each.userId);
        let last = -1;
        for (const entry of [...entries, ...lost].toSorted((a, b) => a.level - b.level)) {
          if (entry.kind === 'website_bonus') continue;
          const place = order.indexOf(entry.beneficiaryId);
          expect(place).toBeGreaterThan(last);
          last = place;
          const asked = plan.qualification.find(({ level }) => level === entry.level);
          const { status, standing } = given.upline[place]!;
          expect(status).toBe('active');
          expect(standing.ownPurchases).toBeGreaterThanOrEqual(asked?.minOwnPurchases ?? 0);
          expect(standing.activeReferrals).toBeGreaterThanOrEqual(asked?.minActiveReferrals ?? 0);
        }
      }),
    );
  });

  it('crosses the company cap exactly when more was to be paid than is left', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const { crossesCompanyCap, beforeCompanyMicros, totalMicros } = split(given, plan);
        const company = given.rooms?.company;
        const more = company !== undefined && !company.closed && beforeCompanyMicros > company.leftMicros;
        expect(crossesCompanyCap).toBe(more);
        if (more && plan.companyCap.mode === 'stop') expect(totalMicros).toBe(0n);
        if (company === undefined) expect(totalMicros).toBe(beforeCompanyMicros);
      }),
    );
  });

  it('is the same from the part of the upline that its snapshot keeps, for the people whose counters are locked', () => {
    fc.assert(
      fc.property(input, terms, (given, plan) => {
        const whole = split(given, plan);
        expect(split({ ...given, upline: uplineLookedAt(given, plan) }, plan)).toEqual(whole);
        const entitled = new Set(beneficiariesOf(given, plan));
        for (const { beneficiaryId } of [...whole.entries, ...whole.lost]) expect(entitled).toContain(beneficiaryId);
      }),
    );
  });
});
