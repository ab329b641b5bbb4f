import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { divide, givesWayAfter } from './batch-applier.js';
import { events } from './catalogue.js';
import type { Delivery } from './cloud-events.js';

function delivery(key: string, offset: number, readable = true): Delivery {
  const base = {
    id: `${key}-${offset}`,
    key,
    typeName: events.memberJoined.type,
    topic: 'viral.events.v1',
    partition: 0,
    offset: BigInt(offset),
    headers: {},
    payload: new Uint8Array(),
  };
  if (!readable) return { ...base, unreadable: 'garbled' };
  const { id, partition } = base;
  const payload = events.memberJoined.codec.decode(new Uint8Array());
  const event = { id, key, partition, offset: base.offset, payload, topic: 'viral.events.v1' } as const;
  return { ...base, event: { ...event, type: events.memberJoined, tenantId: 't', occurredAt: new Date(0) } };
}

const readableOrNot = fc.record({ key: fc.constantFrom('a', 'b', 'c'), readable: fc.boolean() });

describe('dividing a batch', () => {
  it('applies everything while nothing is parked', () => {
    const { toApply, toPark } = divide([delivery('a', 1), delivery('b', 2)], new Set());
    expect(toApply.map(({ id }) => id)).toEqual(['a-1', 'b-2']);
    expect(toPark).toEqual([]);
  });

  it('parks the unreadable with its reason, and what follows of its key without one', () => {
    const { toApply, toPark } = divide(
      [delivery('a', 1), delivery('a', 2, false), delivery('b', 3), delivery('a', 4)],
      new Set(),
    );
    expect(toApply.map(({ id }) => id)).toEqual(['a-1', 'b-3']);
    expect(toPark.map(({ delivery: { id }, error }) => [id, error])).toEqual([
      ['a-2', 'garbled'],
      ['a-4', undefined],
    ]);
  });

  it('parks everything of a key that is parked already', () => {
    const { toApply, toPark } = divide([delivery('a', 1), delivery('b', 2)], new Set(['viral.events.v1\u0000a']));
    expect(toApply.map(({ id }) => id)).toEqual(['b-2']);
    expect(toPark).toHaveLength(1);
  });

  it('loses nothing, and of no key applies an event after one that it parks', () => {
    fc.assert(
      fc.property(fc.array(readableOrNot, { maxLength: 30 }), fc.subarray(['a', 'b', 'c']), (batch, parkedBefore) => {
        const deliveries = batch.map(({ key, readable }, index) => delivery(key, index, readable));
        const { toApply, toPark } = divide(
          deliveries,
          new Set(parkedBefore.map((key) => `viral.events.v1\u0000${key}`)),
        );
        expect([...toApply.map(({ id }) => id), ...toPark.map(({ delivery: { id } }) => id)].toSorted()).toEqual(
          deliveries.map(({ id }) => id).toSorted(),
        );
        for (const { delivery: parked } of toPark) {
          expect(toApply.some(({ key, offset }) => key === parked.key && offset > parked.offset)).toBe(false);
        }
        expect(toApply.some(({ key }) => parkedBefore.includes(key))).toBe(false);
      }),
    );
  });
});

describe('A consumer gives way to other work', () => {
  const young = delivery('a', 1);
  it.each<[string, Parameters<typeof givesWayAfter>, boolean]>([
    ['never, unless it says so', [{}, young, 0], false],
    ['always, where it says no more', [{ givesWay: true }, young, 1e9], true],
    ['as long as what happened is young', [{ givesWay: { untilAgeMs: 1_000 } }, young, 999], true],
    ['not once it is older', [{ givesWay: { untilAgeMs: 1_000 } }, young, 1_000], false],
    ['where nobody can read when it happened', [{ givesWay: { untilAgeMs: 1 } }, delivery('a', 1, false), 1e9], true],
  ])('%s', (_, given, gives) => expect(givesWayAfter(...given)).toBe(gives));
});
