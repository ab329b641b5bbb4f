import type { Sql } from '@dailydoco/database';
import { asCommissionId, asPurchaseId, asTenantId, type PurchaseId, type TenantId } from '../ids.js';
import type { Entry } from '../purchases/book-changes.js';
import type { EntryStatus } from '../purchases/money-event.js';
import type { Break, PurchaseState } from './compare-purchases.js';
import type { OwnBooks, Reconciliation } from './reconcile-tenant.js';

/** Each check tells of this many breaks at most. */
const MAX_OF_A_KIND = 20;

/** One query per invariant; each row it returns is a break. $1 is the tenant. */
const CHECKS: readonly { invariant: Break['invariant']; sql: string }[] = [
  {
    invariant: 'I1',
    sql: `SELECT 'journal ' || journal_id AS subject, 'its postings sum to ' || sum(amount_micros) AS detail
          FROM posting WHERE tenant_id = $1 GROUP BY journal_id HAVING sum(amount_micros) <> 0`,
  },
  {
    invariant: 'I1',
    sql: `SELECT 'journal ' || j.id AS subject, 'it has no postings' AS detail FROM journal j
          WHERE j.tenant_id = $1
            AND NOT EXISTS (SELECT FROM posting p WHERE p.tenant_id = j.tenant_id AND p.journal_id = j.id)`,
  },
  {
    invariant: 'I1',
    sql: `SELECT 'journal ' || p.journal_id AS subject, 'a posting names it or account ' || p.account_id || ', one of which is not there' AS detail
          FROM posting p WHERE p.tenant_id = $1
            AND (NOT EXISTS (SELECT FROM journal j WHERE j.tenant_id = p.tenant_id AND j.id = p.journal_id)
              OR NOT EXISTS (SELECT FROM account a WHERE a.tenant_id = p.tenant_id AND a.id = p.account_id))`,
  },
  {
    invariant: 'I2',
    sql: `SELECT 'account ' || a.id AS subject,
                 'its balance is ' || coalesce(b.balance, 0) || ', its postings make ' || coalesce(p.sum, 0) AS detail
          FROM account a
          LEFT JOIN (SELECT account_id, sum(balance_micros) AS balance FROM account_balance
                     WHERE tenant_id = $1 GROUP BY account_id) AS b ON b.account_id = a.id
          LEFT JOIN (SELECT account_id, sum(amount_micros) AS sum FROM posting
                     WHERE tenant_id = $1 GROUP BY account_id) AS p ON p.account_id = a.id
          WHERE a.tenant_id = $1 AND coalesce(b.balance, 0) <> coalesce(p.sum, 0)`,
  },
  {
    invariant: 'I3',
    sql: `SELECT 'table ' || name AS subject, 'its rows could be changed or deleted' AS detail
          FROM unnest(ARRAY['account', 'journal', 'posting', 'payout_step']) AS name
          WHERE $1::uuid IS NOT NULL AND (
            NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = name::regclass
                        AND t.tgname = name || '_append_only' AND t.tgenabled <> 'D')
            OR has_table_privilege(name, 'UPDATE') OR has_table_privilege(name, 'DELETE')
            OR has_table_privilege(name, 'TRUNCATE'))`,
  },
  {
    invariant: 'I4',
    sql: `WITH entry AS (
            SELECT beneficiary_id AS person_id, currency,
                   sum(net_micros) FILTER (WHERE status = 'pending') AS pending,
                   sum(net_micros) FILTER (WHERE status = 'held') AS held,
                   sum(net_micros) FILTER (WHERE status = 'available') AS available
            FROM purchase_entry WHERE tenant_id = $1 GROUP BY 1, 2),
          balance AS (
            SELECT a.owner_id AS person_id, a.currency,
                   sum(b.balance_micros) FILTER (WHERE a.kind = 'pending') AS pending,
                   sum(b.balance_micros) FILTER (WHERE a.kind = 'held') AS held,
                   sum(b.balance_micros) FILTER (WHERE a.kind IN ('available', 'in_transit')) AS available
            FROM account a JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
            WHERE a.tenant_id = $1 AND a.owner_id <> a.tenant_id GROUP BY 1, 2),
          paid AS (
            SELECT person_id, currency,
                   -- What has left, and what is withheld for tax until the payout ends otherwise.
                   sum(CASE status WHEN 'settled' THEN amount_micros ELSE withheld_micros END) AS paid
            FROM payout WHERE tenant_id = $1 AND status NOT IN ('failed', 'cancelled', 'returned') GROUP BY 1, 2)
          SELECT 'person ' || person_id || ' ' || currency AS subject,
                 format('pending %s of %s, held %s of %s, available, in transit, withheld and paid %s of %s',
                        coalesce(b.pending, 0), coalesce(e.pending, 0), coalesce(b.held, 0), coalesce(e.held, 0),
                        coalesce(b.available, 0) + coalesce(p.paid, 0), coalesce(e.available, 0)) AS detail
          FROM entry e FULL JOIN balance b USING (person_id, currency) FULL JOIN paid p USING (person_id, currency)
          WHERE coalesce(b.pending, 0) <> coalesce(e.pending, 0) OR coalesce(b.held, 0) <> coalesce(e.held, 0)
             OR coalesce(b.available, 0) + coalesce(p.paid, 0) <> coalesce(e.available, 0)`,
  },
  {
    invariant: 'I5',
    sql: `SELECT 'purchase ' || g.purchase_id AS subject,
                 'its commissions ' || sum(e.net_micros) || ' and the house''s ' || g.house_micros || ' exceed its amount ' || g.amount_micros AS detail
          FROM purchase_progress g
          JOIN purchase_entry e ON e.tenant_id = g.tenant_id AND e.purchase_id = g.purchase_id
          WHERE g.tenant_id = $1
          GROUP BY g.purchase_id, g.house_micros, g.amount_micros
          HAVING g.amount_micros IS NULL OR sum(e.net_micros) + g.house_micros > g.amount_micros`,
  },
  {
    invariant: 'I6',
    sql: `SELECT 'payout ' || coalesce(s.payout_id, j.payout_id) AS subject,
                 coalesce(s.step, j.payout_step) || ' was taken or booked, and not both' AS detail
          FROM (SELECT s.payout_id, s.step FROM payout_step s
                WHERE s.tenant_id = $1 AND s.step NOT IN ('screened', 'approved', 'submitted', 'unknown')
                UNION ALL
                SELECT p.id, extra.step FROM payout p
                CROSS JOIN LATERAL (VALUES
                  ('withheld', p.withheld_micros > 0),
                  ('withheld_back', p.withheld_micros > 0 AND p.status IN ('failed', 'cancelled', 'returned')),
                  ('fee', p.fee_micros > 0)) AS extra (step, is_booked)
                WHERE p.tenant_id = $1 AND extra.is_booked) AS s
          FULL JOIN (SELECT * FROM journal WHERE tenant_id = $1 AND payout_id IS NOT NULL) AS j
            ON j.payout_id = s.payout_id AND j.payout_step = s.step
          WHERE s.payout_id IS NULL OR j.payout_id IS NULL`,
  },
  {
    invariant: 'I6',
    sql: `SELECT 'payout ' || p.id AS subject, 'it is ' || p.status || ', its cash postings make ' || coalesce(c.sum, 0) AS detail
          FROM payout p
          LEFT JOIN (SELECT j.payout_id, sum(g.amount_micros) AS sum FROM journal j
                     JOIN posting g ON g.tenant_id = j.tenant_id AND g.journal_id = j.id
                     JOIN account a ON a.tenant_id = g.tenant_id AND a.id = g.account_id AND a.kind = 'cash'
                     WHERE j.tenant_id = $1 AND j.payout_id IS NOT NULL GROUP BY j.payout_id) AS c ON c.payout_id = p.id
          WHERE p.tenant_id = $1
            AND coalesce(c.sum, 0) <> p.fee_micros +
              CASE p.status WHEN 'settled' THEN p.amount_micros - p.withheld_micros ELSE 0 END`,
  },
];

/** The ledger as reconciliation reads it. `consistently` hands in one snapshot for all that is asked within. */
export class BooksStore implements OwnBooks {
  readonly #sql: Sql;
  readonly #consistently: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

  constructor(sql: Sql, consistently: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>) {
    this.#sql = sql;
    this.#consistently = consistently;
  }

  async breaksWithin(tenantId: TenantId): Promise<Break[]> {
    return this.#consistently(async (sql) => {
      const breaks: Break[] = [];
      for (const { invariant, sql: check } of CHECKS) {
        const { rows } = await sql.query<{ subject: string; detail: string }>(`${check} LIMIT ${MAX_OF_A_KIND}`, [
          tenantId,
        ]);
        breaks.push(...rows.map(({ subject, detail }) => ({ invariant, subject, detail })));
      }
      return breaks;
    });
  }

  async purchasesBetween(
    tenantId: TenantId,
    { after, to, limit }: { after: PurchaseId | undefined; to: PurchaseId | undefined; limit: number },
  ): Promise<PurchaseState[]> {
    const { rows } = await this.#sql.query<{
      purchase_id: string;
      sequence: bigint;
      applied_at: Date;
      entries: [id: string, status: EntryStatus, netMicros: string][] | null;
    }>(
      `SELECT g.purchase_id, g.sequence, g.applied_at,
              (SELECT jsonb_agg(jsonb_build_array(e.commission_id, e.status, e.net_micros::text)) FROM purchase_entry e
               WHERE e.tenant_id = g.tenant_id AND e.purchase_id = g.purchase_id) AS entries
       FROM purchase_progress g
       WHERE g.tenant_id = $1 AND ($2::uuid IS NULL OR g.purchase_id > $2) AND ($3::uuid IS NULL OR g.purchase_id <= $3)
       ORDER BY g.purchase_id LIMIT $4`,
      [tenantId, after ?? null, to ?? null, limit],
    );
    return rows.map((row) => ({
      purchaseId: asPurchaseId(row.purchase_id),
      sequence: row.sequence,
      changedAt: row.applied_at,
      entries: new Map(
        (row.entries ?? []).map(([id, status, net]): [ReturnType<typeof asCommissionId>, Entry] => [
          asCommissionId(id),
          { status, netMicros: BigInt(net) },
        ]),
      ),
    }));
  }
}

/** Which tenants there are to reconcile: all that identity told of, and all that have a ledger. */
export async function listTenants(sql: Sql): Promise<TenantId[]> {
  const { rows } = await sql.query<{ tenant_id: string }>(
    'SELECT tenant_id FROM known_tenant UNION SELECT tenant_id FROM purchase_progress UNION SELECT tenant_id FROM account',
  );
  return rows.map((row) => asTenantId(row.tenant_id)).toSorted();
}

/** Writes down what a reconciliation found. */
export async function saveReconciliation(sql: Sql, id: string, run: Reconciliation): Promise<void> {
  await sql.query(
    `INSERT INTO reconciliation_run (tenant_id, id, outcome, purchases_compared, purchases_in_flight, breaks, started_at,
                                     finished_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [run.tenantId, id, run.outcome, run.compared, run.inFlight, run.breaks.length, run.startedAt, run.finishedAt],
  );
  await sql.query(
    `INSERT INTO reconciliation_break (tenant_id, run_id, line, invariant, subject, detail)
     SELECT $1::uuid, $2::uuid, n, invariant, subject, detail
     FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS found (invariant, subject, detail, n)`,
    [
      run.tenantId,
      id,
      run.breaks.map(({ invariant }) => invariant),
      run.breaks.map(({ subject }) => subject),
      run.breaks.map(({ detail }) => detail),
    ],
  );
}
