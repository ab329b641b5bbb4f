import { describe, expect, it } from '@jest/globals';
import { currencyOf, isCurrency, minorDigits } from './index.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
const ALL_CODES = LETTERS.flatMap((a) => LETTERS.flatMap((b) => LETTERS.map((c) => a + b + c))).filter((code) =>
  isCurrency(code),
);

describe('the table of currencies', () => {
  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['KWD', 3],
    ['BHD', 3],
    ['UYW', 4],
    ['XOF', 0],
    ['XCG', 2],
    ['ZWG', 2],
    ['SLE', 2],
    ['MRU', 2],
  ])('%s has %i minor digits', (code, digits) => {
    expect(minorDigits(currencyOf(code))).toBe(digits);
  });

  it.each([
    ['metals', ['XAG', 'XAU', 'XPD', 'XPT']],
    ['funds', ['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI']],
    ['units of account', ['XAD', 'XBA', 'XBB', 'XBC', 'XBD', 'XDR', 'XSU', 'XUA']],
    ['test and no currency', ['XTS', 'XXX']],
    ['withdrawn', ['ANG', 'BGN', 'CUC', 'DEM', 'HRK', 'SLL', 'VEF', 'ZWL']],
    ['not upper case', ['usd', 'Usd']],
    ['not a code', ['', 'US', 'USDT', ' USD', 'USD\n', 'toString', '__proto__']],
  ])('refuses %s', (_, codes) => {
    expect(codes.filter((code) => isCurrency(code))).toEqual([]);
    for (const code of codes) expect(() => currencyOf(code)).toThrow(RangeError);
  });

  it('holds 156 codes: a change of the table is a decision, not a slip', () => {
    expect(ALL_CODES).toHaveLength(156);
  });

  it('holds no code that the platform has never heard of, but for two that no country uses every day', () => {
    const known = new Set([...Intl.supportedValuesOf('currency'), 'UYW', 'VED']);
    expect(ALL_CODES.filter((code) => !known.has(code))).toEqual([]);
  });
});
