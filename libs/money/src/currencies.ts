/** An ISO 4217 code of our table, upper case. Made by `isCurrency` and `currencyOf` only. */
export type CurrencyCode = string & { readonly __brand: 'CurrencyCode' };

/** Digits after the point in a currency's own minor unit. */
export type MinorDigits = 0 | 2 | 3 | 4;

/**
 * ISO 4217 list one as published on 2026-01-01 (BGN gone, ZWG, XCG and SLE in), without what nobody can be paid in:
 * metals, bond market units and units of account of institutions (XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XUA),
 * funds (BOV CHE CHW CLF COU MXV USN UYI), and the codes for testing and for no currency (XTS XXX). Pinned here, not
 * read from the platform's locale data: an upgrade of Node must not change what an amount means.
 */
const CODES_BY_MINOR_DIGITS: Record<MinorDigits, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
    KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'UYW',
};

const DIGITS: ReadonlyMap<string, MinorDigits> = new Map(
  ([0, 2, 3, 4] as const).flatMap((digits) =>
    CODES_BY_MINOR_DIGITS[digits].split(/\s+/).map((code): [string, MinorDigits] => [code, digits]),
  ),
);

/** Every code of the table. */
export const CURRENCIES: readonly CurrencyCode[] = [...DIGITS.keys()].map((code) => code as CurrencyCode);

/** Whether the text is a code of the table; lower case is not. */
export function isCurrency(text: string): text is CurrencyCode {
  return DIGITS.has(text);
}

/** The text as a currency; RangeError when the table does not hold it. For texts that were checked before. */
export function currencyOf(text: string): CurrencyCode {
  if (!isCurrency(text)) throw new RangeError(`not an active ISO 4217 currency: ${JSON.stringify(text.slice(0, 16))}`);
  return text;
}

/** Digits of the currency's minor unit: JPY 0, USD 2, KWD 3. */
export function minorDigits(currency: CurrencyCode): MinorDigits {
  const digits = DIGITS.get(currency);
  if (digits === undefined) throw new RangeError('a CurrencyCode that is not in the table');
  return digits;
}
