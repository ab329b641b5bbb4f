import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { asTenantId, asUserId } from '../ids.js';
import { policyOf, STANDARD_POLICY, type TaxPolicyChoice, thresholdOf, type TaxThreshold } from './tax-policy.js';
import {
  type Declaration,
  checkedDeclaration,
  expiryOf,
  type FormStatus,
  outlineOf,
  statusOf,
  type TaxRecord,
} from './tax-record.js';
import { publishedTaxNumbers as numbers } from './tax-numbers.adapter.js';
import { taxFindingOf, withheldBps } from './tax-rules.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const USD = currencyOf('USD');
const usd = (units: number): bigint => BigInt(units) * 1_000_000n;

const address = { line1: '1 Main Street', city: 'Springfield', region: 'IL', postalCode: '62701' };
const w9: Declaration = {
  form: 'w9',
  certified: true,
  name: 'Ann Lee',
  classification: 'individual',
  address,
  number: { type: 'ssn', value: '536-90-4399' },
};
const w8ben: Declaration = {
  form: 'w8ben',
  certified: true,
  name: 'Ana Luz',
  birthDate: '1980-02-29',
  citizenship: 'BR',
  country: 'BR',
  address,
  foreignNumber: '390.533.447-05',
  treaty: { rateBps: 1_500, article: 'VII' },
};
const eu: Declaration = {
  form: 'eu',
  certified: true,
  kind: 'individual',
  name: 'Anna Lang',
  birthDate: '1980-02-29',
  country: 'DE',
  address,
  number: '36 574 261 809',
  vatId: 'DE136695976',
};

const wrong = (declaration: object): string[] => {
  try {
    checkedDeclaration(declaration as Declaration, { numbers, now: NOW });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error.fieldErrors.map(({ path }) => path);
  }
  return [];
};

describe('A declaration', () => {
  it.each([
    ['W-9', w9, { form: 'w9', country: 'US', maskedNumber: '•••• 4399', treatyRateBps: undefined }],
    ['W-9 whose number is applied for', { ...w9, number: undefined }, { form: 'w9', country: 'US' }],
    ['W-8BEN', w8ben, { form: 'w8ben', country: 'BR', maskedNumber: '•••• 7-05', treatyRateBps: 1_500 }],
    ['of the EU', eu, { form: 'eu', country: 'DE', maskedNumber: '•••• 1809' }],
  ])('%s is taken, and its outline tells nothing personal', (_, declaration, outline) => {
    const checked = checkedDeclaration(declaration, { numbers, now: NOW });
    expect(outlineOf(checked)).toEqual({ maskedNumber: undefined, treatyRateBps: undefined, ...outline });
  });

  it.each<[string, object, string[]]>([
    ['an SSN that cannot be', { ...w9, number: { type: 'ssn', value: '000-00-0000' } }, ['number.value']],
    ['an SSN called an EIN', { ...w9, number: { type: 'ein', value: '078-05-1120' } }, ['number.value']],
    ['a US citizen’s W-8BEN', { ...w8ben, citizenship: 'US', country: 'US' }, ['citizenship', 'country']],
    ['a treaty without a number', { ...w8ben, foreignNumber: undefined }, ['foreignNumber']],
    ['an EIN on a W-8BEN', { ...w8ben, usNumber: { type: 'ein', value: '91-1144442' } }, ['usNumber.type']],
    ['the 30th of February', { ...w8ben, birthDate: '1980-02-30' }, ['birthDate']],
    ['a birth in the future', { ...w8ben, birthDate: '2026-06-02' }, ['birthDate']],
    ['a birth long ago', { ...eu, birthDate: '1896-01-01' }, ['birthDate']],
    ['another country’s number', { ...eu, country: 'FR' }, ['number', 'vatId']],
    ['a wrong VAT number', { ...eu, vatId: 'DE136695977' }, ['vatId']],
    ['an individual without birth date', { ...eu, birthDate: undefined }, ['birthDate']],
  ])('with %s is refused', (_, declaration, paths) => {
    expect(wrong(declaration)).toEqual(paths);
  });
});

const record = (form: TaxRecord['form'], more: Partial<TaxRecord> = {}): TaxRecord => ({
  tenantId: asTenantId('t'),
  personId: asUserId('p'),
  version: 1,
  form,
  country: 'US',
  maskedNumber: '•••• 4399',
  treatyRateBps: undefined,
  submittedAt: NOW,
  expiresAt: expiryOf(form, NOW),
  ...more,
});

describe('A form', () => {
  it.each<[string, TaxRecord | undefined, string, FormStatus]>([
    ['that there is not', undefined, '2026-06-01T12:00:00.000Z', 'none'],
    ['W-9', record('w9'), '2099-01-01T00:00:00.000Z', 'w9'],
    [
      'W-9 without a number',
      record('w9', { maskedNumber: undefined }),
      '2026-06-01T12:00:00.000Z',
      'w9_without_number',
    ],
    ['W-8BEN in its third year', record('w8ben'), '2029-12-31T23:59:59.999Z', 'w8ben'],
    ['W-8BEN after it', record('w8ben'), '2030-01-01T00:00:00.000Z', 'expired'],
    ['of the EU', record('eu'), '2099-01-01T00:00:00.000Z', 'eu'],
  ])('%s', (_, given, at, status) => {
    expect(statusOf(given, new Date(at))).toBe(status);
  });
});

const thresholds: TaxThreshold[] = [
  { form: '1099-NEC', currency: USD, fromYear: 2000, amountMicros: usd(600) },
  { form: '1099-NEC', currency: USD, fromYear: 2026, amountMicros: usd(2_000) },
];

describe('The threshold', () => {
  it.each([
    [1999, 'USD', undefined],
    [2025, 'USD', usd(600)],
    [2026, 'USD', usd(2_000)],
    [2031, 'USD', usd(2_000)],
    [2026, 'EUR', undefined],
  ])('of %d in %s', (year, currency, amount) => {
    expect(thresholdOf(thresholds, { year, currency: currencyOf(currency) })?.amountMicros).toBe(amount);
  });
});

describe('A payout', () => {
  const found = (given: {
    units: number;
    before?: number;
    record?: TaxRecord | undefined;
    choice?: TaxPolicyChoice;
    at?: string;
    currency?: string;
  }) => {
    const { units, before = 0, choice = {}, at = NOW.toISOString(), currency = 'USD' } = given;
    const payout = { amountMicros: usd(units), currency: currencyOf(currency), requestedAt: new Date(at) };
    const policy = policyOf(choice, 1);
    return taxFindingOf({ payout, record: given.record, policy, thresholds, totalBeforeMicros: usd(before) })?.code;
  };

  it.each<[string, Parameters<typeof found>[0], string | undefined]>([
    ['that stays below', { units: 999, before: 1_000 }, undefined],
    ['that reaches it', { units: 1_000, before: 1_000 }, 'tax_form_missing'],
    ['of 2025, which had another', { units: 600, at: '2025-12-31T23:59:59.000Z' }, 'tax_form_missing'],
    ['with a W-9', { units: 5_000, record: record('w9') }, undefined],
    [
      'with a W-9 without a number',
      { units: 5_000, record: record('w9', { maskedNumber: undefined }) },
      'tax_number_missing',
    ],
    [
      'with a W-8BEN that has expired',
      { units: 5_000, record: record('w8ben'), at: '2030-01-01T00:00:00.000Z' },
      'tax_form_expired',
    ],
    ['in a currency that has none', { units: 5_000, currency: 'EUR' }, undefined],
    ['where nobody asks', { units: 5_000, choice: { missingForm: 'ignore' } }, undefined],
    ['where tax is withheld instead', { units: 5_000, choice: { withholdingBps: { none: 2_400 } } }, undefined],
    [
      'where it is withheld for another lack',
      { units: 5_000, choice: { withholdingBps: { expired: 2_400 } } },
      'tax_form_missing',
    ],
  ])('%s: %p → %s', (_, given, code) => {
    expect(found(given)).toBe(code);
  });
});

describe('What is withheld', () => {
  const policy = policyOf({ withholdingBps: { w8ben: 3_000, w9_without_number: 2_400, expired: 3_000 } }, 1);
  it.each<[string, TaxRecord | undefined, number]>([
    ['with a W-9 without a number', record('w9', { maskedNumber: undefined }), 2_400],
    ['with a W-9', record('w9'), 0],
    ['with a W-8BEN', record('w8ben'), 3_000],
    ['by a treaty', record('w8ben', { treatyRateBps: 1_500 }), 1_500],
    ['by a treaty to nothing', record('w8ben', { treatyRateBps: 0 }), 0],
    ['by a treaty that takes more', record('w8ben', { treatyRateBps: 3_001 }), 3_000],
    ['by a treaty on a form that has expired', record('w8ben', { treatyRateBps: 0, expiresAt: NOW }), 3_000],
    ['without a form', undefined, 0],
  ])('%s', (_, given, bps) => {
    expect(withheldBps(given, policy, NOW)).toBe(bps);
    expect(withheldBps(given, STANDARD_POLICY, NOW)).toBe(0);
  });
});
