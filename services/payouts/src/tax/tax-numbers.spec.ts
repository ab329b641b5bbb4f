import { describe, expect, it } from '@jest/globals';
import { EU_COUNTRIES, maskedNumber, type UsNumberType } from './tax-number.js';
import { publishedTaxNumbers as numbers } from './tax-numbers.adapter.js';

describe('A US tax number', () => {
  it.each<[UsNumberType, string, string | undefined]>([
    ['ssn', '536-90-4399', '536904399'],
    ['ssn', '536 90 4399', '536904399'],
    ['ssn', '000-12-3456', undefined],
    ['ssn', '666-12-3456', undefined],
    ['ssn', '900-12-3456', undefined],
    ['ssn', '123-00-4567', undefined],
    ['ssn', '123-45-0000', undefined],
    // Printed in a million wallets.
    ['ssn', '078-05-1120', undefined],
    ['ssn', '12345678', undefined],
    ['ssn', '53690439९', undefined],
    ['ein', '91-1144442', '911144442'],
    ['ein', '07-1144442', undefined],
    ['itin', '912-50-1234', '912501234'],
    ['itin', '912-65-1234', '912651234'],
    ['itin', '912-66-1234', undefined],
    ['itin', '912-93-1234', undefined],
    ['itin', '812-50-1234', undefined],
  ])('%s %s', (type, number, compact) => {
    expect(numbers.us(type, number)).toBe(compact);
  });
});

describe('A tax number of the EU', () => {
  it.each<[string, 'individual' | 'entity', string, string]>([
    ['DE', 'individual', '36 574 261 809', '36574261809'],
    ['ES', 'individual', '54362315-K', '54362315K'],
    ['IT', 'individual', 'RCCMNL83S18D969H', 'RCCMNL83S18D969H'],
    ['NL', 'individual', '1112.22.333', '111222333'],
    ['PL', 'individual', '44051401359', '44051401359'],
    ['HU', 'individual', '8071592153', '8071592153'],
    ['FR', 'entity', '552 008 443', '552008443'],
    ['IT', 'entity', '00743110157', '00743110157'],
    ['PT', 'individual', '123456789', '123456789'],
    ['SE', 'individual', '880320-0016', '880320-0016'],
    ['GR', 'individual', '094259216', '094259216'],
  ])('%s of an %s: %s', (country, kind, number, compact) => {
    expect(numbers.eu(country, kind, number)).toBe(compact);
  });

  it.each(EU_COUNTRIES)('of %s has a rule, by which nonsense is none', (country) => {
    for (const kind of ['individual', 'entity'] as const) {
      for (const nonsense of ['', '0', 'ABC', '<script>', '1234567890123456789']) {
        expect([nonsense, numbers.eu(country, kind, nonsense)]).toEqual([nonsense, undefined]);
      }
    }
  });

  it.each([
    ['DE', '36574261808'],
    ['ES', '54362315A'],
    ['IT', 'RCCMNL83S18D969A'],
    ['PL', '44051401358'],
  ])('of %s with a wrong check digit is none', (country, number) => {
    expect(numbers.eu(country, 'individual', number)).toBeUndefined();
  });

  it('of another country is none', () => {
    expect(numbers.eu('US', 'individual', '536904399')).toBeUndefined();
  });
});

describe('A VAT number', () => {
  it.each([
    ['DE', 'DE 136,695 976', 'DE136695976'],
    ['FR', 'FR 40 303 265 045', 'FR40303265045'],
    ['GR', 'EL 094259216', 'EL094259216'],
  ])('of %s', (country, number, plain) => {
    expect(numbers.vat(country, number)).toBe(plain);
  });

  it.each([
    ['DE', '136695976'],
    ['DE', 'FR40303265045'],
    ['DE', 'DE136695977'],
    ['GR', 'GR094259216'],
    ['US', 'US911144442'],
  ])('is not, of %s, %s', (country, number) => {
    expect(numbers.vat(country, number)).toBeUndefined();
  });
});

describe('What is shown of a number', () => {
  it('is its last four, and nothing of a short one', () => {
    expect(maskedNumber('536904399')).toBe('•••• 4399');
    expect(maskedNumber('12345')).toBe('••••');
  });
});
