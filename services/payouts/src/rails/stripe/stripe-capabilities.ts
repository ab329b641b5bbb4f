import { currencyOf, type CurrencyCode } from '@dailydoco/money';
import type { RailCapabilities, RailLimits } from '../rail.js';

// Where a platform on Stripe Connect may transfer to by itself: accounts in the United States, the United Kingdom, the
// European Economic Area, Canada and Switzerland (docs.stripe.com/connect/cross-border-payouts, "Availability"), as far as
// accounts are opened there (stripe.com/global; not Iceland). Elsewhere Stripe's sales decide, so nobody else is offered it.
const COUNTRIES =
  'US CA GB CH AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LI LT LU MT NL NO PL PT RO SK SI ES SE'.split(' ');

// The currencies that accounts in these countries are paid out in, all of two digits. Not HUF and ISK, which Stripe pays out
// in whole units only (docs.stripe.com/currencies, "Special cases"): a transfer could arrive and never leave again.
const CURRENCIES: readonly string[] = ['USD', 'CAD', 'GBP', 'CHF', 'EUR', 'CZK', 'DKK', 'NOK', 'PLN', 'RON', 'SEK'];

const LIMITS: RailLimits = {
  // The least that is paid out is, with most banks, one unit of the account's currency.
  minimumMicros: 1_000_000n,
  // An amount has at most eight digits (docs.stripe.com/currencies, "Minimum and maximum charge amounts").
  maximumMicros: 999_999_990_000n,
  // A transfer costs nothing. What is paid out across borders costs 0.25 % (the page on cross-border payouts); Stripe bills
  // it to the platform by the month, so it is on no transfer and reconciliation books it.
  fee: { fixedMicros: 0n, bps: 25 },
};

/** What the rail reaches; when Stripe's pages change, this table does. */
export const STRIPE_CAPABILITIES: RailCapabilities = {
  limits: new Map<CurrencyCode, RailLimits>(CURRENCIES.map((code) => [currencyOf(code), LIMITS])),
  countries: new Set(COUNTRIES),
  // The transfer itself takes seconds; until the account's bank has it, two working days.
  typicalHours: 48,
  // A platform may reverse a transfer as long as the account has the money; Stripe names no end. Half a year, then.
  returnableHours: 24 * 180,
  patienceHours: 48,
};
