import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { requestHash } from './request-hash.js';
import { moneySchema, timestampSchema } from './schemas.js';

const hex = (value: unknown): string => Buffer.from(requestHash(value)).toString('hex');

describe('requestHash', () => {
  const body = z.strictObject({ amount: moneySchema, at: timestampSchema.optional(), note: z.string().optional() });
  const parsed = (input: unknown): string => hex(body.parse(input));

  it.each([
    ['79 and 79.00', { amount: { amount: '79', currency: 'USD' } }, { amount: { amount: '79.00', currency: 'USD' } }],
    [
      'members in another order',
      { note: 'x', amount: { amount: '1', currency: 'USD' } },
      { amount: { currency: 'USD', amount: '1' }, note: 'x' },
    ],
    [
      'the same moment with another offset',
      { amount: { amount: '1', currency: 'USD' }, at: '2025-06-01T12:00:00Z' },
      { amount: { amount: '1', currency: 'USD' }, at: '2025-06-01T14:00:00.000+02:00' },
    ],
  ])('is the same for %s', (_name, one, other) => {
    expect(parsed(one)).toBe(parsed(other));
  });

  it.each([
    ['another amount', { a: 1n }, { a: 2n }],
    ['a bigint and its text', { a: 1n }, { a: '1n' }],
    ['a bigint and a number', { a: 1n }, { a: 1 }],
    ['a date and its text', { a: new Date(0) }, { a: '@1970-01-01T00:00:00.000Z' }],
    ['a text that looks like more members', { a: '1","b":"2' }, { a: '1', b: '2' }],
    ['null and absent', { a: null }, {}],
    ['an empty object and nothing', {}, undefined],
    ['null and nothing', null, undefined],
    ['an array in another order', [1, 2], [2, 1]],
    ['nested arrays', [[1], 2], [1, [2]]],
  ])('differs for %s', (_name, one, other) => {
    expect(hex(one)).not.toBe(hex(other));
  });

  it('treats a member that is undefined as absent, and minus zero as zero', () => {
    expect(hex({ a: undefined, b: -0 })).toBe(hex({ b: 0 }));
  });

  it('is equal exactly when two JSON values are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const equal = fc.stringify(sorted(one)) === fc.stringify(sorted(other));
        expect(hex(one) === hex(other)).toBe(equal);
        expect(hex(JSON.parse(JSON.stringify(one)))).toBe(hex(one));
      }),
    );
  });

  it.each([[Number.NaN], [new Map()], [() => 1], [Symbol('x')]])('refuses %p, which no request holds', (value) => {
    expect(() => requestHash({ value })).toThrow(TypeError);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]): [string, unknown] => [name, sorted(member)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
