import { describe, expect, it } from '@jest/globals';
import { asCommissionId, asPurchaseId } from '../ids.js';
import type { Entry } from '../purchases/book-changes.js';
import { compareExtra, comparePurchases, IN_FLIGHT_MS, type PurchaseState } from './compare-purchases.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const purchaseId = asPurchaseId('00000000-0000-7000-8000-000000000001');
const [first, second] = [2, 3].map((n) => asCommissionId(`00000000-0000-7000-8000-00000000000${n}`)) as [
  ReturnType<typeof asCommissionId>,
  ReturnType<typeof asCommissionId>,
];
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const pending = (netMicros: bigint): Entry => ({ status: 'pending', netMicros });

const state = (other: Partial<PurchaseState> = {}): PurchaseState => ({
  purchaseId,
  sequence: 3n,
  entries: new Map([
    [first, pending(20n)],
    [second, pending(10n)],
  ]),
  changedAt: ago(3_600_000),
  ...other,
});

const compare = (theirs: PurchaseState, ours?: PurchaseState) =>
  comparePurchases([theirs], new Map(ours === undefined ? [] : [[ours.purchaseId, ours]]), NOW);

const BALANCED = { breaks: [], inFlight: 0 };
const UNDER_WAY = { breaks: [], inFlight: 1 };

describe('I4: a purchase of both sides', () => {
  it('balances when all entries are equal, in whatever order', () => {
    const turned = new Map([...state().entries].toReversed());
    expect(compare(state(), state({ entries: turned, changedAt: NOW }))).toEqual(BALANCED);
    expect(compare(state({ entries: new Map() }), state({ entries: new Map() }))).toEqual(BALANCED);
  });

  it.each([
    [
      'another net',
      new Map([
        [first, pending(20n)],
        [second, pending(11n)],
      ]),
      'pending 10 micros in viral-engine and pending 11 micros',
    ],
    [
      'another status',
      new Map([
        [first, pending(20n)],
        [second, { status: 'held', netMicros: 10n }],
      ]),
      'and held 10 micros in the ledger',
    ],
    ['an entry less', new Map([[first, pending(20n)]]), 'missing in the ledger'],
    ['an entry more', new Map([...state().entries, [asCommissionId('x'), pending(1n)]]), 'missing in viral-engine'],
    ['none', new Map(), 'missing in the ledger'],
  ] as [string, Map<typeof first, Entry>, string][])('breaks at an equal sequence with %s', (_, entries, detail) => {
    const { breaks, inFlight } = compare(state({ changedAt: NOW }), state({ entries }));
    expect(inFlight).toBe(0);
    expect(breaks).toEqual([
      { invariant: 'I4', subject: `purchase ${purchaseId}`, detail: expect.stringContaining(detail) },
    ]);
  });
});

describe('I4: a purchase whose sequences differ', () => {
  const behind = { sequence: 2n, entries: new Map() };

  it.each([
    ['the ledger is behind, since just now', state({ changedAt: NOW }), state(behind)],
    ['the ledger is behind, for 15 minutes', state({ changedAt: ago(IN_FLIGHT_MS) }), state(behind)],
    ['the ledger has nothing of it yet', state({ changedAt: ago(IN_FLIGHT_MS) }), undefined],
    ['the ledger is ahead, since just now', state(behind), state({ changedAt: NOW })],
    ['the ledger is ahead, for 15 minutes', state(behind), state({ changedAt: ago(IN_FLIGHT_MS) })],
  ] as [string, PurchaseState, PurchaseState | undefined][])('is in flight when %s', (_, theirs, ours) => {
    expect(compare(theirs, ours)).toEqual(UNDER_WAY);
  });

  it.each([
    ['the ledger is behind', state({ changedAt: ago(IN_FLIGHT_MS + 1) }), state(behind), 'the ledger has 2'],
    ['the ledger has nothing of it', state({ changedAt: ago(IN_FLIGHT_MS + 1) }), undefined, 'the ledger has 0'],
    ['viral-engine is behind', state(behind), state({ changedAt: ago(IN_FLIGHT_MS + 1) }), 'the ledger has 3 since'],
  ] as [string, PurchaseState, PurchaseState | undefined, string][])(
    'is a break past 15 minutes when %s',
    (_, theirs, ours, detail) => {
      const { breaks, inFlight } = compare(theirs, ours);
      expect([inFlight, breaks.length]).toEqual([0, 1]);
      expect(breaks[0]!.detail).toContain(detail);
    },
  );
});

describe('I4: a purchase that only the ledger has', () => {
  it.each([
    [0, 0, 1],
    [IN_FLIGHT_MS, 0, 1],
    [IN_FLIGHT_MS + 1, 1, 0],
  ])('for %i ms before the comparison: %i breaks, %i in flight', (ms, breaks, inFlight) => {
    const found = compareExtra([state({ changedAt: ago(ms) })], NOW);
    expect([found.breaks.length, found.inFlight]).toEqual([breaks, inFlight]);
  });
});
