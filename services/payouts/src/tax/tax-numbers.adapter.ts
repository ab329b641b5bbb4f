import { euVat, stdnum, type Validator } from 'stdnum';
import type { TaxNumbers, UsNumberType } from './tax-number.js';

type Kind = 'individual' | 'entity';

/**
 * Which numbers of a country are its tax identification numbers, by the European Commission's "TIN by country": names of
 * the library's checks, or a pattern where the number has no published check digit.
 */
const EU: Readonly<Record<string, Readonly<Record<Kind, readonly (string | RegExp)[]>>>> = {
  AT: { individual: ['tin'], entity: ['tin'] },
  BE: { individual: ['nn', 'bis'], entity: ['vat'] },
  BG: { individual: ['egn', 'pnf'], entity: ['vat'] },
  CY: { individual: ['vat'], entity: ['vat'] },
  CZ: { individual: ['rc', 'dic'], entity: ['dic'] },
  DE: { individual: ['idnr'], entity: ['stnr', 'vat'] },
  DK: { individual: ['cpr'], entity: ['cvr'] },
  EE: { individual: ['ik'], entity: ['registrikood'] },
  ES: { individual: ['dni', 'nie', 'nif'], entity: ['cif', 'nif'] },
  FI: { individual: ['hetu'], entity: ['ytunnus'] },
  FR: { individual: ['nif'], entity: ['siren'] },
  GR: { individual: ['vat'], entity: ['vat'] },
  HR: { individual: ['oib'], entity: ['oib'] },
  HU: { individual: [/^8[0-9]{9}$/], entity: ['anum'] },
  IE: { individual: ['pps'], entity: ['vat'] },
  IT: { individual: ['codicefiscale'], entity: ['iva'] },
  LT: { individual: ['asmens'], entity: ['pvm', /^[0-9]{9}$/] },
  LU: { individual: [/^[0-9]{13}$/], entity: [/^[0-9]{11}$/, 'tva'] },
  LV: { individual: ['pvn', /^32[0-9]{9}$/], entity: ['pvn'] },
  MT: { individual: [/^[0-9]{1,7}[MGAPLHBZ]$/, /^[0-9]{8,9}$/], entity: [/^[0-9]{9}$/] },
  NL: { individual: ['bsn'], entity: ['bsn', 'btw'] },
  PL: { individual: ['pesel', 'nip'], entity: ['nip'] },
  PT: { individual: ['nif'], entity: ['nif', 'nipc'] },
  RO: { individual: ['cnp'], entity: ['cui', 'cif'] },
  SE: { individual: ['personnummer'], entity: ['orgnr'] },
  SI: { individual: ['ddv'], entity: ['ddv'] },
  SK: { individual: ['rc', /^[0-9]{10}$/], entity: [/^[0-9]{10}$/, 'dph'] },
};

/**
 * IRS Publication 1915: an ITIN begins with 9, its fourth and fifth digits are 50 to 65, 70 to 88, 90 to 92 or 94 to 99.
 */
const ITIN = /^9[0-9]{2}(5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-2]|9[4-9])[0-9]{4}$/;

/** Checks by the kept library `stdnum`. */
export const publishedTaxNumbers: TaxNumbers = {
  us(type: UsNumberType, number: string): string | undefined {
    const digits = number.replaceAll(/[ -]/g, '');
    if (type === 'itin') return ITIN.test(digits) ? digits : undefined;
    // The library lets the serial number 0000 pass, which was never given out.
    if (type === 'ssn' && digits.endsWith('0000')) return undefined;
    return compactBy(stdnum['US']?.[type], number);
  },
  eu(country, kind, number) {
    const plain = number.replaceAll(/[ ./-]/g, '').toUpperCase();
    for (const rule of EU[country]?.[kind] ?? []) {
      const found = typeof rule === 'string' ? compactBy(stdnum[country]?.[rule], number) : rule.test(plain) && plain;
      if (typeof found === 'string') return found;
    }
    return undefined;
  },
  vat(country, number) {
    const prefix = country === 'GR' ? 'EL' : country;
    const plain = number.replaceAll(/[ .,/-]/g, '').toUpperCase();
    if (!plain.startsWith(prefix)) return undefined;
    const bare = plain.slice(prefix.length);
    const isRight = (euVat[country] ?? []).some((check) => compactBy(check, bare) !== undefined);
    return isRight ? plain : undefined;
  },
};

function compactBy(check: Validator | undefined, number: string): string | undefined {
  try {
    const found = check?.validate(number);
    return found?.isValid === true ? found.compact : undefined;
  } catch {
    // Some checks of the library take apart what is too short to be taken apart.
    return undefined;
  }
}
