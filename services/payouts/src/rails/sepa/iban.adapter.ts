import {
  electronicFormatIBAN,
  getCountrySpecifications,
  isValidBIC,
  validateIBAN,
  ValidationErrorsIBAN,
} from 'ibantools';

/**
 * Members of the schemes' geographical scope that the library's registry, which is SWIFT's, does not count yet: Albania,
 * Moldova, Montenegro, North Macedonia and Serbia, admitted by the European Payments Council from November 2024 to May 2025
 * (its list EPC409-09; of 41 countries with them). Their IBANs are in the registry. A bank there that has not joined refuses.
 */
const ADMITTED_SINCE_2024 = ['AL', 'MD', 'ME', 'MK', 'RS'];

/** Countries and territories of the SEPA schemes whose accounts have an IBAN of their own. */
export const SEPA_COUNTRIES: ReadonlySet<string> = new Set([
  ...Object.entries(getCountrySpecifications())
    .filter(([, { SEPA }]) => SEPA === true)
    .map(([country]) => country),
  ...ADMITTED_SINCE_2024,
]);

/** An IBAN without spaces and in capitals, which is how files carry it. */
export function electronicIban(text: string): string {
  return electronicFormatIBAN(text) ?? '';
}

/**
 * What is wrong with an IBAN in its electronic spelling; undefined when nothing is. Length and structure are those of
 * its country in the IBAN registry, checksums those of ISO 7064 (mod 97) and, where the country has one, its own.
 */
export function objectionToIban(iban: string): string | undefined {
  const { valid, errorCodes } = validateIBAN(iban);
  if (valid) return undefined;
  const says: readonly (readonly [ValidationErrorsIBAN, string])[] = [
    [ValidationErrorsIBAN.NoIBANCountry, 'begins with a country that has no IBANs'],
    [ValidationErrorsIBAN.WrongBBANLength, 'has not the length that IBANs of its country have'],
    [ValidationErrorsIBAN.WrongBBANFormat, 'has not the form that IBANs of its country have'],
    [ValidationErrorsIBAN.WrongIBANChecksum, 'has a wrong checksum: please look for a typing error'],
  ];
  return says.find(([code]) => errorCodes.includes(code))?.[1] ?? 'is not an IBAN';
}

export function isBic(text: string): boolean {
  return isValidBIC(text);
}
