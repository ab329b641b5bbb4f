import { DomainError } from '@dailydoco/errors';
import { CURRENCIES } from '@dailydoco/money';
import { type MethodRail, SANDBOX_OUTCOMES, type SandboxOutcome } from './method.js';

const LIMITS = { minimumMicros: 1n, maximumMicros: 1_000_000_000_000_000n, fee: { fixedMicros: 0n, bps: 0 } };

/** Reads the details of sandbox methods, which say how payments to them end. */
export const sandboxDetails: MethodRail = {
  kind: 'sandbox',
  capabilities: {
    limits: new Map(CURRENCIES.map((currency) => [currency, LIMITS])),
    countries: 'any',
    typicalHours: 0,
    returnableHours: 0,
  },
  destinationOf: (details): { outcome: SandboxOutcome } => {
    const { outcome = 'settled', ...unknown } = details as { outcome?: unknown };
    const known = SANDBOX_OUTCOMES.find((each) => each === outcome);
    const fieldErrors = Object.keys(unknown).map((path) => ({ path, message: 'is not known' }));
    if (known === undefined) fieldErrors.push({ path: 'outcome', message: `must be ${SANDBOX_OUTCOMES.join(', ')}` });
    if (known === undefined || fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
    return { outcome: known };
  },
  countryOf: () => undefined,
  mask: () => 'sandbox',
  fingerprintOf: () => 'sandbox',
};
