import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import type { FileRail, Payment, Rail, RailKind } from '../src/rails/rail.js';
import { railRegistry } from '../src/rails/registry.js';
import { sandboxRail } from '../src/rails/sandbox/sandbox-rail.store.js';

function accountOf(details: unknown): string {
  const { account, ...unknown } = details as { account?: unknown };
  const text = typeof account === 'string' ? account.replaceAll(' ', '').toUpperCase() : '';
  const fieldErrors = Object.keys(unknown).map((path) => ({ path, message: 'is not known' }));
  if (!/^[A-Z]{2}[0-9]{8}$/.test(text)) fieldErrors.push({ path: 'account', message: 'is not an account' });
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  return text;
}

const lineOf = ({ reference, amountMicros, destination }: Payment<string>) =>
  `${reference} ${amountMicros} ${destination}\n`;

/**
 * A bank of the specs, in the place of SEPA: an account is two letters of a country and digits, spaces do not count; its
 * files are a line for each payment.
 */
export const SPEC_BANK: FileRail<string> = {
  kind: 'sepa',
  mode: 'file',
  maxPayments: 3,
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
    patienceHours: 120,
  },
  destinationOf: accountOf,
  countryOf: (destination) => destination.slice(0, 2),
  mask: (destination) => `•••• ${destination.slice(-4)}`,
  fingerprintOf: String,
  makeFile: ({ id, payments }) => ({
    name: `${id}.txt`,
    contentType: 'text/plain',
    bytes: new TextEncoder().encode(payments.map(lineOf).join('')),
  }),
};

/** For rules that only ask what rails reach: this sandbox is never called. */
const nowhere = { query: () => Promise.reject(new Error('the sandbox was called')) };
const sandbox = sandboxRail({ sql: nowhere, clock: { now: () => new Date() } });

export const SPEC_RAILS: ReadonlyMap<RailKind, Rail> = railRegistry([sandbox, SPEC_BANK]);
