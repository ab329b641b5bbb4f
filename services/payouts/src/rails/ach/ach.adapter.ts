import { currencyOf, isWholeMinorUnits } from '@dailydoco/money';
import { wholeReference } from '../bank-reference.js';
import { DetailsReader } from '../details.js';
import type { FileRail } from '../rail.js';
import { objectionToRoutingNumber } from './aba.js';
import { type AchAccount, type AchOriginator, creditFile } from './credit-file.js';

const USD = currencyOf('USD');
const LONGEST_NAME = 140;

/**
 * ACH credits (PPD) by file: a Nacha file that finance takes to the bank. A payment carries at most 999,999.99 USD, so
 * that it may also go the same day, and so that the sums of the largest file fit into their twelve digits. The bank's
 * price is not known here.
 */
export function achRail(originator: AchOriginator): FileRail<AchAccount> {
  return {
    kind: 'ach',
    mode: 'file',
    capabilities: {
      limits: new Map([
        [USD, { minimumMicros: 10_000n, maximumMicros: 999_999_990_000n, fee: { fixedMicros: 0n, bps: 0 } }],
      ]),
      countries: new Set(['US']),
      typicalHours: 48,
      // Most returns must reach the bank within two banking days; a week covers holidays and late ones.
      returnableHours: 168,
      patienceHours: 144,
    },
    destinationOf: achAccountOf,
    countryOf: () => 'US',
    mask: ({ accountNumber }) => (accountNumber.length > 4 ? `•••• ${accountNumber.slice(-4)}` : '••••'),
    fingerprintOf: ({ routingNumber, accountNumber }) =>
      `ach:${routingNumber}:${accountNumber.replaceAll('-', '').toUpperCase()}`,
    maxPayments: 10_000,
    makeFile: (batch) => {
      for (const { amountMicros, currency } of batch.payments) {
        if (currency !== USD || !isWholeMinorUnits(amountMicros, USD))
          throw new Error('ACH carries whole cents of USD');
      }
      return {
        name: `ach-${wholeReference(batch.id)}.txt`,
        contentType: 'text/plain; charset=us-ascii',
        bytes: new TextEncoder().encode(creditFile(originator, batch)),
      };
    },
  };
}

/** Reads `{name, routingNumber, accountNumber, accountType}`; spaces inside of numbers are dropped. */
function achAccountOf(details: unknown): AchAccount {
  const reader = new DetailsReader(details);
  const name = reader.text('name', LONGEST_NAME) ?? '';
  const routingNumber = reader.text('routingNumber', 20)?.replaceAll(' ', '');
  const accountNumber = reader.text('accountNumber', 34)?.replaceAll(' ', '');
  const accountType = reader.text('accountType', 20);
  const objection = routingNumber === undefined ? undefined : objectionToRoutingNumber(routingNumber);
  if (objection !== undefined) reader.wrong('routingNumber', objection);
  if (accountNumber !== undefined && !/^(?=.*[0-9])[0-9A-Za-z-]{1,17}$/.test(accountNumber)) {
    reader.wrong('accountNumber', 'must be 1 to 17 letters, digits and hyphens, with a digit among them');
  }
  if (accountType !== undefined && accountType !== 'checking' && accountType !== 'savings') {
    reader.wrong('accountType', 'must be checking or savings');
  }
  reader.finish();
  return {
    name,
    routingNumber: routingNumber ?? '',
    accountNumber: accountNumber ?? '',
    accountType: accountType === 'savings' ? 'savings' : 'checking',
  };
}
