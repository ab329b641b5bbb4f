import type { CurrencyCode } from '@dailydoco/money';

/** What banks send back: status reports, account statements, returns of ACH. */
export const BANK_FILE_KINDS = ['pain.002', 'camt.053', 'nacha'] as const;
export type BankFileKind = (typeof BANK_FILE_KINDS)[number];

/** How a payment stands by a file. `noted`: worth a look, but it says nothing about the payment (a changed account). */
export const FACT_STATES = ['processing', 'settled', 'failed', 'returned', 'noted'] as const;
export type FactState = (typeof FACT_STATES)[number];

/** One thing that a file says about payments of ours, with the references as they stand there. */
export interface FileFact {
  /** The file's line that says it, from 1. */
  readonly fileLine: number;
  /** About one payment, or about all payments of a batch that the file does not name one by one. */
  readonly about: { readonly payment: string } | { readonly batch: string };
  readonly state: FactState;
  /** The bank's code: an external reason of ISO 20022, a return or change code of Nacha. */
  readonly reason: string | undefined;
  readonly amountMicros: bigint | undefined;
  readonly currency: CurrencyCode | undefined;
  readonly occurredAt: Date;
  /** The line of the statement that says it: position of the statement in the file, and number of the line. */
  readonly statementLine?: { readonly statement: number; readonly line: number };
}

/** One booking on our account; the parts of a batch booking are lines of their own. */
export interface FileLine {
  /** From 1, in the order of the statement. */
  readonly line: number;
  readonly fileLine: number;
  /** Days as YYYY-MM-DD. */
  readonly bookedOn: string;
  readonly valueDate: string | undefined;
  /** Credited to us positive, debited negative. */
  readonly amountMicros: bigint;
  readonly endToEndId: string | undefined;
  /** The bank's own reference of the booking. */
  readonly bankReference: string | undefined;
  /** Why it came back, or the bank's code for what is left of an entry after its details. */
  readonly reasonCode: string | undefined;
  /** The other side's account, masked. */
  readonly counterparty: string | undefined;
}

export interface FileStatement {
  /** The bank's id of it, once per account. */
  readonly statementId: string;
  /** Our account: an IBAN, or what the bank calls it. */
  readonly account: string;
  readonly currency: CurrencyCode;
  readonly openingMicros: bigint;
  readonly closingMicros: bigint;
  readonly openedOn: string;
  readonly closedOn: string;
  readonly lines: readonly FileLine[];
}

export interface ReadFile {
  readonly kind: BankFileKind;
  /** The bank's id of the message. */
  readonly messageId: string;
  readonly createdAt: Date;
  readonly facts: readonly FileFact[];
  readonly statements: readonly FileStatement[];
}
