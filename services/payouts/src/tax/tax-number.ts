/** The states of the European Union, ISO 3166-1 alpha-2. */
export const EU_COUNTRIES: readonly string[] =
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

export const US_NUMBER_TYPES = ['ssn', 'ein', 'itin'] as const;
export type UsNumberType = (typeof US_NUMBER_TYPES)[number];

/** Checks numbers by the published rules of who gives them out; whether a number was given out, only they know. */
export interface TaxNumbers {
  /** In one spelling, without separators; undefined: it cannot be such a number. */
  us(type: UsNumberType, number: string): string | undefined;
  /** A tax identification number of an EU state, of people and of companies. */
  eu(country: string, kind: 'individual' | 'entity', number: string): string | undefined;
  /** A VAT identification number with its country before it, `DE…`; Greek ones begin with EL. */
  vat(country: string, number: string): string | undefined;
}

/** The last four characters, and nothing of a number that has no more. */
export function maskedNumber(number: string): string {
  return number.length < 6 ? '••••' : `•••• ${number.slice(-4)}`;
}
