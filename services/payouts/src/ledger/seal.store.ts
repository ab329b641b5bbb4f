import type { Sql } from '@dailydoco/database';
import { asJournalId, asTenantId, type TenantId } from '../ids.js';
import { type SealBook, type SealReads, walkSeals } from './seal-journals.js';
import type { JournalText, Seal, SealBreak, SealedJournal } from './seal.js';

/** A journal may take this long from its recording to its commit and is still found by the quick look. */
const LATE_COMMIT = '2 minutes';
/** A journal without a seal that was recorded so long before the newest sealed one was passed over. */
const PASSED_OVER = '15 minutes';
/** A look at all journals of a tenant may take longer than what callers wait for. */
const WHOLE_TIMEOUT = '15min';
/** So many seals are compared by one reconciliation, each time others in turn. */
const SEGMENT = 20_000n;
const SEGMENT_EVERY_MS = 900_000;
const MAX_OF_A_KIND = 20;

/** All columns of a journal `j`, in the order that docs/ledger.md fixes. */
const COLUMNS = `ARRAY[j.event_type, j.currency, j.purchase_id::text, j.purchase_sequence::text, j.refund_id::text,
  j.payout_id::text, j.payout_step, j.adjustment_id::text, j.reverses::text, j.corrects::text, j.reason,
  to_char(j.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  to_char(j.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')] AS columns`;
const POSTINGS = `(SELECT array_agg(concat_ws(' ', p.account_id, p.amount_micros, p.position,
    coalesce(p.balance_after_micros::text, '-')) ORDER BY p.account_id)
  FROM posting p WHERE p.tenant_id = j.tenant_id AND p.journal_id = j.id) AS postings`;

interface JournalRow {
  journal_id: string;
  columns: (string | null)[];
  postings: string[] | null;
}

/** The chains of seals, in a database transaction or on a pool. */
export class SealStore implements SealBook, SealReads {
  readonly #sql: Sql;
  readonly #clock: { now(): Date };

  constructor(sql: Sql, clock: { now(): Date }) {
    this.#sql = sql;
    this.#clock = clock;
  }

  last(tenantId: TenantId): Promise<Seal | undefined> {
    return this.#seal(tenantId, 'ORDER BY number DESC LIMIT 1');
  }

  at(tenantId: TenantId, number: bigint): Promise<Seal | undefined> {
    return this.#seal(tenantId, 'AND number = $2', [number]);
  }

  async unsealed(tenantId: TenantId, { whole, limit }: { whole: boolean; limit: number }): Promise<JournalText[]> {
    if (whole) await this.#sql.query(`SET LOCAL statement_timeout = '${WHOLE_TIMEOUT}'`);
    const { rows } = await this.#sql.query<JournalRow>(
      `SELECT j.id AS journal_id, ${COLUMNS}, ${POSTINGS}
       FROM journal j
       WHERE j.tenant_id = $1 AND NOT EXISTS (
           SELECT FROM journal_seal s WHERE s.tenant_id = j.tenant_id AND s.journal_id = j.id)
         AND ($2 OR j.recorded_at >= ${lookFrom('$1')})
       ORDER BY j.recorded_at, j.id LIMIT $3`,
      [tenantId, whole, limit],
    );
    return rows.map(toText);
  }

  async add(tenantId: TenantId, seals: readonly Seal[]): Promise<void> {
    await this.#sql.query(
      `INSERT INTO journal_seal (tenant_id, number, journal_id, hash, sealed_at)
       SELECT $1::uuid, number, journal_id, hash, $5::timestamptz
       FROM unnest($2::bigint[], $3::uuid[], $4::bytea[]) AS new (number, journal_id, hash)`,
      [
        tenantId,
        seals.map(({ number }) => number),
        seals.map(({ journalId }) => journalId),
        seals.map(({ hash }) => Buffer.from(hash)),
        this.#clock.now(),
      ],
    );
  }

  async after(tenantId: TenantId, number: bigint, limit: number): Promise<SealedJournal[]> {
    const { rows } = await this.#sql.query<JournalRow & { number: bigint; hash: Buffer; there: boolean }>(
      `SELECT s.number, s.journal_id, s.hash, j.id IS NOT NULL AS there, ${COLUMNS}, ${POSTINGS}
       FROM (SELECT * FROM journal_seal WHERE tenant_id = $1 AND number > $2 ORDER BY number LIMIT $3) AS s
       LEFT JOIN journal j ON j.tenant_id = s.tenant_id AND j.id = s.journal_id
       ORDER BY s.number`,
      [tenantId, number, limit],
    );
    return rows.map((row) => ({
      number: row.number,
      journalId: asJournalId(row.journal_id),
      hash: row.hash,
      journal: row.there ? toText(row) : undefined,
    }));
  }

  async #seal(tenantId: TenantId, which: string, values: readonly unknown[] = []): Promise<Seal | undefined> {
    const { rows } = await this.#sql.query<{ number: bigint; journal_id: string; hash: Buffer }>(
      `SELECT number, journal_id, hash FROM journal_seal WHERE tenant_id = $1 ${which}`,
      [tenantId, ...values],
    );
    const [row] = rows;
    return row && { number: row.number, journalId: asJournalId(row.journal_id), hash: row.hash };
  }
}

/** When the journal of the newest seal was recorded; null: nothing is sealed yet. `tenant` is SQL. */
function newestSealed(tenant: string): string {
  return `(SELECT l.recorded_at FROM journal_seal s JOIN journal l ON l.tenant_id = s.tenant_id AND l.id = s.journal_id
    WHERE s.tenant_id = ${tenant} ORDER BY s.number DESC LIMIT 1)`;
}

/** From where the quick look for unsealed journals begins. */
function lookFrom(tenant: string): string {
  return `coalesce(${newestSealed(tenant)} - interval '${LATE_COMMIT}', '-infinity')`;
}

/** Tenants that have journals, one index look each. */
const TENANTS = `RECURSIVE tenant AS (
  (SELECT tenant_id FROM journal ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT j.tenant_id FROM journal j WHERE j.tenant_id > t.tenant_id ORDER BY j.tenant_id LIMIT 1)
  FROM tenant t WHERE t.tenant_id IS NOT NULL)`;

/** Every tenant that has journals. */
export async function sealedTenants(sql: Sql): Promise<TenantId[]> {
  const { rows } = await sql.query<{ tenant_id: string }>(
    `WITH ${TENANTS} SELECT tenant_id FROM tenant WHERE tenant_id IS NOT NULL`,
  );
  return rows.map((row) => asTenantId(row.tenant_id));
}

/** Seconds since the oldest journal without a seal was recorded, across tenants; 0 when all are sealed. */
export async function oldestUnsealedSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `WITH ${TENANTS}
     SELECT coalesce(greatest(extract(epoch FROM $1::timestamptz - min(oldest.recorded_at)), 0), 0)::float8 AS seconds
     FROM tenant t CROSS JOIN LATERAL (
       SELECT j.recorded_at FROM journal j
       WHERE j.tenant_id = t.tenant_id AND j.recorded_at >= ${lookFrom('t.tenant_id')} AND NOT EXISTS (
         SELECT FROM journal_seal s WHERE s.tenant_id = j.tenant_id AND s.journal_id = j.id)
       ORDER BY j.recorded_at LIMIT 1) AS oldest`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}

/**
 * What is wrong with the seals of a tenant, for reconciliation: missing seals and journals and journals never sealed, of
 * all; the hashes of one part of the chain, another part each quarter of an hour. `verify-ledger` walks all of it.
 */
export async function sealBreaks(sql: Sql, tenantId: TenantId, at: Date): Promise<SealBreak[]> {
  const { rows } = await sql.query<{ subject: string; detail: string }>(
    `(SELECT 'journal ' || j.id AS subject, 'it was never sealed' AS detail FROM journal j
      WHERE j.tenant_id = $1 AND j.recorded_at < ${newestSealed('$1')} - interval '${PASSED_OVER}' AND NOT EXISTS (
        SELECT FROM journal_seal s WHERE s.tenant_id = j.tenant_id AND s.journal_id = j.id) LIMIT ${MAX_OF_A_KIND})
     UNION ALL
     (SELECT 'journal ' || s.journal_id, 'it was sealed as number ' || s.number || ' and is not there any more'
      FROM journal_seal s WHERE s.tenant_id = $1 AND NOT EXISTS (
        SELECT FROM journal j WHERE j.tenant_id = s.tenant_id AND j.id = s.journal_id) LIMIT ${MAX_OF_A_KIND})
     UNION ALL
     SELECT 'tenant ' || $1, 'of ' || max(number) || ' seals only ' || count(*) || ' are there'
     FROM journal_seal WHERE tenant_id = $1::uuid HAVING max(number) <> count(*)`,
    [tenantId],
  );
  const store = new SealStore(sql, { now: () => at });
  const total = (await store.last(tenantId))?.number ?? 0n;
  const segments = total / SEGMENT + 1n;
  const turn = BigInt(Math.floor(at.getTime() / SEGMENT_EVERY_MS)) % segments;
  const { breaks } = await walkSeals(store, tenantId, { from: turn * SEGMENT, most: Number(SEGMENT) });
  const told = new Set(rows.map(({ subject }) => subject));
  return [
    ...rows.map(({ subject, detail }) => ({ invariant: 'I3' as const, subject, detail })),
    ...breaks.filter(({ subject }) => !told.has(subject)),
  ];
}

function toText(row: JournalRow): JournalText {
  return { journalId: asJournalId(row.journal_id), columns: row.columns, postings: row.postings ?? [] };
}
