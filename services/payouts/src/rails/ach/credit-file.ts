import type { PayoutBatchId } from '../../ids.js';
import { shortReference, wholeReference } from '../bank-reference.js';
import { bankingDayAfter, isFederalReserveDay } from '../banking-days.js';
import { toLatin } from '../latin.js';
import type { Payment } from '../rail.js';

export interface AchAccount {
  /** Of its holder, as written. */
  readonly name: string;
  /** ABA routing number, nine digits. */
  readonly routingNumber: string;
  /** 1 to 17 letters, digits and hyphens. */
  readonly accountNumber: string;
  readonly accountType: 'checking' | 'savings';
}

/** Who originates, as agreed with the bank (the ODFI). */
export interface AchOriginator {
  /** The bank's routing number: where the file goes, and the first eight digits of every trace number. */
  readonly bankRoutingNumber: string;
  readonly bankName: string;
  readonly companyName: string;
  /** Company identification: ten characters, often 1 and the EIN. */
  readonly companyId: string;
  /** Immediate origin of the file, ten characters. */
  readonly immediateOrigin: string;
}

const RECORD_CHARACTERS = 94;
const BLOCKING_FACTOR = 10;
const FILLER = '9'.repeat(RECORD_CHARACTERS);
const MICROS_PER_CENT = 10_000n;
const CREDITS_ONLY = '220';
const TRANSACTION_CODES = { checking: '22', savings: '32' } as const;
const MODIFIERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * The Nacha file of a batch: one batch of PPD credits, unbalanced (the bank books the offset), in records of 94
 * characters and blocks of ten. The Individual Identification Number is the payout's short reference, which returns
 * repeat; trace numbers count the entries in the order of the payouts' ids. Effective is the first day
 * after the batch was made on which the Federal Reserve Banks are open. Names are written in the characters of SEPA, all of which Nacha allows.
 *
 * The same batch gives the same bytes, in whatever order its payments come.
 */
export function creditFile(
  originator: AchOriginator,
  batch: { readonly id: PayoutBatchId; readonly createdAt: Date; readonly payments: readonly Payment<AchAccount>[] },
): string {
  const payments = batch.payments.toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
  const odfi = originator.bankRoutingNumber.slice(0, 8);
  const entries = payments.map((payment, at) => entryDetail(payment, odfi + digits(at + 1, 7)));
  const hash = digits(
    payments.reduce((sum, { destination }) => sum + BigInt(destination.routingNumber.slice(0, 8)), 0n),
    10,
  );
  const credit = digits(
    payments.reduce((sum, { amountMicros }) => sum + centsOf(amountMicros), 0n),
    12,
  );
  const debit = digits(0, 12);
  const tail = `${odfi}${digits(1, 7)}`;
  const count = entries.length;
  const batchControl = `8${CREDITS_ONLY}${digits(count, 6)}${hash}${debit}${credit}${left(originator.companyId, 10)}${left('', 25)}${tail}`;
  const blocks = Math.ceil((count + 4) / BLOCKING_FACTOR);
  const fileControl = `9${digits(1, 6)}${digits(blocks, 6)}${digits(count, 8)}${hash}${debit}${credit}${left('', 39)}`;
  const records = [
    fileHeader(originator, batch),
    batchHeader(originator, batch),
    ...entries,
    batchControl,
    fileControl,
  ];
  while (records.length % BLOCKING_FACTOR !== 0) records.push(FILLER);
  for (const record of records) if (record.length !== RECORD_CHARACTERS) throw new Error('a record has 94 characters');
  return `${records.join('\n')}\n`;
}

function fileHeader(
  { bankRoutingNumber, bankName, companyName, immediateOrigin }: AchOriginator,
  { id, createdAt }: { readonly id: PayoutBatchId; readonly createdAt: Date },
): string {
  const moment = createdAt.toISOString();
  const time = moment.slice(11, 13) + moment.slice(14, 16);
  const reference = wholeReference(id);
  // Tells files of the same minute apart; from the id, so that the same batch has the same.
  const modifier = MODIFIERS.charAt(Number(BigInt(`0x${reference}`) % BigInt(MODIFIERS.length)));
  return [
    `101 ${bankRoutingNumber}${right(immediateOrigin, 10)}${shortDate(createdAt)}${time}${modifier}094101`,
    `${text(bankName, 23)}${text(companyName, 23)}${reference.slice(-8).toUpperCase()}`,
  ].join('');
}

function batchHeader(
  { bankRoutingNumber, companyName, companyId }: AchOriginator,
  { id, createdAt }: { readonly id: PayoutBatchId; readonly createdAt: Date },
): string {
  const discretionary = wholeReference(id).slice(-20).toUpperCase();
  const dates = shortDate(createdAt) + shortDate(bankingDayAfter(createdAt, isFederalReserveDay));
  return [
    `5${CREDITS_ONLY}${text(companyName, 16)}${discretionary}${left(companyId, 10)}PPD${left('PAYOUT', 10)}${dates}`,
    `   1${bankRoutingNumber.slice(0, 8)}${digits(1, 7)}`,
  ].join('');
}

function entryDetail({ reference, amountMicros, destination }: Payment<AchAccount>, trace: string): string {
  const { name, routingNumber, accountNumber, accountType } = destination;
  return [
    `6${TRANSACTION_CODES[accountType]}${routingNumber}${left(accountNumber, 17)}${digits(centsOf(amountMicros), 10)}`,
    `${shortReference(reference)}${text(name, 22)}  0${trace}`,
  ].join('');
}

const centsOf = (micros: bigint): bigint => micros / MICROS_PER_CENT;
const left = (value: string, width: number): string => value.padEnd(width, ' ');
const right = (value: string, width: number): string => value.padStart(width, ' ');
const text = (value: string, width: number): string => left(toLatin(value, width), width);

function digits(value: number | bigint, width: number): string {
  const written = String(value).padStart(width, '0');
  if (written.length > width) throw new Error(`${written} does not fit into ${width} digits`);
  return written;
}

/** YYMMDD, in UTC. */
function shortDate(at: Date): string {
  return at.toISOString().slice(2, 10).replaceAll('-', '');
}
