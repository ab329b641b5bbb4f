import { DomainError, type FieldError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import { maskedNumber, type TaxNumbers, type UsNumberType } from './tax-number.js';

export const TAX_FORMS = ['w9', 'w8ben', 'eu'] as const;
export type TaxForm = (typeof TAX_FORMS)[number];

/** What a person's form is worth, in the words of policy and reports. */
export const FORM_STATUSES = ['none', 'w9', 'w9_without_number', 'w8ben', 'eu', 'expired'] as const;
export type FormStatus = (typeof FORM_STATUSES)[number];

export interface Address {
  readonly line1: string;
  readonly line2?: string | undefined;
  readonly city: string;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
}

/** Of a US person. Without a number: applied for, or not given. */
export interface W9 {
  readonly form: 'w9';
  /** That the person certified what the form says. */
  readonly certified: true;
  readonly name: string;
  readonly businessName?: string | undefined;
  readonly classification: string;
  readonly address: Address;
  readonly number?: { readonly type: UsNumberType; readonly value: string } | undefined;
}

/** Of somebody who is no US person. */
export interface W8Ben {
  readonly form: 'w8ben';
  readonly certified: true;
  readonly name: string;
  readonly birthDate: string;
  readonly citizenship: string;
  /** Where they are resident for tax. */
  readonly country: string;
  readonly address: Address;
  readonly foreignNumber?: string | undefined;
  readonly usNumber?: { readonly type: UsNumberType; readonly value: string } | undefined;
  /** A claim to a lower rate by a treaty of the US with `country`. */
  readonly treaty?: { readonly rateBps: number; readonly article: string } | undefined;
}

/** Of somebody who is resident in the EU, as DAC7 asks for. */
export interface EuIdentity {
  readonly form: 'eu';
  readonly certified: true;
  readonly kind: 'individual' | 'entity';
  readonly name: string;
  readonly birthDate?: string | undefined;
  readonly country: string;
  readonly address: Address;
  readonly number: string;
  readonly vatId?: string | undefined;
}

/** What a person declares. Personal from end to end: sealed where it is kept. */
export type Declaration = W9 | W8Ben | EuIdentity;

/** What is known of a declaration without opening it. Versions are only ever added; the last one counts. */
export interface TaxRecord {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly version: number;
  readonly form: TaxForm;
  /** Of residence, ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly maskedNumber: string | undefined;
  /** Claimed by a treaty; undefined: none. */
  readonly treatyRateBps: number | undefined;
  readonly submittedAt: Date;
  /** The first moment at which it is worth nothing any more; undefined: it does not run out. */
  readonly expiresAt: Date | undefined;
}

/**
 * A W-8BEN is valid until the last day of the third calendar year after that of its signature (26 CFR 1.1441-1(e)(4)(ii)),
 * here by UTC; the other forms until they are replaced.
 */
export function expiryOf(form: TaxForm, submittedAt: Date): Date | undefined {
  return form === 'w8ben' ? new Date(Date.UTC(submittedAt.getUTCFullYear() + 4, 0, 1)) : undefined;
}

export function statusOf(record: TaxRecord | undefined, at: Date): FormStatus {
  if (record === undefined) return 'none';
  if (record.expiresAt !== undefined && at >= record.expiresAt) return 'expired';
  return record.form === 'w9' && record.maskedNumber === undefined ? 'w9_without_number' : record.form;
}

/**
 * The declaration with its numbers in one spelling. Throws VALIDATION_FAILED with the paths of what cannot be: a number
 * against its published rules, a W-8BEN of a US person, a treaty without a tax number, a birth date that is none.
 */
export function checkedDeclaration(given: Declaration, by: { numbers: TaxNumbers; now: Date }): Declaration {
  const problems: FieldError[] = [];
  const checked = check(given, { ...by, refuse: (path, message) => problems.push({ path, message }) });
  if (problems.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors: problems });
  return checked;
}

interface Check {
  readonly numbers: TaxNumbers;
  readonly now: Date;
  readonly refuse: (path: string, message: string) => void;
}

function check(given: Declaration, by: Check): Declaration {
  if ('birthDate' in given && given.birthDate !== undefined && !isBirthDate(given.birthDate, by.now)) {
    by.refuse('birthDate', 'must be a day in the last 130 years');
  }
  switch (given.form) {
    case 'w9':
      return { ...given, number: usNumber(given.number, 'number', by) };
    case 'w8ben':
      return checkW8Ben(given, by);
    case 'eu':
      return checkEu(given, by);
  }
}

function checkW8Ben(given: W8Ben, by: Check): W8Ben {
  if (given.citizenship === 'US') by.refuse('citizenship', 'of a US person: give a W-9');
  if (given.country === 'US') by.refuse('country', 'of a US person: give a W-9');
  const { foreignNumber, usNumber: us } = given;
  if (given.treaty !== undefined && foreignNumber === undefined && us === undefined) {
    by.refuse('foreignNumber', 'must be given, or usNumber, where a treaty is claimed');
  }
  if (us?.type === 'ein') by.refuse('usNumber.type', 'must be ssn or itin');
  const isEu = by.numbers.eu(given.country, 'individual', foreignNumber ?? '');
  return { ...given, foreignNumber: isEu ?? foreignNumber, usNumber: usNumber(us, 'usNumber', by) };
}

function checkEu(given: EuIdentity, by: Check): EuIdentity {
  const { country, kind, birthDate, vatId } = given;
  if (kind === 'individual' && birthDate === undefined) by.refuse('birthDate', 'must be given of an individual');
  const number = by.numbers.eu(country, kind, given.number);
  if (number === undefined) by.refuse('number', `is not a tax identification number of ${country}`);
  const vat = vatId === undefined ? undefined : by.numbers.vat(country, vatId);
  if (vatId !== undefined && vat === undefined) by.refuse('vatId', `is not a VAT identification number of ${country}`);
  return { ...given, number: number ?? given.number, vatId: vat };
}

function usNumber(given: W9['number'], path: string, by: Check): W9['number'] {
  if (given === undefined) return undefined;
  const value = by.numbers.us(given.type, given.value);
  if (value === undefined) by.refuse(`${path}.value`, `is not an ${given.type.toUpperCase()}`);
  return { type: given.type, value: value ?? given.value };
}

const OLDEST_YEARS = 130;

function isBirthDate(text: string, now: Date): boolean {
  const date = new Date(`${text}T00:00:00.000Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) return false;
  return date < now && date.getUTCFullYear() > now.getUTCFullYear() - OLDEST_YEARS;
}

/** What may be known of a declaration without opening it. */
export function outlineOf(
  declaration: Declaration,
): Pick<TaxRecord, 'form' | 'country' | 'maskedNumber' | 'treatyRateBps'> {
  const number = numberOf(declaration);
  return {
    form: declaration.form,
    country: declaration.form === 'w9' ? 'US' : declaration.country,
    maskedNumber: number === undefined ? undefined : maskedNumber(number),
    treatyRateBps: declaration.form === 'w8ben' ? declaration.treaty?.rateBps : undefined,
  };
}

function numberOf(declaration: Declaration): string | undefined {
  if (declaration.form === 'w8ben') return declaration.foreignNumber ?? declaration.usNumber?.value;
  return declaration.form === 'eu' ? declaration.number : declaration.number?.value;
}
