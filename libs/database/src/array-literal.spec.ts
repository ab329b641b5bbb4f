import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { parameterOf } from './array-literal.js';

const TEXT_ARRAY_OID = 1009;
const read: (literal: string) => unknown = pg.types.getTypeParser(
  TEXT_ARRAY_OID as Parameters<typeof pg.types.getTypeParser>[0],
  'text',
);

describe('parameterOf', () => {
  it.each([
    [[], '{}'],
    [['a', 'NULL', ''], '{"a","NULL",""}'],
    [[null, undefined], '{NULL,NULL}'],
    [['say "hi"', 'back\\slash', 'a,b', '{c}'], '{"say \\"hi\\"","back\\\\slash","a,b","{c}"}'],
    [[9_007_199_254_740_993n, -1n], '{9007199254740993,-1}'],
    [[1.5, -0.25, Number.POSITIVE_INFINITY], '{"1.5","-0.25","Infinity"}'],
    [[true, false], '{true,false}'],
    [[new Date(0), null], '{"1970-01-01T00:00:00.000Z",NULL}'],
  ])('writes %j', (elements, literal) => {
    expect(parameterOf(elements)).toBe(literal);
  });

  it('writes any text so that it is read back as it was', () => {
    const texts = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 8 }), { nil: null }), { maxLength: 8 });
    fc.assert(fc.property(texts, (elements) => expect(read(String(parameterOf(elements)))).toEqual(elements)));
  });

  it.each([['text'], [7], [null], [new Date(0)], [Buffer.from('a')], [{ a: 1 }]])('leaves %p alone', (value) => {
    expect(parameterOf(value)).toBe(value);
  });

  it.each([[[new Date(-1e14)]], [[Buffer.from('a')]], [[['nested']]], [['a', { b: 1 }]]])(
    'leaves %j to the driver',
    (value) => {
      expect(parameterOf(value)).toBe(value);
    },
  );
});
