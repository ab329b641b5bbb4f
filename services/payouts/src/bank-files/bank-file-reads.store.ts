import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asBankFileId, asUserId, type BankFileId, type TenantId } from '../ids.js';
import type { BankFileWarning, FactOutcome } from './bank-file.js';
import type { BankFile, BankFileReads, BankFileReport, OddFact, UnmatchedLine } from './bank-files.js';
import type { BankFileKind, FactState } from './read-file.js';

interface FileRow {
  id: string;
  kind: BankFileKind;
  message_id: string;
  sha256: string;
  size_bytes: number;
  imported_by: string;
  imported_at: Date;
  facts: number;
  waiting: number;
  outcomes: Partial<Record<FactOutcome, number>>;
  lines: number;
  unmatched_lines: number;
  warnings: BankFileWarning[];
}

interface LineRow {
  bank_id: string;
  line: number;
  booked_on: string;
  amount_micros: bigint;
  currency: string;
  end_to_end_id: string | null;
  bank_reference: string | null;
  reason_code: string | null;
  counterparty: string | null;
}

interface StatementRow {
  bank_id: string;
  account: string;
  currency: string;
  opening_micros: bigint;
  closing_micros: bigint;
  opened_on: string;
  closed_on: string;
}

const FILES = `
  SELECT f.id, f.kind, f.message_id, f.sha256, f.size_bytes, f.imported_by, f.imported_at,
         facts.facts, facts.waiting, facts.outcomes, lines.lines, lines.unmatched_lines, warnings.warnings
  FROM bank_file f
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(n), 0)::int AS facts, coalesce(sum(n) FILTER (WHERE outcome IS NULL), 0)::int AS waiting,
           coalesce(jsonb_object_agg(outcome, n) FILTER (WHERE outcome IS NOT NULL), '{}') AS outcomes
    FROM (SELECT outcome, count(*)::int AS n FROM bank_fact b
          WHERE b.tenant_id = f.tenant_id AND b.file_id = f.id GROUP BY outcome) AS counted) AS facts
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS lines, (count(*) FILTER (WHERE l.report_id IS NULL))::int AS unmatched_lines
    FROM bank_statement s JOIN bank_line l ON l.tenant_id = s.tenant_id AND l.statement_id = s.id
    WHERE s.tenant_id = f.tenant_id AND s.file_id = f.id) AS lines
  CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('code', w.code, 'detail', w.detail) ORDER BY w.position), '[]')
             AS warnings
    FROM bank_file_warning w WHERE w.tenant_id = f.tenant_id AND w.file_id = f.id) AS warnings`;

/** What banks sent, outside any database transaction. */
export class BankFileReadStore implements BankFileReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(tenantId: TenantId, id: BankFileId): Promise<BankFile | undefined> {
    const { rows } = await this.#sql.query<FileRow>(`${FILES} WHERE f.tenant_id = $1 AND f.id = $2`, [tenantId, id]);
    return rows[0] && toFile(rows[0]);
  }

  async list(query: { tenantId: TenantId; before: BankFileId | undefined; limit: number }): Promise<BankFile[]> {
    const { rows } = await this.#sql.query<FileRow>(
      `${FILES} WHERE f.tenant_id = $1 AND ($2::uuid IS NULL OR f.id < $2) ORDER BY f.id DESC LIMIT $3`,
      [query.tenantId, query.before ?? null, query.limit],
    );
    return rows.map(toFile);
  }

  async detailsOf(tenantId: TenantId, id: BankFileId, limit: number): Promise<Omit<BankFileReport, 'file'>> {
    const { rows: statements } = await this.#sql.query<StatementRow>(
      `SELECT bank_id, account, currency, opening_micros, closing_micros, opened_on::text, closed_on::text
       FROM bank_statement WHERE tenant_id = $1 AND file_id = $2 ORDER BY id`,
      [tenantId, id],
    );
    const { rows: lines } = await this.#sql.query<LineRow>(
      `SELECT s.bank_id, l.line, l.booked_on::text, l.amount_micros, l.currency, l.end_to_end_id, l.bank_reference,
              l.reason_code, l.counterparty
       FROM bank_statement s JOIN bank_line l ON l.tenant_id = s.tenant_id AND l.statement_id = s.id
       WHERE s.tenant_id = $1 AND s.file_id = $2 AND l.report_id IS NULL ORDER BY s.id, l.line LIMIT $3`,
      [tenantId, id, limit],
    );
    const { rows: facts } = await this.#sql.query<{
      file_line: number;
      reference: string;
      state: FactState;
      reason: string | null;
      outcome: FactOutcome;
    }>(
      `SELECT file_line, reference, state, reason, outcome FROM bank_fact
       WHERE tenant_id = $1 AND file_id = $2 AND outcome NOT IN ('recorded', 'repeated') ORDER BY position LIMIT $3`,
      [tenantId, id, limit],
    );
    return {
      statements: statements.map((row) => ({
        statementId: row.bank_id,
        account: row.account,
        currency: currencyOf(row.currency),
        openingMicros: row.opening_micros,
        closingMicros: row.closing_micros,
        openedOn: row.opened_on,
        closedOn: row.closed_on,
      })),
      unmatched: lines.map(toLine),
      odd: facts.map(
        ({ file_line: fileLine, reference, state, reason, outcome }): OddFact => ({
          fileLine,
          reference,
          state,
          reason: reason ?? undefined,
          outcome,
        }),
      ),
    };
  }
}

/** Seconds since the oldest file was brought in of which something waits to be told; 0 when nothing waits. Across tenants. */
export async function oldestWaitingSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `SELECT coalesce(extract(epoch FROM $1::timestamptz - min(f.imported_at)), 0)::float8 AS seconds
     FROM bank_file f
     WHERE (f.tenant_id, f.id) IN (SELECT w.tenant_id, w.file_id FROM bank_fact w WHERE w.outcome IS NULL)`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}

function toFile(row: FileRow): BankFile {
  return {
    id: asBankFileId(row.id),
    kind: row.kind,
    messageId: row.message_id,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    importedBy: asUserId(row.imported_by),
    importedAt: row.imported_at,
    facts: row.facts,
    waiting: row.waiting,
    outcomes: row.outcomes,
    lines: row.lines,
    unmatchedLines: row.unmatched_lines,
    warnings: row.warnings,
  };
}

function toLine(row: LineRow): UnmatchedLine {
  return {
    statementId: row.bank_id,
    line: row.line,
    bookedOn: row.booked_on,
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    endToEndId: row.end_to_end_id ?? undefined,
    bankReference: row.bank_reference ?? undefined,
    reasonCode: row.reason_code ?? undefined,
    counterparty: row.counterparty ?? undefined,
  };
}
