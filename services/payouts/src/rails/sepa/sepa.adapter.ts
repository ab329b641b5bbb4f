import { currencyOf, isWholeMinorUnits } from '@dailydoco/money';
import { wholeReference } from '../bank-reference.js';
import { DetailsReader } from '../details.js';
import type { FileRail } from '../rail.js';
import { creditTransferFile, type SepaAccount } from './credit-transfer-file.js';
import { electronicIban, isBic, objectionToIban, SEPA_COUNTRIES } from './iban.adapter.js';

const EUR = currencyOf('EUR');
const LONGEST_NAME = 140;
const LONGEST_IBAN_WITH_SPACES = 50;

/**
 * SEPA credit transfers by file: a pain.001.001.09 that finance takes to the bank. `debtor` is the account of the house
 * that pays. Amounts of the scheme are 0.01 to 999,999,999.99 EUR; the bank's price for them is not known here.
 */
export function sepaRail(debtor: SepaAccount): FileRail<SepaAccount> {
  return {
    kind: 'sepa',
    mode: 'file',
    capabilities: {
      limits: new Map([
        [EUR, { minimumMicros: 10_000n, maximumMicros: 999_999_999_990_000n, fee: { fixedMicros: 0n, bps: 0 } }],
      ]),
      countries: SEPA_COUNTRIES,
      typicalHours: 24,
      // A receiving bank has three working days for a return; ten days cover the recalls that follow.
      returnableHours: 240,
      patienceHours: 120,
    },
    destinationOf: sepaAccountOf,
    countryOf: ({ iban }) => iban.slice(0, 2),
    mask: ({ iban }) => `${iban.slice(0, 2)}•• •••• ${iban.slice(-4)}`,
    fingerprintOf: ({ iban }) => `iban:${iban}`,
    maxPayments: 10_000,
    makeFile: (batch) => {
      for (const { amountMicros, currency } of batch.payments) {
        if (currency !== EUR || !isWholeMinorUnits(amountMicros, EUR))
          throw new Error('SEPA carries whole cents of EUR');
      }
      return {
        name: `sepa-${wholeReference(batch.id)}.xml`,
        contentType: 'application/xml',
        bytes: new TextEncoder().encode(creditTransferFile(debtor, batch)),
      };
    },
  };
}

/** Reads `{name, iban, bic?}`. Spaces and small letters in IBAN and BIC are taken as they are meant. */
function sepaAccountOf(details: unknown): SepaAccount {
  const reader = new DetailsReader(details);
  const name = reader.text('name', LONGEST_NAME) ?? '';
  const givenIban = reader.text('iban', LONGEST_IBAN_WITH_SPACES);
  const bic = reader.optionalText('bic', LONGEST_IBAN_WITH_SPACES)?.replaceAll(' ', '').toUpperCase();
  const iban = givenIban === undefined ? '' : electronicIban(givenIban);
  if (givenIban !== undefined) {
    const objection = objectionToIban(iban);
    if (objection !== undefined) reader.wrong('iban', objection);
    else if (!SEPA_COUNTRIES.has(iban.slice(0, 2))) reader.wrong('iban', 'is of a country outside of SEPA');
  }
  if (bic !== undefined && !isBic(bic)) reader.wrong('bic', 'must be a BIC of 8 or 11 characters');
  reader.finish();
  return { name, iban, bic };
}
