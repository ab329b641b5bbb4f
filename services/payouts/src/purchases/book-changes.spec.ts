import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asCommissionId, asUserId } from '../ids.js';
import type { Leg } from '../ledger/journal.js';
import { bookChange, type Entry } from './book-changes.js';
import { type ChangesKind, ENTRY_STATUSES, type EntryStatus } from './money-event.js';

const commissionId = asCommissionId('00000000-0000-7000-8000-00000000000c');
const beneficiaryId = asUserId('00000000-0000-7000-8000-00000000000a');

type Status = EntryStatus | 'nothing';

const entryOf = (status: Status, netMicros: bigint): Entry | undefined =>
  status === 'nothing' ? undefined : { status, netMicros };

/** A change from one status and net to another, of an entry that stands there. */
function book(kind: ChangesKind, from: [Status, bigint], to: [EntryStatus, bigint]): Leg[] {
  const [fromStatus, before] = from;
  const [toStatus, netMicros] = to;
  const change = {
    commissionId,
    beneficiaryId,
    fromStatus: fromStatus === 'nothing' ? undefined : fromStatus,
    toStatus,
    deltaMicros: netMicros - before,
    netMicros,
  };
  return bookChange(kind, change, entryOf(fromStatus, before));
}

/** What the legs do, as `account: micros`; debits are negative. */
function sums(legs: readonly Leg[]): Record<string, bigint> {
  const all: Record<string, bigint> = {};
  for (const { kind, amountMicros } of legs) all[kind] = (all[kind] ?? 0n) + amountMicros;
  return Object.fromEntries(Object.entries(all).filter(([, amount]) => amount !== 0n));
}

type Line = [
  fact: string,
  kind: ChangesKind,
  from: [Status, bigint],
  to: [EntryStatus, bigint],
  Record<string, bigint>,
];

describe('The table of the ledger', () => {
  it.each([
    ['accrued', 'CommissionsAccrued', ['nothing', 0n], ['pending', 20n], { commission_expense: -20n, pending: 20n }],
    [
      'accrued and held at once',
      'CommissionsAccrued',
      ['nothing', 0n],
      ['held', 20n],
      { commission_expense: -20n, held: 20n },
    ],
    ['held', 'CommissionsHeld', ['pending', 20n], ['held', 20n], { pending: -20n, held: 20n }],
    ['lifted', 'CommissionsHeld', ['held', 20n], ['pending', 20n], { held: -20n, pending: 20n }],
    ['released', 'CommissionsReleased', ['pending', 20n], ['available', 20n], { pending: -20n, available: 20n }],
    [
      'reversed in part while pending',
      'CommissionsReversed',
      ['pending', 20n],
      ['pending', 15n],
      { pending: -5n, commission_expense: 5n },
    ],
    [
      'reversed in part while held',
      'CommissionsReversed',
      ['held', 20n],
      ['held', 15n],
      { held: -5n, commission_expense: 5n },
    ],
    [
      'reversed in part when available',
      'CommissionsReversed',
      ['available', 20n],
      ['available', 15n],
      { available: -5n, commission_expense: 5n },
    ],
    [
      'reversed whole while pending',
      'CommissionsReversed',
      ['pending', 20n],
      ['reversed', 0n],
      { pending: -20n, commission_expense: 20n },
    ],
    [
      'reversed whole while held',
      'CommissionsReversed',
      ['held', 20n],
      ['reversed', 0n],
      { held: -20n, commission_expense: 20n },
    ],
    [
      'reversed whole when available',
      'CommissionsReversed',
      ['available', 20n],
      ['reversed', 0n],
      { available: -20n, commission_expense: 20n },
    ],
    ['reversed by less than a micro', 'CommissionsReversed', ['pending', 20n], ['pending', 20n], {}],
    [
      'restored before the hold is over',
      'CommissionsRestored',
      ['reversed', 0n],
      ['pending', 20n],
      { commission_expense: -20n, pending: 20n },
    ],
    [
      'restored after the hold',
      'CommissionsRestored',
      ['reversed', 0n],
      ['available', 20n],
      { commission_expense: -20n, available: 20n },
    ],
    ['restored in part', 'CommissionsRestored', ['held', 15n], ['held', 20n], { commission_expense: -5n, held: 5n }],
    [
      'forfeited while pending',
      'CommissionsForfeited',
      ['pending', 20n],
      ['forfeited', 0n],
      { pending: -20n, commission_expense: 20n },
    ],
    [
      'forfeited while held',
      'CommissionsForfeited',
      ['held', 20n],
      ['forfeited', 0n],
      { held: -20n, commission_expense: 20n },
    ],
  ] as Line[])('books %s', (_, kind, from, to, expected) => {
    expect(sums(book(kind, from, to))).toEqual(expected);
  });

  it('names the person on the person’s side and nobody on the house’s', () => {
    for (const { kind, personId } of book('CommissionsAccrued', ['nothing', 0n], ['pending', 20n])) {
      expect([kind, personId]).toEqual([kind, kind === 'commission_expense' ? undefined : beneficiaryId]);
    }
  });
});

describe('A change', () => {
  it.each([
    ['accrued twice', 'CommissionsAccrued', ['pending', 20n], ['pending', 40n]],
    ['accrued as available', 'CommissionsAccrued', ['nothing', 0n], ['available', 20n]],
    ['held with another net', 'CommissionsHeld', ['pending', 20n], ['held', 19n]],
    ['held when available', 'CommissionsHeld', ['available', 20n], ['held', 20n]],
    ['released while held', 'CommissionsReleased', ['held', 20n], ['available', 20n]],
    ['released after a reversal', 'CommissionsReleased', ['reversed', 0n], ['available', 0n]],
    ['reversed to more', 'CommissionsReversed', ['pending', 20n], ['pending', 21n]],
    ['reversed but standing', 'CommissionsReversed', ['pending', 20n], ['reversed', 1n]],
    ['reversed below zero', 'CommissionsReversed', ['available', 20n], ['available', -1n]],
    ['reversed out of nothing', 'CommissionsReversed', ['nothing', 0n], ['reversed', 0n]],
    ['restored to less', 'CommissionsRestored', ['pending', 20n], ['pending', 19n]],
    ['restored once forfeited', 'CommissionsRestored', ['forfeited', 0n], ['pending', 20n]],
    ['restored from held to available', 'CommissionsRestored', ['held', 20n], ['available', 20n]],
    ['reversed from pending to held', 'CommissionsReversed', ['pending', 20n], ['held', 10n]],
    ['forfeited when available', 'CommissionsForfeited', ['available', 20n], ['forfeited', 0n]],
    ['forfeited but standing', 'CommissionsForfeited', ['held', 20n], ['forfeited', 20n]],
  ] as [string, ChangesKind, [Status, bigint], [EntryStatus, bigint]][])('is refused: %s', (_, kind, from, to) => {
    expect(() => book(kind, from, to)).toThrow(commissionId);
  });

  it.each([
    ['of nothing that stands', undefined],
    ['of an entry of another status', { status: 'held', netMicros: 20n }],
    ['of an entry of another net', { status: 'pending', netMicros: 21n }],
  ] as [string, Entry | undefined][])('is refused when it does not follow from what stands: %s', (_, entry) => {
    const change = {
      commissionId,
      beneficiaryId,
      fromStatus: 'pending',
      toStatus: 'available',
      deltaMicros: 0n,
      netMicros: 20n,
    } as const;
    expect(() => bookChange('CommissionsReleased', change, entry)).toThrow('stands at');
  });

  it('sums to zero and leaves the new net on the account of the new status, or is refused', () => {
    const status = fc.constantFrom(...ENTRY_STATUSES);
    const net = fc.oneof(fc.constantFrom(0n, 20n), fc.bigInt({ min: 0n, max: 10n ** 15n }));
    const kinds = [
      'CommissionsHeld',
      'CommissionsReleased',
      'CommissionsReversed',
      'CommissionsRestored',
      'CommissionsForfeited',
    ] as const;
    let booked = 0;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), status, net, status, net, (kind, from, netBefore, to, after) => {
        // Nothing stands of what is reversed or forfeited.
        const before = from === 'reversed' || from === 'forfeited' ? 0n : netBefore;
        let legs: Leg[];
        try {
          legs = book(kind, [from, before], [to, after]);
        } catch {
          return;
        }
        booked += 1;
        expect(legs.reduce((sum, { amountMicros }) => sum + amountMicros, 0n)).toBe(0n);
        const stands = { ...(from !== 'reversed' && from !== 'forfeited' && { [from]: before }) } as Record<
          string,
          bigint
        >;
        for (const [kindOf, amount] of Object.entries(sums(legs))) stands[kindOf] = (stands[kindOf] ?? 0n) + amount;
        const left = Object.entries(stands).filter(
          ([kindOf, amount]) => kindOf !== 'commission_expense' && amount !== 0n,
        );
        expect(left).toEqual(after === 0n ? [] : [[to, after]]);
      }),
      { numRuns: 2_000 },
    );
    expect(booked).toBeGreaterThan(50);
  });
});
