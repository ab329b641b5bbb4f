import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asAccountId, asJournalId, type JournalId, type TenantId } from '../ids.js';
import type { AccountKind } from './account.js';
import { CAUSES, type ExportedJournal, type ExportQuery, type ExportReads } from './export-ledger.js';
import type { CausedQuery, JournalFact, JournalReads, LinkedJournal } from './find-journal.js';

interface JournalRow {
  id: string;
  event_type: string;
  currency: string;
  recorded_at: Date;
  occurred_at: Date;
  cause: (string | null)[];
  postings: [accountId: string, kind: AccountKind, ownerId: string, amountMicros: string][] | null;
}

const COLUMNS = `j.id, j.event_type, j.currency, j.recorded_at, j.occurred_at,
  ARRAY[j.purchase_id::text, j.purchase_sequence::text, j.refund_id::text, j.payout_id::text, j.payout_step,
        j.adjustment_id::text, j.reverses::text, j.corrects::text, j.reason] AS cause,
  (SELECT jsonb_agg(jsonb_build_array(a.id, a.kind, a.owner_id, p.amount_micros::text) ORDER BY a.kind, a.id)
   FROM posting p JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
   WHERE p.tenant_id = j.tenant_id AND p.journal_id = j.id) AS postings`;

/** Each is the key of an index. */
const FACT_COLUMN: Readonly<Record<JournalFact['kind'], string>> = {
  purchaseId: 'purchase_id',
  payoutId: 'payout_id',
  adjustmentId: 'adjustment_id',
};

/** Journals with their postings in the order of recording. */
export class ExportStore implements ExportReads, JournalReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async journals({
    tenantId,
    from,
    to,
    after,
    limit,
  }: ExportQuery & { limit: number }): Promise<ExportedJournal[] | undefined> {
    const begin = after === undefined ? { recorded_at: from, id: null } : await this.#recorded(tenantId, after);
    if (begin === undefined || begin.recorded_at < from || begin.recorded_at >= to) return undefined;
    const { rows } = await this.#sql.query<JournalRow>(
      `SELECT ${COLUMNS}
       FROM journal j
       WHERE j.tenant_id = $1 AND j.recorded_at >= $2 AND j.recorded_at < $3
         AND ($4::uuid IS NULL OR (j.recorded_at, j.id) > ($2, $4))
       ORDER BY j.recorded_at, j.id LIMIT $5`,
      [tenantId, begin.recorded_at, to, begin.id, limit],
    );
    return rows.map((row) => toExported(row, tenantId));
  }

  async find(tenantId: TenantId, id: JournalId): Promise<LinkedJournal | undefined> {
    const { rows } = await this.#sql.query<
      JournalRow & { reversed_by: string | null; corrected_by: string[] | null; number: bigint | null; hash: Buffer }
    >(
      `SELECT ${COLUMNS}, s.number, s.hash,
              (SELECT r.id FROM journal r WHERE r.tenant_id = j.tenant_id AND r.reverses = j.id) AS reversed_by,
              (SELECT array_agg(c.id::text ORDER BY c.id) FROM journal c
               WHERE c.tenant_id = j.tenant_id AND c.corrects = j.id) AS corrected_by
       FROM journal j LEFT JOIN journal_seal s ON s.tenant_id = j.tenant_id AND s.journal_id = j.id
       WHERE j.tenant_id = $1 AND j.id = $2`,
      [tenantId, id],
    );
    const [row] = rows;
    return (
      row && {
        ...toExported(row, tenantId),
        reversedBy: row.reversed_by === null ? undefined : asJournalId(row.reversed_by),
        correctedBy: (row.corrected_by ?? []).map(asJournalId),
        seal: row.number === null ? undefined : { number: row.number, hash: row.hash },
      }
    );
  }

  async causedBy({ tenantId, fact, after, limit }: CausedQuery): Promise<ExportedJournal[]> {
    const { rows } = await this.#sql.query<JournalRow>(
      `SELECT ${COLUMNS}
       FROM journal j
       WHERE j.tenant_id = $1 AND j.${FACT_COLUMN[fact.kind]} = $2
         AND ($3::uuid IS NULL OR (coalesce(j.purchase_sequence, 0), j.recorded_at, j.occurred_at, j.id) >
              (SELECT coalesce(a.purchase_sequence, 0), a.recorded_at, a.occurred_at, a.id
               FROM journal a WHERE a.tenant_id = $1 AND a.id = $3))
       ORDER BY coalesce(j.purchase_sequence, 0), j.recorded_at, j.occurred_at, j.id LIMIT $4`,
      [tenantId, fact.id, after ?? null, limit],
    );
    return rows.map((row) => toExported(row, tenantId));
  }

  async #recorded(tenantId: string, id: string): Promise<{ recorded_at: Date; id: string } | undefined> {
    const { rows } = await this.#sql.query<{ recorded_at: Date; id: string }>(
      'SELECT recorded_at, id FROM journal WHERE tenant_id = $1 AND id = $2',
      [tenantId, id],
    );
    return rows[0];
  }
}

function toExported(row: JournalRow, tenantId: string): ExportedJournal {
  return {
    id: asJournalId(row.id),
    event: row.event_type,
    currency: currencyOf(row.currency),
    recordedAt: row.recorded_at,
    effectiveAt: row.occurred_at,
    cause: Object.fromEntries(
      CAUSES.flatMap((name, n) => {
        const text = row.cause[n];
        return text === null || text === undefined ? [] : [[name, text]];
      }),
    ),
    postings: (row.postings ?? []).map(([accountId, kind, ownerId, amount]) => ({
      accountId: asAccountId(accountId),
      kind,
      ownerId: ownerId === tenantId ? undefined : ownerId,
      amountMicros: BigInt(amount),
    })),
  };
}
