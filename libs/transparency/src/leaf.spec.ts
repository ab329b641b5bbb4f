import { describe, expect, it } from '@jest/globals';
import { leafHash } from './hashes.js';
import { canonicalBytes, fromBase64, parseCanonical } from './canonical.js';
import { commitTo, decodeLeaf, type EntryLeaf, encodeLeaf, hashOfLeaf } from './leaf.js';

const id = (n: number): string => `00000000-0000-7000-8000-${n.toString().padStart(12, '0')}`;
const LEAF: EntryLeaf = {
  v: 1,
  kind: 'entry',
  ordinal: 1,
  commissionId: id(1),
  purchaseId: id(2),
  beneficiaryId: id(3),
  entryKind: 'level',
  level: 1,
  currency: 'USD',
  purchaseAmount: '79000000',
  rateBps: 2000,
  boostBps: 0,
  sumBeforeCap: '49770000',
  maxPayoutBps: 7000,
  cap: '55300000',
  ownRooms: {},
  company: null,
  cuts: [],
  gross: '15800000',
  plan: { id: 'standard', version: 1, holdDays: 30 },
  occurredAt: '2026-06-01T00:00:00.000Z',
  recordedAt: '2026-06-01T00:00:01.000Z',
  availableAt: '2026-07-01T00:00:00.000Z',
};

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    // The example of RFC 8785, section 3.2.2 and 3.2.3.
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\u002f',
      literals: [null, true, false],
    };
    expect(Buffer.from(canonicalBytes(value)).toString()).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Buffer.from(canonicalBytes(names)).toString()).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    );
  });

  it('is the only encoding that is read', () => {
    const read = (text: string | Uint8Array) => parseCanonical(Buffer.from(text));
    expect(read('{"a":1,"b":[]}')).toEqual({ value: { a: 1, b: [] } });
    const others = [
      '{"b":[],"a":1}',
      '{"a":1, "b":[]}',
      '{"a":1.0}',
      '{"a":1,"a":1}',
      '\ufeff{}',
      '{}\n',
      '{"a":-0}',
      '{',
    ];
    for (const text of [...others, Buffer.from([0x22, 0xff, 0x22])]) expect(read(text)).toBeUndefined();
  });

  it('has one base 64 for each byte sequence', () => {
    expect(fromBase64('AA==')).toEqual(Buffer.alloc(1));
    for (const text of ['AA', 'AB==', 'AA==\n', 'A-==']) expect(fromBase64(text)).toBeUndefined();
  });
});

describe('leaves', () => {
  it('read back from their encoding, and from no other', () => {
    const bytes = encodeLeaf(LEAF);
    expect(decodeLeaf(bytes)).toEqual(LEAF);
    expect(Buffer.from(bytes).toString()).toMatch(/^\{"availableAt":"2026-07-01T00:00:00.000Z","beneficiaryId"/);
    expect(decodeLeaf(Buffer.concat([bytes, Buffer.from(' ')]))).toBeUndefined();
    expect(decodeLeaf(canonicalBytes({ ...LEAF, other: 1 }))).toBeUndefined();
    expect(decodeLeaf(canonicalBytes({ ...LEAF, gross: '015800000' }))).toBeUndefined();
    expect(() => encodeLeaf({ ...LEAF, occurredAt: '2026-06-01T00:00:00Z' })).toThrow();
    expect(() => encodeLeaf({ ...LEAF, ordinal: 0 })).toThrow();
  });

  it('are committed to under their blinding: another leaf or blinding gives another commitment', () => {
    const blinding = Buffer.alloc(32, 1);
    const commitment = Buffer.from(commitTo(encodeLeaf(LEAF), blinding)).toString('hex');
    expect(commitment).toHaveLength(64);
    expect(Buffer.from(commitTo(encodeLeaf({ ...LEAF, gross: '1' }), blinding)).toString('hex')).not.toBe(commitment);
    expect(Buffer.from(commitTo(encodeLeaf(LEAF), Buffer.alloc(32, 2))).toString('hex')).not.toBe(commitment);
    expect(() => commitTo(encodeLeaf(LEAF), Buffer.alloc(31))).toThrow(RangeError);
    expect(hashOfLeaf(encodeLeaf(LEAF), blinding)).toEqual(leafHash(Buffer.from(commitment, 'hex')));
  });
});
