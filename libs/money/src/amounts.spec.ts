import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_PURCHASE_MICROS,
  MICROS_PER_UNIT,
  currencyOf,
  floorToMinorUnit,
  formatDecimal,
  isWholeMinorUnits,
  parseDecimal,
} from './index.js';

/** Everything a client can write: 10 digits before the point, 6 after it. */
const LARGEST_PARSED = 9_999_999_999_999_999n;
const anyBalance = fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n });

describe('an amount that a client writes', () => {
  it.each([
    ['0', 0n],
    ['79', 79_000_000n],
    ['79.0', 79_000_000n],
    ['79.00', 79_000_000n],
    ['0.000001', 1n],
    ['0.002', 2_000n],
    ['1000000000.00', MAX_PURCHASE_MICROS],
    ['9999999999.999999', LARGEST_PARSED],
  ])('%s is %s micros', (text, micros) => {
    expect(parseDecimal(text)).toBe(micros);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '-1',
    '+1',
    '01',
    '00',
    '.5',
    '5.',
    '1.0000000',
    '12345678901',
    '1,00',
    '1e3',
    '0x1',
    'NaN',
    'Infinity',
    '1.2.3',
    '\u0663',
    '\uFF11',
    '1_000',
  ])('%j is refused', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });

  it('is accepted exactly when it matches the published pattern', () => {
    const published = /^(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?$/;
    const nearMisses = fc.stringMatching(/^[-+ ]?[0-9]{0,12}[.,]?[0-9]{0,8}\n?$/);
    fc.assert(
      fc.property(fc.oneof(nearMisses, fc.string()), (text) => {
        expect(parseDecimal(text) !== undefined).toBe(published.test(text));
      }),
    );
  });
});

describe('an amount that we write', () => {
  it.each([
    [0n, '0.00'],
    [1n, '0.000001'],
    [10n, '0.00001'],
    [100_000n, '0.10'],
    [15_800_000n, '15.80'],
    [1_580_500n, '1.5805'],
    [79_000_000n, '79.00'],
    [-1n, '-0.000001'],
    [-12_340_000n, '-12.34'],
    [MAX_PURCHASE_MICROS, '1000000000.00'],
    [10n ** 38n - 1n, '99999999999999999999999999999999.999999'],
  ])('%s micros is %s', (micros, text) => {
    expect(formatDecimal(micros)).toBe(text);
  });

  it('is read back as the same amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: LARGEST_PARSED }), (micros) => {
        expect(parseDecimal(formatDecimal(micros))).toBe(micros);
      }),
    );
  });

  it('has 2 to 6 fraction digits, none of them an idle zero past the second, and the sign of the amount', () => {
    fc.assert(
      fc.property(anyBalance, (micros) => {
        const text = formatDecimal(micros);
        expect(text).toMatch(/^-?(0|[1-9][0-9]*)\.[0-9]{2}([0-9]{0,3}[1-9])?$/);
        expect(text.startsWith('-')).toBe(micros < 0n);
        const [units = '', fraction = ''] = text.replace('-', '').split('.');
        const absolute = BigInt(units) * MICROS_PER_UNIT + BigInt(fraction.padEnd(6, '0'));
        expect(micros < 0n ? -absolute : absolute).toBe(micros);
      }),
    );
  });

  it('does not depend on how a client wrote it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: LARGEST_PARSED }), fc.integer({ min: 0, max: 4 }), (micros, zeros) => {
        const [units, fraction = ''] = formatDecimal(micros).split('.');
        const longer = `${units}.${(fraction + '0'.repeat(zeros)).slice(0, 6)}`;
        expect(parseDecimal(longer)).toBe(micros);
      }),
    );
  });
});

describe('real money moves in minor units', () => {
  it.each([
    ['USD', 1_234_567n, 1_230_000n],
    ['JPY', 1_999_999n, 1_000_000n],
    ['KWD', 1_234_567n, 1_234_000n],
    ['UYW', 1_234_567n, 1_234_500n],
    ['USD', 9_999n, 0n],
    ['USD', -1n, -10_000n],
    ['USD', -10_000n, -10_000n],
    ['JPY', MAX_PURCHASE_MICROS + 1n, MAX_PURCHASE_MICROS],
  ])('%s: %s floors to %s', (code, micros, floored) => {
    expect(floorToMinorUnit(micros, currencyOf(code))).toBe(floored);
  });

  it('the floor is the largest payable amount that is not above', () => {
    const currency = fc.constantFrom(
      { currency: currencyOf('JPY'), unit: 1_000_000n },
      { currency: currencyOf('USD'), unit: 10_000n },
      { currency: currencyOf('KWD'), unit: 1_000n },
      { currency: currencyOf('UYW'), unit: 100n },
    );
    fc.assert(
      fc.property(anyBalance, currency, (micros, { currency, unit }) => {
        const floored = floorToMinorUnit(micros, currency);
        expect(floored % unit).toBe(0n);
        expect(floored <= micros && micros < floored + unit).toBe(true);
        expect(isWholeMinorUnits(floored, currency)).toBe(true);
        expect(isWholeMinorUnits(micros, currency)).toBe(floored === micros);
      }),
    );
  });
});
