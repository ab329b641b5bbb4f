import { DomainError } from '@dailydoco/errors';
import { type CurrencyCode, formatDecimal } from '@dailydoco/money';
import type { AccountId, JournalId, TenantId } from '../ids.js';
import type { AccountKind } from './account.js';

export const EXPORT_FORMATS = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A journal with its postings, as it leaves the house. */
export interface ExportedJournal {
  readonly id: JournalId;
  readonly event: string;
  readonly currency: CurrencyCode;
  readonly recordedAt: Date;
  /** When the fact took place. */
  readonly effectiveAt: Date;
  /** What caused it and what it is linked to, by name; absent ones are left out. */
  readonly cause: Readonly<Partial<Record<(typeof CAUSES)[number], string>>>;
  readonly postings: readonly {
    readonly accountId: AccountId;
    readonly kind: AccountKind;
    /** The person; undefined on accounts of the house. */
    readonly ownerId: string | undefined;
    readonly amountMicros: bigint;
  }[];
}

export const CAUSES = [
  'purchaseId',
  'purchaseSequence',
  'refundId',
  'payoutId',
  'payoutStep',
  'adjustmentId',
  'reverses',
  'corrects',
  'reason',
] as const;

export interface ExportQuery {
  readonly tenantId: TenantId;
  /** Recorded at this moment or later, and before `to`. */
  readonly from: Date;
  readonly to: Date;
  /** Goes on behind this journal. */
  readonly after: JournalId | undefined;
}

export interface ExportReads {
  /** In the order of recording. Undefined: the tenant has no journal `after` in the range. */
  journals(query: ExportQuery & { limit: number }): Promise<ExportedJournal[] | undefined>;
}

const PAGE = 500;
const HEADER = [
  'recordedAt',
  'effectiveAt',
  'journalId',
  'event',
  'accountId',
  'account',
  'ownerId',
  'currency',
  'debit',
  'credit',
  ...CAUSES,
];

/** The ledger as a file: CSV has a line for each posting, JSON lines one for each journal. Holds one page at a time. */
export class ExportLedger {
  readonly #reads: ExportReads;

  constructor(reads: ExportReads) {
    this.#reads = reads;
  }

  /** Reads the first page before it resolves: VALIDATION_FAILED for a range that is none and for an unknown `after`. */
  async start(query: ExportQuery, format: ExportFormat): Promise<AsyncGenerator<string>> {
    return this.#text(query, await this.#firstPage(query), format);
  }

  /** The same journal by journal. */
  async journals(query: ExportQuery): Promise<AsyncGenerator<ExportedJournal>> {
    return this.#each(query, await this.#firstPage(query));
  }

  async #firstPage(query: ExportQuery): Promise<ExportedJournal[]> {
    if (query.from >= query.to) throw invalid('to', 'must lie after from');
    const first = await this.#reads.journals({ ...query, limit: PAGE });
    if (first === undefined) throw invalid('after', 'is no journal of this range');
    return first;
  }

  async *#text(query: ExportQuery, first: ExportedJournal[], format: ExportFormat): AsyncGenerator<string> {
    // A file that goes on is put behind the part before.
    if (format === 'csv' && query.after === undefined) yield csvLine(HEADER);
    const lines = format === 'csv' ? csvLines : jsonLine;
    for await (const journals of this.#pages(query, first)) yield journals.map(lines).join('');
  }

  async *#each(query: ExportQuery, first: ExportedJournal[]): AsyncGenerator<ExportedJournal> {
    for await (const journals of this.#pages(query, first)) yield* journals;
  }

  async *#pages(query: ExportQuery, first: ExportedJournal[]): AsyncGenerator<ExportedJournal[]> {
    for (let journals = first; journals.length > 0; ) {
      yield journals;
      const after = journals.at(-1)?.id;
      if (journals.length < PAGE || after === undefined) return;
      journals = (await this.#reads.journals({ ...query, after, limit: PAGE })) ?? [];
    }
  }
}

export function jsonLine(journal: ExportedJournal): string {
  const { id, event, currency, recordedAt, effectiveAt, cause, postings } = journal;
  const line = {
    journalId: id,
    event,
    recordedAt: recordedAt.toISOString(),
    effectiveAt: effectiveAt.toISOString(),
    currency,
    ...cause,
    postings: postings.map(({ accountId, kind, ownerId, amountMicros }) => ({
      accountId,
      account: kind,
      ownerId,
      amount: formatDecimal(amountMicros),
    })),
  };
  return `${JSON.stringify(line)}\n`;
}

export function csvLines({ id, event, currency, recordedAt, effectiveAt, cause, postings }: ExportedJournal): string {
  return postings
    .map(({ accountId, kind, ownerId, amountMicros }) =>
      csvLine([
        recordedAt.toISOString(),
        effectiveAt.toISOString(),
        id,
        event,
        accountId,
        kind,
        ownerId ?? '',
        currency,
        amountMicros < 0n ? formatDecimal(-amountMicros) : '',
        amountMicros > 0n ? formatDecimal(amountMicros) : '',
        ...CAUSES.map((name) => cause[name] ?? ''),
      ]),
    )
    .join('');
}

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it, which makes it a text there. */
function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
