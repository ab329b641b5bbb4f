import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import type { MethodRail, Rails } from '../src/methods/method.js';
import { sandboxDetails } from '../src/methods/sandbox-details.js';

/** A bank of the specs, in the place of SEPA: an account is two letters of a country and digits, spaces do not count. */
const bank: MethodRail = {
  kind: 'sepa',
  capabilities: {
    limits: new Map([
      [
        currencyOf('EUR'),
        { minimumMicros: 1_000_000n, maximumMicros: 500_000_000n, fee: { fixedMicros: 200_000n, bps: 5 } },
      ],
    ]),
    countries: new Set(['DE', 'FR']),
    typicalHours: 24,
    returnableHours: 240,
  },
  destinationOf: (details): string => {
    const { account, ...unknown } = details as { account?: unknown };
    const text = typeof account === 'string' ? account.replaceAll(' ', '').toUpperCase() : '';
    const fieldErrors = Object.keys(unknown).map((path) => ({ path, message: 'is not known' }));
    if (!/^[A-Z]{2}[0-9]{8}$/.test(text)) fieldErrors.push({ path: 'account', message: 'is not an account' });
    if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
    return text;
  },
  countryOf: (destination) => String(destination).slice(0, 2),
  mask: (destination) => `•••• ${String(destination).slice(-4)}`,
  fingerprintOf: String,
};

export const SPEC_RAILS: Rails = new Map([sandboxDetails, bank].map((rail) => [rail.kind, rail]));
