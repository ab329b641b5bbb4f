import { formatDecimal } from '@dailydoco/money';
import type { PayoutBatchId } from '../../ids.js';
import { wholeReference } from '../bank-reference.js';
import { bankingDayFrom, isTargetDay } from '../banking-days.js';
import { toLatin } from '../latin.js';
import type { Payment } from '../rail.js';

/** A bank account of SEPA. */
export interface SepaAccount {
  /** Of its holder, as written; files carry it in the characters of SEPA. */
  readonly name: string;
  /** In capitals, without spaces. */
  readonly iban: string;
  /** Not needed inside SEPA. */
  readonly bic: string | undefined;
}

export const PAIN_001_NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09';

const NAME_CHARACTERS = 70;

/**
 * The pain.001.001.09 of a batch, as the Customer-to-Bank guidelines of the SEPA Credit Transfer scheme want it: one
 * payment information block, service level SEPA, charges shared. Message id and payment information id are the batch's
 * id, the end-to-end id is the payout's, each without hyphens. Batch booking is declined, so that the statement has a
 * line for each payment. The requested date is the day of the batch, or the next on which TARGET is open.
 *
 * The same batch gives the same bytes, in whatever order its payments come.
 */
export function creditTransferFile(
  debtor: SepaAccount,
  batch: { readonly id: PayoutBatchId; readonly createdAt: Date; readonly payments: readonly Payment<SepaAccount>[] },
): string {
  const payments = batch.payments.toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
  const id = wholeReference(batch.id);
  const totals =
    element('NbOfTxs', String(payments.length)) +
    element('CtrlSum', formatDecimal(payments.reduce((sum, { amountMicros }) => sum + amountMicros, 0n)));
  const moment = batch.createdAt.toISOString();
  const name = element('Nm', toLatin(debtor.name, NAME_CHARACTERS));
  const header =
    element('MsgId', id) + element('CreDtTm', `${moment.slice(0, 19)}Z`) + totals + element('InitgPty', name);
  const information = [
    element('PmtInfId', id),
    element('PmtMtd', 'TRF'),
    element('BtchBookg', 'false'),
    totals,
    element('PmtTpInf', element('SvcLvl', element('Cd', 'SEPA'))),
    element('ReqdExctnDt', element('Dt', dayOf(bankingDayFrom(batch.createdAt, isTargetDay)))),
    element('Dbtr', name),
    element('DbtrAcct', element('Id', element('IBAN', debtor.iban))),
    element('DbtrAgt', institution(debtor.bic) ?? element('FinInstnId', element('Othr', element('Id', 'NOTPROVIDED')))),
    element('ChrgBr', 'SLEV'),
    ...payments.map(transferOf),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Document xmlns="${PAIN_001_NAMESPACE}">`,
    `<CstmrCdtTrfInitn>${element('GrpHdr', header)}<PmtInf>`,
    ...information,
    '</PmtInf></CstmrCdtTrfInitn>',
    '</Document>\n',
  ].join('\n');
}

function transferOf({ reference, amountMicros, currency, destination }: Payment<SepaAccount>): string {
  const agent = institution(destination.bic);
  return element(
    'CdtTrfTxInf',
    [
      element('PmtId', element('EndToEndId', wholeReference(reference))),
      element('Amt', `<InstdAmt Ccy="${currency}">${formatDecimal(amountMicros)}</InstdAmt>`),
      ...(agent === undefined ? [] : [element('CdtrAgt', agent)]),
      element('Cdtr', element('Nm', toLatin(destination.name, NAME_CHARACTERS))),
      element('CdtrAcct', element('Id', element('IBAN', destination.iban))),
      element('RmtInf', element('Ustrd', `Payout ${reference}`)),
    ].join(''),
  );
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

function institution(bic: string | undefined): string | undefined {
  return bic === undefined ? undefined : element('FinInstnId', element('BICFI', bic));
}

/** Whatever is text here is made of SEPA's characters, none of which means anything to XML. */
function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
