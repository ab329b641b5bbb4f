import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseExactly } from './exact-json.js';

const again = (text: string) => JSON.stringify(parseExactly(text));

describe('Exact JSON', () => {
  it.each([
    '{"seed":9007199254740993}',
    '{"temperature":1.0,"top_p":1e-1}',
    '{"deep":[{"n":123456789012345678901234567890}]}',
    '{"a":-0,"b":0.10,"c":"9007199254740993","d":null,"e":[true,false]}',
  ])('writes %s as it was read', (text) => expect(again(text)).toBe(text));

  it('keeps one of two members of a name: the one that JSON.parse sees', () => {
    expect(again('{"model":"a","model":"b"}')).toBe('{"model":"b"}');
  });

  it('never changes a value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(again(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(['[]', '"a"', '1', 'null', '{', ''])('refuses %s', (text) => {
    expect(() => parseExactly(text)).toThrow(SyntaxError);
  });
});
