import { createHash } from 'node:crypto';
import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { BankFileId, TenantId, UserId } from '../ids.js';
import type { BankFileWarning, FactOutcome } from './bank-file.js';
import { type ImportBook, importBankFile } from './import-bank-file.js';
import type { BankFileKind, FactState, ReadFile } from './read-file.js';

/** A file that was imported, as it stands. */
export interface BankFile {
  readonly id: BankFileId;
  readonly kind: BankFileKind;
  readonly messageId: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly importedBy: UserId;
  readonly importedAt: Date;
  readonly facts: number;
  /** Facts whose reports wait for their turn. */
  readonly waiting: number;
  readonly outcomes: Readonly<Partial<Record<FactOutcome, number>>>;
  readonly lines: number;
  /** Lines of statements that no report came from: somebody else's bookings, fees, batches without details. */
  readonly unmatchedLines: number;
  readonly warnings: readonly BankFileWarning[];
}

/** A booking that no payout is known for. */
export interface UnmatchedLine {
  readonly statementId: string;
  readonly line: number;
  readonly bookedOn: string;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly endToEndId: string | undefined;
  readonly bankReference: string | undefined;
  readonly reasonCode: string | undefined;
  readonly counterparty: string | undefined;
}

/** A fact that did not do what it says. */
export interface OddFact {
  readonly fileLine: number;
  readonly reference: string;
  readonly state: FactState;
  readonly reason: string | undefined;
  readonly outcome: FactOutcome;
}

export interface BankFileReport {
  readonly file: BankFile;
  readonly statements: readonly {
    readonly statementId: string;
    readonly account: string;
    readonly currency: CurrencyCode;
    readonly openingMicros: bigint;
    readonly closingMicros: bigint;
    readonly openedOn: string;
    readonly closedOn: string;
  }[];
  /** The first of each, in the order of the file. */
  readonly unmatched: readonly UnmatchedLine[];
  readonly odd: readonly OddFact[];
}

export interface BankFileReads {
  find(tenantId: TenantId, id: BankFileId): Promise<BankFile | undefined>;
  /** Newest first, below the id `before`. */
  list(query: { tenantId: TenantId; before: BankFileId | undefined; limit: number }): Promise<BankFile[]>;
  detailsOf(tenantId: TenantId, id: BankFileId, limit: number): Promise<Omit<BankFileReport, 'file'>>;
}

export interface BankFilesDependencies {
  readonly once: OncePerKey<ImportBook>;
  readonly reads: BankFileReads;
  readonly readFile: (bytes: Uint8Array) => Promise<ReadFile>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Files read at a time in one process: each takes memory of a few times its size. */
const READ_AT_A_TIME = 2;
const DETAILS_SHOWN = 200;

/** What banks sent: brought in, listed, looked at. */
export class BankFiles {
  readonly #given: BankFilesDependencies;
  #reading = 0;

  constructor(given: BankFilesDependencies) {
    this.#given = given;
  }

  /** See importBankFile and readBankFile for what is refused; OVERLOADED when others are being read. */
  async import<Body>(
    order: { readonly tenantId: TenantId; readonly importedBy: UserId; readonly bytes: Uint8Array },
    by: {
      readonly call: Omit<IdempotentCall, 'requestHash'>;
      readonly answer: (file: BankFile) => { status: number; body: Body };
    },
  ): Promise<ReplayableAnswer<Body>> {
    if (this.#reading >= READ_AT_A_TIME) throw new DomainError('OVERLOADED');
    this.#reading += 1;
    try {
      return await this.#import(order, by);
    } finally {
      this.#reading -= 1;
    }
  }

  list(query: Parameters<BankFileReads['list']>[0]): Promise<BankFile[]> {
    return this.#given.reads.list(query);
  }

  async read(tenantId: TenantId, id: BankFileId): Promise<BankFileReport> {
    const file = await this.#given.reads.find(tenantId, id);
    if (file === undefined) throw new DomainError('NOT_FOUND');
    return { file, ...(await this.#given.reads.detailsOf(tenantId, id, DETAILS_SHOWN)) };
  }

  async #import<Body>(
    { tenantId, importedBy, bytes }: { tenantId: TenantId; importedBy: UserId; bytes: Uint8Array },
    by: { call: Omit<IdempotentCall, 'requestHash'>; answer: (file: BankFile) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, readFile, clock, newId } = this.#given;
    const digest = createHash('sha256').update(bytes).digest();
    const order = { tenantId, importedBy, sha256: digest.toString('hex'), sizeBytes: bytes.length };
    const read = await readFile(bytes);
    return once({ ...by.call, requestHash: digest }, async (book) => {
      const { facts, statements, ...file } = await importBankFile(
        book,
        { ...order, read },
        { now: clock.now(), newId },
      );
      const outcomes: Partial<Record<FactOutcome, number>> = {};
      for (const { outcome } of facts) if (outcome !== undefined) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const lines = statements.reduce((sum, statement) => sum + statement.lines.length, 0);
      const matched = statements.reduce((sum, { reportIds }) => sum + reportIds.size, 0);
      const waiting = facts.filter(({ outcome }) => outcome === undefined).length;
      return by.answer({ ...file, facts: facts.length, waiting, outcomes, lines, unmatchedLines: lines - matched });
    });
  }
}
