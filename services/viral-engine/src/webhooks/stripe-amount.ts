import { type CurrencyCode, isCurrency, MICROS_PER_UNIT, minorDigits, type Money } from '@dailydoco/money';

// Stripe counts in the currency's smallest unit, and keeps to what that once was for three currencies
// (docs.stripe.com/currencies, "Special cases" and "Zero-decimal currencies").
const STRIPE_DIGITS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** Digits after the point in which Stripe counts a currency: USD 2, JPY 0, KWD 3, ISK 2. */
export function stripeDigits(currency: CurrencyCode): number {
  return STRIPE_DIGITS[currency] ?? minorDigits(currency);
}

/**
 * An amount as Stripe tells it (`5000`, `usd`) as money. Undefined for a currency that is not in the table; a number
 * that is not whole, or not exact, is a RangeError.
 */
export function fromStripeAmount(amount: number, currency: string): Money | undefined {
  if (!Number.isSafeInteger(amount)) throw new RangeError('an amount of Stripe is a whole number');
  const code = currency.toUpperCase();
  if (!isCurrency(code)) return undefined;
  return { amountMicros: (BigInt(amount) * MICROS_PER_UNIT) / 10n ** BigInt(stripeDigits(code)), currency: code };
}
