import { createHash } from 'node:crypto';
import { DomainError } from '@dailydoco/errors';
import { formatDecimal } from '@dailydoco/money';
import { asBankFileId, asBankStatementId, type BankFileId, type TenantId, type UserId } from '../ids.js';
import type { BankFileWarning, ImportedFile } from './bank-file.js';
import { nameFacts, type NameBook } from './name-facts.js';
import type { FileFact, FileStatement, ReadFile } from './read-file.js';

/** Imports in an open database transaction. */
export interface ImportBook extends NameBook {
  /** Waits for other imports of the tenant; nothing of this tenant is imported beside. */
  lockImports(tenantId: TenantId): Promise<void>;
  fileOf(tenantId: TenantId, sha256: string): Promise<BankFileId | undefined>;
  /** The content hash of a statement imported before, by the bank's id of it. */
  contentOf(tenantId: TenantId, statement: Pick<FileStatement, 'account' | 'statementId'>): Promise<string | undefined>;
  /** The bank's id of a statement of the account that says the same, whatever its name. */
  nameOfContent(
    tenantId: TenantId,
    statement: Pick<FileStatement, 'account'> & { readonly contentHash: string },
  ): Promise<string | undefined>;
  /** The closing balance of the last statement of the account that closed not after the day. */
  closingBefore(
    tenantId: TenantId,
    statement: Pick<FileStatement, 'account' | 'currency' | 'openedOn'>,
  ): Promise<{ readonly closingMicros: bigint; readonly statementId: string } | undefined>;
  add(file: ImportedFile): Promise<void>;
}

export interface ImportOrder {
  readonly tenantId: TenantId;
  readonly importedBy: UserId;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly read: ReadFile;
}

/**
 * Stores what a bank's file says: its statements line by line, and its facts about payouts, which are reported
 * afterwards (see report-facts). All of it or nothing. The same file again is FILE_IMPORTED; a statement of a known name
 * is skipped with a warning when it says the same, and CONFLICT when it does not; one that says the same under another
 * name is skipped with a warning too. Balances that do not fit together are
 * warnings: what the bank says is kept as it says it.
 */
export async function importBankFile(
  book: ImportBook,
  order: ImportOrder,
  given: { readonly now: Date; readonly newId: () => string },
): Promise<ImportedFile> {
  const { tenantId, sha256, read } = order;
  await book.lockImports(tenantId);
  const earlier = await book.fileOf(tenantId, sha256);
  if (earlier !== undefined) {
    throw new DomainError('FILE_IMPORTED', {
      detail: `The file was imported already, as ${earlier}.`,
      metadata: { bankFileId: earlier },
    });
  }
  const { fresh, warnings } = await freshStatements(book, tenantId, read.statements);
  const facts = read.facts.filter(
    ({ statementLine }) => statementLine === undefined || fresh.has(statementLine.statement),
  );
  const named = await nameFacts(book, { tenantId, sha256, facts, kind: read.kind });
  const file: ImportedFile = {
    tenantId,
    id: asBankFileId(given.newId()),
    sha256,
    kind: read.kind,
    messageId: read.messageId,
    sizeBytes: order.sizeBytes,
    importedBy: order.importedBy,
    importedAt: given.now,
    facts: named.map(({ fact }) => fact),
    statements: [...fresh].map(([position, { statement, contentHash }]) => ({
      ...statement,
      id: asBankStatementId(given.newId()),
      contentHash,
      reportIds: reportIdsOf(position, named),
    })),
    warnings,
  };
  await book.add(file);
  return file;
}

interface Fresh {
  readonly statement: FileStatement;
  readonly contentHash: string;
}

/** Statements that were not imported before, by their position in the file, and what is odd about any of them. */
async function freshStatements(
  book: ImportBook,
  tenantId: TenantId,
  statements: readonly FileStatement[],
): Promise<{ fresh: Map<number, Fresh>; warnings: BankFileWarning[] }> {
  const fresh = new Map<number, Fresh>();
  const warnings: BankFileWarning[] = [];
  const inFile = new Map<string, string>();
  for (const [position, statement] of statements.entries()) {
    const contentHash = contentHashOf(statement);
    const name = JSON.stringify([statement.account, statement.statementId]);
    const known = inFile.get(name) ?? (await book.contentOf(tenantId, statement));
    inFile.set(name, contentHash);
    const copied = known === undefined ? await copyOf(book, { tenantId, statement, contentHash, fresh }) : undefined;
    if (known === contentHash) {
      warnings.push({ code: 'statement_repeated', detail: `Statement ${statement.statementId} was imported already.` });
    } else if (copied !== undefined) {
      const detail = `Statement ${statement.statementId} was imported already, as ${copied}: it says the same.`;
      warnings.push({ code: 'statement_repeated', detail });
    } else if (known === undefined) {
      const before = lastOf(fresh, statement) ?? (await book.closingBefore(tenantId, statement));
      warnings.push(...oddities(statement, before));
      fresh.set(position, { statement, contentHash });
    } else {
      throw new DomainError('CONFLICT', {
        detail: `Statement ${statement.statementId} of this account was imported already and says something else.`,
      });
    }
  }
  return { fresh, warnings };
}

/**
 * The name of a statement that says the same under another name: a bank that makes its file again may number it again.
 * Two of an account cannot both lead from the same balance to another one by the same bookings of the same days; where
 * nothing has moved they can, and are both kept.
 */
async function copyOf(
  book: ImportBook,
  given: { tenantId: TenantId; statement: FileStatement; contentHash: string; fresh: ReadonlyMap<number, Fresh> },
): Promise<string | undefined> {
  const { tenantId, contentHash, fresh } = given;
  const { account, openingMicros, closingMicros } = given.statement;
  if (openingMicros === closingMicros) return undefined;
  const here = [...fresh.values()].find(
    (each) => each.statement.account === account && each.contentHash === contentHash,
  );
  return here?.statement.statementId ?? (await book.nameOfContent(tenantId, { account, contentHash }));
}

/** The statement of the same account that stands before this one in the same file. */
function lastOf(fresh: ReadonlyMap<number, Fresh>, { account, currency }: FileStatement): FileStatement | undefined {
  const same = [...fresh.values()].filter(
    ({ statement }) => statement.account === account && statement.currency === currency,
  );
  return same.at(-1)?.statement;
}

function oddities(
  statement: FileStatement,
  before: { readonly closingMicros: bigint; readonly statementId: string } | undefined,
): BankFileWarning[] {
  const { statementId, openingMicros, closingMicros, lines, currency } = statement;
  const booked = lines.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
  const warnings: BankFileWarning[] = [];
  if (before !== undefined && before.closingMicros !== openingMicros) {
    const detail = `Statement ${statementId} opens with ${formatDecimal(openingMicros)} ${currency}, but statement ${before.statementId} before it closed with ${formatDecimal(before.closingMicros)}.`;
    warnings.push({ code: 'opening_differs', detail });
  }
  if (openingMicros + booked !== closingMicros) {
    const detail = `Statement ${statementId} closes with ${formatDecimal(closingMicros)} ${currency}, but its lines lead to ${formatDecimal(openingMicros + booked)}.`;
    warnings.push({ code: 'sum_differs', detail });
  }
  return warnings;
}

/** Over what a statement says, wherever in a file it stands. */
function contentHashOf(statement: FileStatement): string {
  const { openingMicros, closingMicros, currency, openedOn, closedOn } = statement;
  const lines = statement.lines.map(({ amountMicros, bookedOn, valueDate, endToEndId, bankReference, reasonCode }) => [
    String(amountMicros),
    bookedOn,
    valueDate ?? null,
    endToEndId ?? null,
    bankReference ?? null,
    reasonCode ?? null,
  ]);
  const content = [String(openingMicros), String(closingMicros), currency, openedOn, closedOn, lines];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** By line of a statement: the report that tells what it says. Of a batch booked as one it is the first payout's. */
function reportIdsOf(statement: number, named: Awaited<ReturnType<typeof nameFacts>>): Map<number, string> {
  const reportIds = new Map<number, string>();
  for (const { from, fact } of named) {
    const line: FileFact['statementLine'] = from.statementLine;
    if (line?.statement !== statement || fact.named === undefined || reportIds.has(line.line)) continue;
    reportIds.set(line.line, fact.named.reportId);
  }
  return reportIds;
}
