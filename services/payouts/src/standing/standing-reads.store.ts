import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import type { Standing, StandingReads } from './read-standing.js';

/** How a person stands, in one statement. */
export class StandingReadStore implements StandingReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async standing(tenantId: TenantId, personId: UserId): Promise<Standing> {
    const { rows } = await this.#sql.query<{
      stopped: boolean;
      frozen: boolean;
      suspended: boolean;
      under_review: number;
      open_findings: number;
      negative: [currency: string, micros: string][];
    }>(
      `SELECT payouts_stopped($1) AS stopped,
         coalesce((SELECT f.frozen FROM payout_freeze f WHERE f.tenant_id = $1 AND f.person_id = $2
                   ORDER BY f.position DESC LIMIT 1), false) AS frozen,
         coalesce((SELECT s.suspended FROM person_standing s WHERE s.tenant_id = $1 AND s.person_id = $2), false)
           AS suspended,
         waiting.payouts AS under_review, waiting.findings AS open_findings,
         (SELECT coalesce(jsonb_agg(jsonb_build_array(a.currency, b.balance_micros::text) ORDER BY a.currency), '[]')
          FROM account a JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = 0
          WHERE a.tenant_id = $1 AND a.owner_id = $2 AND a.kind = 'available' AND b.balance_micros < 0) AS negative
       FROM (
         SELECT count(*) FILTER (WHERE p.status = 'screened' OR open.findings > 0)::int AS payouts,
                coalesce(sum(open.findings) FILTER (WHERE p.status = 'requested'), 0)::int AS findings
         FROM payout p
         CROSS JOIN LATERAL (SELECT count(*) AS findings FROM payout_finding f
           WHERE f.tenant_id = p.tenant_id AND f.payout_id = p.id AND f.closed_at IS NULL) AS open
         WHERE p.tenant_id = $1 AND p.person_id = $2 AND p.status IN ('requested', 'screened')) AS waiting`,
      [tenantId, personId],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('one row is always there');
    return {
      personId,
      frozen: row.frozen,
      suspended: row.suspended,
      stopped: row.stopped,
      payoutsUnderReview: row.under_review,
      openFindings: row.open_findings,
      negativeBalances: row.negative.map(([currency, micros]) => ({
        amountMicros: BigInt(micros),
        currency: currencyOf(currency),
      })),
    };
  }
}
