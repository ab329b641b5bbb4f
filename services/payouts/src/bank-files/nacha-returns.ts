import { currencyOf } from '@dailydoco/money';
import { malformed } from './malformed.js';
import type { FileFact, ReadFile } from './read-file.js';

const USD = currencyOf('USD');
const RECORD_CHARACTERS = 94;
const MICROS_PER_CENT = 10_000n;
const FILLER = /^9{94}$/;
/** Addenda of entries that come back: dishonored and contested returns have codes of the same kind. */
const [RETURN, CHANGE] = ['799', '798'];
const CODES: Readonly<Record<string, RegExp>> = { [RETURN]: /^R[0-9]{2}$/, [CHANGE]: /^C[0-9]{2}$/ };

/** Sums that the control records tell as well. */
interface Sums {
  count: number;
  hash: bigint;
  debitCents: bigint;
  creditCents: bigint;
}

interface Entry {
  readonly fileLine: number;
  readonly cents: bigint;
  readonly individualId: string;
}

/**
 * Reads what a bank sends back about ACH entries, in the records of 94 characters of the Nacha Operating Rules: returns
 * (addenda 99, codes R01 …), and notifications of change (addenda 98, codes C01 …), which say that the payment was made
 * and that the account has changed. Counts, hash totals and sums of every control record must be right.
 */
export function readNachaReturns(text: string): ReadFile {
  const reader = new ReturnsReader();
  const lines = text.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  for (const [n, line] of lines.entries()) reader.take(n + 1, line);
  return reader.finish();
}

class ReturnsReader {
  readonly #facts: FileFact[] = [];
  readonly #file = noSums();
  #batch: Sums | undefined;
  #batches = 0;
  #entry: Entry | undefined;
  #header: { readonly createdAt: Date; readonly messageId: string } | undefined;
  #isOver = false;

  take(fileLine: number, given: string): void {
    // Some banks cut the spaces off that end a record.
    const record = given.padEnd(RECORD_CHARACTERS, ' ');
    if (record.length > RECORD_CHARACTERS || !/^[ -~]*$/.test(record)) {
      throw malformed(fileLine, 'it is not a record of 94 printable ASCII characters');
    }
    if (this.#isOver) {
      if (!FILLER.test(record)) throw malformed(fileLine, 'there is more after the file control record');
      return;
    }
    const type = record.charAt(0);
    if ((type === '1') === (this.#header !== undefined))
      throw malformed(fileLine, 'a file has one file header record, at its begin');
    if (type === '1') this.#header = headerOf(record, fileLine);
    else if (type === '5') this.#beginBatch(fileLine);
    else if (type === '6') this.#beginEntry(record, fileLine);
    else if (type === '7') this.#addenda(record, fileLine);
    else if (type === '8') this.#endBatch(record, fileLine);
    else if (type === '9') this.#endFile(record, fileLine);
    else throw malformed(fileLine, 'it begins with no record type of Nacha');
  }

  finish(): ReadFile {
    const header = this.#header;
    if (header === undefined || !this.#isOver)
      throw malformed(1, 'the file control record is missing: the file is cut off');
    if (this.#facts.length === 0) throw malformed(1, 'the file holds no returns: is it one that was sent?');
    return { kind: 'nacha', ...header, facts: this.#facts, statements: [] };
  }

  #beginBatch(fileLine: number): void {
    if (this.#batch !== undefined) throw malformed(fileLine, 'the batch before has no batch control record');
    this.#batch = noSums();
  }

  #beginEntry(record: string, fileLine: number): void {
    const batch = this.#batch;
    if (batch === undefined) throw malformed(fileLine, 'an entry stands outside of a batch');
    const cents = numberAt(record, [29, 39], fileLine);
    // Codes that end in 6 to 9 are debits; those below, and the returns of them, are credits.
    const isDebit = Number(record.charAt(2)) >= 6;
    const routing = numberAt(record, [3, 11], fileLine);
    for (const sums of [batch, this.#file]) {
      sums.count += 1;
      sums.hash += routing;
      if (isDebit) sums.debitCents += cents;
      else sums.creditCents += cents;
    }
    this.#entry = { fileLine, cents, individualId: record.slice(39, 54).trim() };
  }

  #addenda(record: string, fileLine: number): void {
    const [entry, batch, header] = [this.#entry, this.#batch, this.#header];
    if (entry === undefined || batch === undefined || header === undefined) {
      throw malformed(fileLine, 'an addenda record stands without its entry');
    }
    for (const sums of [batch, this.#file]) sums.count += 1;
    const kind = record.slice(0, 3);
    const expected = CODES[kind];
    if (expected === undefined) return;
    const code = record.slice(3, 6);
    if (!expected.test(code)) throw malformed(fileLine, 'the addenda record has no code of a return or a change');
    this.#facts.push({
      fileLine,
      about: { payment: entry.individualId },
      state: kind === RETURN ? 'returned' : 'noted',
      reason: code,
      amountMicros: kind === RETURN ? entry.cents * MICROS_PER_CENT : undefined,
      currency: kind === RETURN ? USD : undefined,
      occurredAt: header.createdAt,
    });
  }

  #endBatch(record: string, fileLine: number): void {
    if (this.#batch === undefined) throw malformed(fileLine, 'a batch ends that has not begun');
    check(this.#batch, { count: [4, 10], hash: [10, 20], debit: [20, 32], credit: [32, 44] }, record, fileLine);
    this.#batch = undefined;
    this.#entry = undefined;
    this.#batches += 1;
  }

  #endFile(record: string, fileLine: number): void {
    if (this.#batch !== undefined) throw malformed(fileLine, 'the last batch has no batch control record');
    if (numberAt(record, [1, 7], fileLine) !== BigInt(this.#batches))
      throw malformed(fileLine, 'the number of batches is wrong');
    check(this.#file, { count: [13, 21], hash: [21, 31], debit: [31, 43], credit: [43, 55] }, record, fileLine);
    this.#isOver = true;
  }
}

type Columns = readonly [from: number, to: number];

function noSums(): Sums {
  return { count: 0, hash: 0n, debitCents: 0n, creditCents: 0n };
}

function check(
  sums: Sums,
  at: { readonly count: Columns; readonly hash: Columns; readonly debit: Columns; readonly credit: Columns },
  record: string,
  fileLine: number,
): void {
  const told: readonly (readonly [string, Columns, bigint])[] = [
    ['number of entries and addenda', at.count, BigInt(sums.count)],
    ['entry hash', at.hash, sums.hash % 10n ** 10n],
    ['total of debits', at.debit, sums.debitCents],
    ['total of credits', at.credit, sums.creditCents],
  ];
  for (const [name, columns, computed] of told) {
    if (numberAt(record, columns, fileLine) !== computed)
      throw malformed(fileLine, `the ${name} of the control record is wrong`);
  }
}

function numberAt(record: string, [from, to]: Columns, fileLine: number): bigint {
  const text = record.slice(from, to).trim();
  if (!/^[0-9]+$/.test(text)) throw malformed(fileLine, `columns ${from + 1} to ${to} are not a number`);
  return BigInt(text);
}

function headerOf(record: string, fileLine: number): { createdAt: Date; messageId: string } {
  const [year, month, day] = [record.slice(23, 25), record.slice(25, 27), record.slice(27, 29)];
  const time = /^[0-9]{4}$/.test(record.slice(29, 33)) ? record.slice(29, 33) : '0000';
  const createdAt = new Date(`20${year}-${month}-${day}T${time.slice(0, 2)}:${time.slice(2)}:00Z`);
  if (record.slice(1, 3) !== '01' || record.slice(34, 37) !== '094')
    throw malformed(fileLine, 'it is not a Nacha file header');
  if (Number.isNaN(createdAt.getTime())) throw malformed(fileLine, 'the file creation date is not a date');
  return { createdAt, messageId: `${record.slice(13, 23).trim()} ${record.slice(23, 34).trim()}` };
}
