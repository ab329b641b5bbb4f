import type { Sql } from '@dailydoco/database';
import type { TenantId } from '../ids.js';
import { BANK_CHECKS } from './bank-checks.store.js';
import type { Break } from './break-case.js';
import type { Source } from './day-report.js';
import { RAIL_CHECKS } from './rail-checks.store.js';
import { MAX_OF_AN_INVARIANT, type Outside } from './reconcile-tenant.js';

/** How long each rail may keep a payout to itself, in hours. One that is no longer here has five days. */
export type Patience = ReadonlyMap<string, number>;

/**
 * A difference is made good by the journals that finance named at its break: when together they move cash by the gap, it
 * is a break no more. A journal counts for the break at which it was named first; one of a payout counts for none, since
 * the payout is compared by itself, and what it moved would explain two things.
 */
const UNEXPLAINED = (check: string): string => `
  WITH finding AS (${check}),
  named AS (
    SELECT DISTINCT ON (journal_id) c.subject, c.invariant, journal_id
    FROM break_step s
    JOIN break_case c ON c.tenant_id = s.tenant_id AND c.id = s.break_id, unnest(s.journal_ids) AS journal_id
    WHERE s.tenant_id = $1 AND s.kind = 'corrected' AND c.invariant ~ '^[RB]' ORDER BY journal_id, s.taken_at, s.break_id),
  explained AS (
    SELECT named.subject, a.currency, sum(p.amount_micros) AS micros
    FROM named
    JOIN journal j ON j.tenant_id = $1 AND j.id = named.journal_id AND j.payout_id IS NULL
    JOIN posting p ON p.tenant_id = $1 AND p.journal_id = named.journal_id
    JOIN account a ON a.tenant_id = $1 AND a.id = p.account_id AND a.kind = 'cash'
    WHERE named.invariant = $5 GROUP BY named.subject, a.currency)
  SELECT f.subject, f.detail FROM finding f
  LEFT JOIN explained e ON e.subject = f.subject AND e.currency = f.currency
  WHERE f.gap_micros IS NULL OR f.gap_micros <> coalesce(e.micros, 0)
  ORDER BY f.subject LIMIT ${MAX_OF_AN_INVARIANT}`;

/** Rails and banks beside the ledger: what they told, against what was booked. */
export class OutsideStore implements Outside {
  readonly #sql: Sql;
  readonly #patience: Patience;

  constructor(sql: Sql, patience: Patience) {
    this.#sql = sql;
    this.#patience = patience;
  }

  async breaksBeside(tenantId: TenantId, now: Date): Promise<Break[]> {
    const breaks: Break[] = [];
    const [rails, hours] = [[...this.#patience.keys()], [...this.#patience.values()]];
    for (const { invariant, sql } of [...RAIL_CHECKS, ...BANK_CHECKS]) {
      const { rows } = await this.#sql.query<{ subject: string; detail: string }>(UNEXPLAINED(given(sql)), [
        tenantId,
        now,
        rails,
        hours,
        invariant,
      ]);
      breaks.push(...rows.map(({ subject, detail }) => ({ invariant, subject, detail })));
    }
    return breaks;
  }
}

/** Every check is handed the same parameters; Postgres wants each of them named, also where nobody asks for it. */
function given(sql: string): string {
  return `SELECT checked.* FROM (${sql}) AS checked, (SELECT $2::timestamptz, $3::text[], $4::integer[]) AS parameters`;
}

/** Who was compared with the ledger, besides viral-engine, and up to when their word is known. */
export async function outsideSources(sql: Sql, tenantId: TenantId): Promise<Source[]> {
  const { rows } = await sql.query<{ name: string; compared: number; up_to: Date | null }>(
    `SELECT 'rail ' || rail AS name, count(*)::integer AS compared, max(received_at) AS up_to
     FROM rail_report WHERE tenant_id = $1 GROUP BY rail
     UNION ALL
     SELECT 'sandbox payments', count(*)::integer, max(first_asked_at)
     FROM sandbox_payment WHERE tenant_id = $1 HAVING count(*) > 0
     UNION ALL
     SELECT 'bank ' || right(s.account, 4) || ' ' || s.currency, count(l.*)::integer,
            (max(s.closed_on) + 1)::timestamp AT TIME ZONE 'UTC'
     FROM bank_statement s LEFT JOIN bank_line l ON l.tenant_id = s.tenant_id AND l.statement_id = s.id
     WHERE s.tenant_id = $1 GROUP BY s.account, s.currency
     ORDER BY name`,
    [tenantId],
  );
  return rows.map(({ name, compared, up_to: upTo }) => ({ name, compared, upTo: upTo ?? undefined }));
}
