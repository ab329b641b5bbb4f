import { accountStatement, type BankEntry, statusReport } from '../bank.js';
import { insist, oneOf, type Random } from './broken.js';

interface Transfer {
  readonly reference: string;
  readonly micros: bigint;
  readonly file: string;
  readonly fate: 'settles' | 'rejected' | 'returns';
  state: 'accepted' | 'rejected' | 'debited' | 'returned';
}

/** What lies on the bank's counter for the house to fetch. */
export interface BankMail {
  readonly text: string;
}

const TRANSFER = /<EndToEndId>(\w+)<\/EndToEndId><\/PmtId><Amt><InstdAmt Ccy="EUR">([0-9.]+)</g;

/** A small bank: takes files of credit transfers, pays each once per file, and says so by reports and statements. */
export class Bank {
  readonly transfers = new Map<string, Transfer>();
  readonly mail: BankMail[] = [];
  /** Lines that it booked for itself, which no payout explains. */
  ownLines = 0;
  readonly #files = new Map<string, string>();
  readonly #random: Random;
  readonly #account: string;
  #statements = 0;
  #lastDay = '';
  #balanceCents = 1_000_000n;

  constructor(given: { random: Random; account: string }) {
    this.#random = given.random;
    this.#account = given.account;
  }

  /** A file is handed in. The same again changes nothing; another one of the same name is paid as well, as banks do. */
  take(text: string): void {
    const name = /<MsgId>(\w+)</.exec(text)?.[1] ?? '';
    const known = this.#files.get(name);
    insist(known === undefined || known === text, () => `file ${name} was handed in twice, with other bytes`);
    if (known !== undefined) return;
    this.#files.set(name, text);
    for (const [, reference = '', amount = ''] of text.matchAll(TRANSFER)) {
      insist(!this.transfers.has(reference), () => `I6: ${reference} stands in two files`);
      const fate = oneOf(['settles', 'settles', 'settles', 'rejected', 'returns'] as const, this.#random);
      const state = fate === 'rejected' ? 'rejected' : 'accepted';
      this.transfers.set(reference, { reference, micros: microsOf(amount), file: name, fate, state });
    }
    this.#report(name);
  }

  /** The day's statement, if the day has none yet: some of what waits, or `all` of it. */
  closeDay(day: string, { all = false, ownLine = false } = {}): void {
    if (day <= this.#lastDay) return;
    const entries: BankEntry[] = [];
    for (const transfer of this.transfers.values()) {
      if (!all && this.#random() < 0.3) continue;
      const entry = booked(transfer);
      if (entry !== undefined) entries.push(entry);
    }
    if (ownLine) entries.push({ amount: '1.50', sign: 'DBIT' });
    if (entries.length === 0) return;
    if (ownLine) this.ownLines += 1;
    this.#lastDay = day;
    this.#statements += 1;
    const id = `${this.#account}-${this.#statements}`;
    const opening = centsText(this.#balanceCents);
    for (const { amount, sign } of entries) this.#balanceCents += (sign === 'CRDT' ? 1n : -1n) * centsOf(amount);
    this.mail.push({ text: accountStatement({ id, messageId: id, opening, day, entries }) });
  }

  /** Whether a later day will bring something more. */
  get isBusy(): boolean {
    return [...this.transfers.values()].some(
      ({ state, fate }) => state === 'accepted' || (state === 'debited' && fate === 'returns'),
    );
  }

  #report(file: string): void {
    const payments = [...this.transfers.values()]
      .filter((transfer) => transfer.file === file)
      .map(({ reference, fate }) =>
        fate === 'rejected'
          ? { reference, status: 'RJCT', reason: 'AC04' }
          : { reference, status: this.#random() < 0.3 ? 'ACSC' : 'ACSP' },
      );
    this.mail.push({ text: statusReport({ messageId: `S-${file.slice(0, 30)}`, batch: file, payments }) });
  }
}

/** The next booking of a transfer, if there is one. */
function booked(transfer: Transfer): BankEntry | undefined {
  const common = { amount: centsText(transfer.micros / 10_000n), reference: transfer.reference };
  if (transfer.state === 'accepted') {
    transfer.state = 'debited';
    return { ...common, sign: 'DBIT' };
  }
  if (transfer.state !== 'debited' || transfer.fate !== 'returns') return undefined;
  transfer.state = 'returned';
  return { ...common, sign: 'CRDT', returned: 'AC04' };
}

function microsOf(amount: string): bigint {
  return centsOf(amount) * 10_000n;
}

function centsOf(amount: string): bigint {
  const [units = '0', fraction = ''] = amount.split('.');
  return BigInt(units) * 100n + BigInt(fraction.padEnd(2, '0'));
}

function centsText(cents: bigint): string {
  const absolute = cents < 0n ? -cents : cents;
  return `${cents < 0n ? '-' : ''}${absolute / 100n}.${String(absolute % 100n).padStart(2, '0')}`;
}
