import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COMMISSION_STATUSES, type EntryState, type LifeEvent, liveThrough, newEntry } from './entry-life.js';

const day = (n: number) => new Date(Date.UTC(2026, 0, n));
const DUE = day(10);

/** Entries of 100 micros in every status, in order of precedence. */
const entries: Record<string, EntryState> = {
  forfeited: { status: 'forfeited', netMicros: 0n, availableAt: DUE, holdCauses: [], heldSince: undefined },
  reversed: { status: 'reversed', netMicros: 0n, availableAt: DUE, holdCauses: [], heldSince: undefined },
  held: { status: 'held', netMicros: 100n, availableAt: DUE, holdCauses: ['dispute'], heldSince: day(4) },
  available: { status: 'available', netMicros: 100n, availableAt: DUE, holdCauses: [], heldSince: undefined },
  pending: newEntry(100n, DUE),
};

const events = {
  'shrunk by a refund': { kind: 'refunded', netMicros: 40n, at: day(6) },
  'refunded to zero': { kind: 'refunded', netMicros: 0n, at: day(6) },
  'restored before it is due': { kind: 'restored', netMicros: 100n, at: day(9) },
  'restored when its hold is over': { kind: 'restored', netMicros: 100n, at: DUE },
  'held for a suspension': { kind: 'held', cause: 'beneficiary_suspended', at: day(5) },
  'lifted from its dispute': { kind: 'lifted', cause: 'dispute', at: day(7) },
  'lifted from another cause': { kind: 'lifted', cause: 'fraud_review', at: day(7) },
  'looked at before it is due': { kind: 'fellDue', at: new Date(DUE.getTime() - 1) },
  'looked at when it is due': { kind: 'fellDue', at: DUE },
  'released by finance': { kind: 'releasedEarly', at: day(7) },
  forfeited: { kind: 'forfeited', at: day(7) },
} satisfies Record<string, LifeEvent>;

type Expected = Record<keyof typeof events, Partial<Record<keyof typeof entries, Partial<EntryState>>>>;

// What is not named here stays as it is.
const expected: Expected = {
  'shrunk by a refund': {
    held: { netMicros: 40n },
    available: { netMicros: 40n },
    pending: { netMicros: 40n },
  },
  'refunded to zero': {
    held: { status: 'reversed', netMicros: 0n, holdCauses: [], heldSince: undefined, availableAt: day(12) },
    available: { status: 'reversed', netMicros: 0n },
    pending: { status: 'reversed', netMicros: 0n },
  },
  'restored before it is due': { reversed: { status: 'pending', netMicros: 100n } },
  'restored when its hold is over': { reversed: { status: 'available', netMicros: 100n } },
  'held for a suspension': {
    held: { holdCauses: ['dispute', 'beneficiary_suspended'] },
    pending: { status: 'held', holdCauses: ['beneficiary_suspended'], heldSince: day(5) },
  },
  'lifted from its dispute': {
    held: { status: 'pending', holdCauses: [], heldSince: undefined, availableAt: day(13) },
  },
  'lifted from another cause': {},
  'looked at before it is due': {},
  'looked at when it is due': { pending: { status: 'available' } },
  'released by finance': { pending: { status: 'available', availableAt: day(7) } },
  forfeited: {
    held: { status: 'forfeited', netMicros: 0n, holdCauses: [], heldSince: undefined, availableAt: day(13) },
    pending: { status: 'forfeited', netMicros: 0n },
  },
};

// The formula never gives a reversed entry a net above zero again while R only rises.
const table = COMMISSION_STATUSES.flatMap((status) =>
  Object.keys(events).map((event) => [status, event as keyof typeof events] as const),
).filter(([status, event]) => status !== 'reversed' || event !== 'shrunk by a refund');

describe('The life of an entry', () => {
  it.each(table)('a %s entry, %s', (status, event) => {
    const before = entries[status]!;
    const change = expected[event][status];
    expect(liveThrough(before, events[event])).toEqual(change && { ...before, ...change });
  });

  it('is lifted only with its last cause', () => {
    const both: EntryState = { ...entries.held!, holdCauses: ['dispute', 'fraud_review'] };
    const one = liveThrough(both, { kind: 'lifted', cause: 'dispute', at: day(5) })!;
    expect(one).toMatchObject({ status: 'held', holdCauses: ['fraud_review'], availableAt: DUE });
    expect(liveThrough(one, { kind: 'lifted', cause: 'fraud_review', at: day(7) })).toMatchObject({
      status: 'pending',
      availableAt: day(13),
    });
  });

  it('has its clock stopped for exactly the time it is held', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (heldAtMs, lengthMs) => {
        const heldAt = new Date(heldAtMs);
        const until = new Date(heldAtMs + lengthMs);
        const held = liveThrough(newEntry(1n, DUE), { kind: 'held', cause: 'dispute', at: heldAt })!;
        const lifted = liveThrough(held, { kind: 'lifted', cause: 'dispute', at: until })!;
        expect(lifted.availableAt.getTime() - DUE.getTime()).toBe(lengthMs);
      }),
    );
  });

  it.each([
    ['refund that raises a net', { kind: 'refunded', netMicros: 101n, at: DUE }],
    ['chargeback won that lowers a net', { kind: 'restored', netMicros: 99n, at: DUE }],
  ] as const)('knows that a %s is a bug', (_, event) => {
    expect(() => liveThrough(entries.pending!, event)).toThrow(RangeError);
  });
});
