import { type CurrencyCode, minorDigits } from './currencies.js';

/** An amount in millionths of one unit of its currency: 79.00 USD is 79_000_000n. */
export interface Money {
  amountMicros: bigint;
  currency: CurrencyCode;
}

/** Micros in one unit of any currency. A usage fee of 0.002 must still pay its levels, so cents would be too coarse. */
export const MICROS_PER_UNIT = 1_000_000n;

/** The largest purchase: 1,000,000,000.00 units. */
export const MAX_PURCHASE_MICROS = 1_000_000_000_000_000n;

const DECIMAL = /^(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,6}))?$/;
const FRACTION_DIGITS = 6;

/**
 * Reads an amount as clients write it, into micros: ASCII digits, no sign, no leading zero, at most 10 digits before
 * and 6 after the point. undefined for anything else; the bounds of a purchase are the caller's to check.
 */
export function parseDecimal(text: string): bigint | undefined {
  const match = DECIMAL.exec(text);
  if (match?.[1] === undefined) return undefined;
  return BigInt(match[1]) * MICROS_PER_UNIT + BigInt((match[2] ?? '').padEnd(FRACTION_DIGITS, '0'));
}

/** Micros as a decimal string with 2 to 6 fraction digits, zeros past the second dropped; negatives lead with `-`. */
export function formatDecimal(micros: bigint): string {
  const absolute = micros < 0n ? -micros : micros;
  const units = absolute / MICROS_PER_UNIT;
  const fraction = (absolute % MICROS_PER_UNIT).toString().padStart(FRACTION_DIGITS, '0');
  const kept = fraction.slice(0, 2) + fraction.slice(2).replace(/0+$/, '');
  return `${micros < 0n ? '-' : ''}${units}.${kept}`;
}

/**
 * The largest amount not above `micros` that the currency's own minor unit can express (USD 0.01, JPY 1, KWD 0.001):
 * what can really be paid out of a balance. Floors towards minus infinity.
 */
export function floorToMinorUnit(micros: bigint, currency: CurrencyCode): bigint {
  const unit = minorUnitMicros(currency);
  const rest = micros % unit;
  return rest < 0n ? micros - rest - unit : micros - rest;
}

/** Whether real money can move in this amount: it is a whole number of the currency's minor units. */
export function isWholeMinorUnits(micros: bigint, currency: CurrencyCode): boolean {
  return micros % minorUnitMicros(currency) === 0n;
}

function minorUnitMicros(currency: CurrencyCode): bigint {
  return 10n ** BigInt(FRACTION_DIGITS - minorDigits(currency));
}
