import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import {
  asBankFileId,
  asPayoutBatchId,
  asPayoutId,
  asTenantId,
  type BankFileId,
  type PayoutBatchId,
  type PayoutId,
  type TenantId,
} from '../ids.js';
import { SHORT_REFERENCE_DIGITS } from '../rails/bank-reference.js';
import type { RailKind } from '../rails/rail.js';
import type { FactOutcome, ImportedFile, ImportedStatement, NamedPayout } from './bank-file.js';
import type { ImportBook } from './import-bank-file.js';
import type { FactBook, WaitingFact } from './report-facts.js';

interface PayoutRow {
  id: string;
  rail: RailKind;
  batch_id: string | null;
  payable_micros: bigint;
  has_failed: boolean;
}

interface FactRow {
  tenant_id: string;
  file_id: string;
  position: number;
  payout_id: string;
  rail: RailKind;
  report_id: string;
  state: WaitingFact['state'];
  reason: string | null;
  amount_micros: bigint | null;
  currency: string | null;
  occurred_at: Date;
}

const PAYOUT = `id, rail, batch_id, amount_micros - withheld_micros AS payable_micros, status = 'failed' AS has_failed`;
// As the index payout_short_reference_idx spells it.
const TAIL = `right(replace(id::text, '-', ''), ${SHORT_REFERENCE_DIGITS})`;

/** What banks sent, as one open database transaction sees it. */
export class BankFileStore implements ImportBook, FactBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lockImports(tenantId: TenantId): Promise<void> {
    await this.#sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('bank-files ' || $1, 0))`, [tenantId]);
  }

  async fileOf(tenantId: TenantId, sha256: string): Promise<BankFileId | undefined> {
    const { rows } = await this.#sql.query<{ id: string }>(
      'SELECT id FROM bank_file WHERE tenant_id = $1 AND sha256 = $2',
      [tenantId, sha256],
    );
    return rows[0] && asBankFileId(rows[0].id);
  }

  async contentOf(
    tenantId: TenantId,
    { account, statementId }: { account: string; statementId: string },
  ): Promise<string | undefined> {
    const { rows } = await this.#sql.query<{ content_hash: string }>(
      'SELECT content_hash FROM bank_statement WHERE tenant_id = $1 AND account = $2 AND bank_id = $3',
      [tenantId, account, statementId],
    );
    return rows[0]?.content_hash;
  }

  async nameOfContent(
    tenantId: TenantId,
    { account, contentHash }: { account: string; contentHash: string },
  ): Promise<string | undefined> {
    const { rows } = await this.#sql.query<{ bank_id: string }>(
      'SELECT bank_id FROM bank_statement WHERE tenant_id = $1 AND account = $2 AND content_hash = $3 LIMIT 1',
      [tenantId, account, contentHash],
    );
    return rows[0]?.bank_id;
  }

  async closingBefore(
    tenantId: TenantId,
    { account, currency, openedOn }: { account: string; currency: string; openedOn: string },
  ): Promise<{ closingMicros: bigint; statementId: string } | undefined> {
    const { rows } = await this.#sql.query<{ closing_micros: bigint; bank_id: string }>(
      `SELECT closing_micros, bank_id FROM bank_statement
       WHERE tenant_id = $1 AND account = $2 AND currency = $3 AND closed_on <= $4
       ORDER BY closed_on DESC, id DESC LIMIT 1`,
      [tenantId, account, currency, openedOn],
    );
    return rows[0] && { closingMicros: rows[0].closing_micros, statementId: rows[0].bank_id };
  }

  async payoutsById(tenantId: TenantId, ids: readonly PayoutId[]): Promise<NamedPayout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${PAYOUT} FROM payout WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
      [tenantId, ids],
    );
    return rows.map(toPayout);
  }

  async payoutsByTail(tenantId: TenantId, tails: readonly string[]): Promise<Map<string, NamedPayout[]>> {
    const { rows } = await this.#sql.query<PayoutRow & { tail: string }>(
      `SELECT ${PAYOUT}, ${TAIL} AS tail FROM payout WHERE tenant_id = $1 AND ${TAIL} = ANY ($2::text[])`,
      [tenantId, tails],
    );
    const byTail = Map.groupBy(rows, ({ tail }) => tail);
    return new Map([...byTail].map(([tail, found]) => [tail, found.map(toPayout)]));
  }

  async payoutsOfBatches(tenantId: TenantId, ids: readonly PayoutBatchId[]): Promise<NamedPayout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${PAYOUT} FROM payout WHERE tenant_id = $1 AND batch_id = ANY ($2::uuid[]) ORDER BY batch_id, id`,
      [tenantId, ids],
    );
    return rows.map(toPayout);
  }

  async add(file: ImportedFile): Promise<void> {
    await this.#sql.query(
      `INSERT INTO bank_file (tenant_id, id, sha256, kind, message_id, size_bytes, imported_by, imported_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        file.tenantId,
        file.id,
        file.sha256,
        file.kind,
        file.messageId,
        file.sizeBytes,
        file.importedBy,
        file.importedAt,
      ],
    );
    await this.#addFacts(file);
    for (const statement of file.statements) await this.#addStatement(file, statement);
    await this.#sql.query(
      `INSERT INTO bank_file_warning (tenant_id, file_id, position, code, detail)
       SELECT $1, $2, w.position, w.code, w.detail
       FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS w (code, detail, position)`,
      [file.tenantId, file.id, file.warnings.map(({ code }) => code), file.warnings.map(({ detail }) => detail)],
    );
  }

  async takeWaiting(limit: number): Promise<WaitingFact[]> {
    const { rows } = await this.#sql.query<FactRow>(
      `SELECT tenant_id, file_id, position, payout_id, rail, report_id, state, reason, amount_micros, currency,
              occurred_at
       FROM bank_fact WHERE outcome IS NULL ORDER BY file_id, position LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED`,
      [limit],
    );
    return rows.map(toWaiting);
  }

  async settle(facts: readonly { fact: WaitingFact; outcome: FactOutcome }[], at: Date): Promise<void> {
    await this.#sql.query(
      `UPDATE bank_fact f SET outcome = told.outcome, reported_at = $5
       FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[]) AS told (tenant_id, file_id, position, outcome)
       WHERE f.tenant_id = told.tenant_id AND f.file_id = told.file_id AND f.position = told.position`,
      [
        facts.map(({ fact }) => fact.tenantId),
        facts.map(({ fact }) => fact.fileId),
        facts.map(({ fact }) => fact.position),
        facts.map(({ outcome }) => outcome),
        at,
      ],
    );
  }

  async #addFacts({ tenantId, id, facts }: ImportedFile): Promise<void> {
    await this.#sql.query(
      `INSERT INTO bank_fact (tenant_id, file_id, position, file_line, reference, payout_id, rail, report_id, state,
                              reason, amount_micros, currency, occurred_at, outcome)
       SELECT $1, $2, f.* FROM unnest($3::int[], $4::int[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[],
         $10::text[], $11::bigint[], $12::text[], $13::timestamptz[], $14::text[]) AS f`,
      [
        tenantId,
        id,
        facts.map(({ position }) => position),
        facts.map(({ fileLine }) => fileLine),
        facts.map(({ reference }) => reference),
        facts.map(({ named }) => named?.payoutId ?? null),
        facts.map(({ named }) => named?.rail ?? null),
        facts.map(({ named }) => named?.reportId ?? null),
        facts.map(({ state }) => state),
        facts.map(({ reason }) => reason ?? null),
        facts.map(({ amountMicros }) => amountMicros ?? null),
        facts.map(({ currency }) => currency ?? null),
        facts.map(({ occurredAt }) => occurredAt.toISOString()),
        facts.map(({ outcome }) => outcome ?? null),
      ],
    );
  }

  async #addStatement({ tenantId, id: fileId }: ImportedFile, statement: ImportedStatement): Promise<void> {
    const { id, statementId, account, currency, openingMicros, closingMicros, openedOn, closedOn } = statement;
    const { lines, contentHash, reportIds } = statement;
    await this.#sql.query(
      `INSERT INTO bank_statement (tenant_id, id, file_id, bank_id, account, currency, opening_micros, closing_micros,
                                   opened_on, closed_on, content_hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        tenantId,
        id,
        fileId,
        statementId,
        account,
        currency,
        openingMicros,
        closingMicros,
        openedOn,
        closedOn,
        contentHash,
      ],
    );
    await this.#sql.query(
      `INSERT INTO bank_line (tenant_id, statement_id, line, booked_on, value_date, amount_micros, currency,
                              end_to_end_id, bank_reference, reason_code, counterparty, report_id)
       SELECT $1, $2, l.line, l.booked_on, l.value_date, l.amount, $3, l.end_to_end_id, l.bank_reference, l.reason,
              l.counterparty, l.report_id
       FROM unnest($4::int[], $5::date[], $6::date[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[],
         $12::text[])
         AS l (line, booked_on, value_date, amount, end_to_end_id, bank_reference, reason, counterparty, report_id)`,
      [
        tenantId,
        id,
        currency,
        lines.map(({ line }) => line),
        lines.map(({ bookedOn }) => bookedOn),
        lines.map(({ valueDate }) => valueDate ?? null),
        lines.map(({ amountMicros }) => amountMicros),
        lines.map(({ endToEndId }) => endToEndId ?? null),
        lines.map(({ bankReference }) => bankReference ?? null),
        lines.map(({ reasonCode }) => reasonCode ?? null),
        lines.map(({ counterparty }) => counterparty ?? null),
        lines.map(({ line }) => reportIds.get(line) ?? null),
      ],
    );
  }
}

function toPayout({ id, rail, batch_id, payable_micros, has_failed: hasFailed }: PayoutRow): NamedPayout {
  return {
    id: asPayoutId(id),
    rail,
    batchId: batch_id === null ? undefined : asPayoutBatchId(batch_id),
    payableMicros: payable_micros,
    hasFailed,
  };
}

function toWaiting(row: FactRow): WaitingFact {
  return {
    tenantId: asTenantId(row.tenant_id),
    fileId: row.file_id,
    position: row.position,
    named: { payoutId: asPayoutId(row.payout_id), rail: row.rail, reportId: row.report_id },
    state: row.state,
    reason: row.reason ?? undefined,
    amountMicros: row.amount_micros ?? undefined,
    currency: row.currency === null ? undefined : currencyOf(row.currency),
    occurredAt: row.occurred_at,
  };
}
