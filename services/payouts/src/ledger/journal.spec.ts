import { describe, expect, it } from '@jest/globals';
import { currencyOf, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import fc from 'fast-check';
import { asTenantId, asUserId } from '../ids.js';
import { HOUSE_KINDS, isHouseKind, PERSON_KINDS } from './account.js';
import { type Leg, settleLegs } from './journal.js';

const tenantId = asTenantId('00000000-0000-7000-8000-000000000001');
const people = [2, 3, 4].map((n) => asUserId(`00000000-0000-7000-8000-00000000000${n}`));
const [ann] = people as [(typeof people)[0]];
const currency = currencyOf('USD');
const settle = (legs: readonly Leg[]) => settleLegs({ tenantId, currency, legs });
const house = (amountMicros: bigint): Leg => ({ personId: undefined, kind: 'commission_expense', amountMicros });

const personLeg = fc.record({
  personId: fc.constantFrom(...people),
  kind: fc.constantFrom(...PERSON_KINDS),
  amountMicros: fc.bigInt({ min: -MAX_PURCHASE_MICROS, max: MAX_PURCHASE_MICROS }),
});

/** Legs of anybody's accounts, with one of the house that makes them balance. */
const balanced = fc.array(personLeg, { maxLength: 30 }).map((legs) => {
  const rest = legs.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
  return [...legs, house(-rest)];
});

describe('I1: a journal', () => {
  it('has one leg per account, none of zero, and sums to zero', () => {
    fc.assert(
      fc.property(balanced, (legs) => {
        const settled = settle(legs);
        expect(settled.reduce((sum, { amountMicros }) => sum + amountMicros, 0n)).toBe(0n);
        expect(settled.every(({ amountMicros }) => amountMicros !== 0n)).toBe(true);
        const accounts = settled.map(({ account }) => `${account.ownerId} ${account.kind}`);
        expect(new Set(accounts).size).toBe(accounts.length);
      }),
    );
  });

  it('moves each account by the sum of its legs, in an order that does not depend on theirs', () => {
    fc.assert(
      fc.property(
        balanced.chain((legs) => fc.tuple(fc.constant(legs), fc.shuffledSubarray(legs, { minLength: legs.length }))),
        ([legs, others]) => {
          const settled = settle(legs);
          expect(settle(others)).toEqual(settled);
          for (const { account, amountMicros } of settled) {
            const own = legs.filter(
              ({ personId, kind }) => (personId ?? tenantId) === account.ownerId && kind === account.kind,
            );
            expect(own.reduce((sum, leg) => sum + leg.amountMicros, 0n)).toBe(amountMicros);
          }
        },
      ),
    );
  });

  it.each([
    ['a micro too much', [house(-1n), { personId: ann, kind: 'pending', amountMicros: 2n }]],
    ['a micro too little', [house(-2n), { personId: ann, kind: 'pending', amountMicros: 1n }]],
    ['one side only', [{ personId: ann, kind: 'available', amountMicros: 1n }]],
  ] as [string, Leg[]][])('of %s is not written', (_, legs) => {
    expect(() => settle(legs)).toThrow('I1');
  });

  it('of nothing has no legs', () => {
    expect(settle([])).toEqual([]);
    expect(settle([house(0n), { personId: ann, kind: 'held', amountMicros: 0n }])).toEqual([]);
  });

  it.each(HOUSE_KINDS)('never books %s on a person', (kind) => {
    expect(isHouseKind(kind)).toBe(true);
    expect(() => settle([{ personId: ann, kind, amountMicros: 0n }])).toThrow('owner');
  });

  it.each(PERSON_KINDS)('never books %s on the house', (kind) => {
    expect(isHouseKind(kind)).toBe(false);
    expect(() => settle([{ personId: undefined, kind, amountMicros: 0n }])).toThrow('owner');
  });
});
