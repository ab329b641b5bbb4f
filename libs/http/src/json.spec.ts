import { describe, expect, it } from '@jest/globals';
import { JsonText, toJson } from './json.js';

describe('toJson', () => {
  it('writes a bigint as text, wherever it stands', () => {
    expect(toJson({ a: [{ b: 2n ** 63n }], c: 'x' })).toBe('{"a":[{"b":"9223372036854775808"}],"c":"x"}');
  });

  it('writes everything else as JSON.stringify does', () => {
    const value = { a: 1.5, b: null, c: new Date(0), d: undefined, e: ['ü'] };
    expect(toJson(value)).toBe(JSON.stringify(value));
  });

  it('sends what is JSON already as it is', () => {
    const made = new JsonText({ a: 'line\nbreak' });
    expect(made.text).toBe('{"a":"line\\nbreak"}');
    expect(toJson(made)).toBe(made.text);
  });

  it('does not hide that a value has no end', () => {
    const endless: { self?: unknown } = {};
    endless.self = endless;
    expect(() => toJson(endless)).toThrow(TypeError);
  });
});
