import type { Sql } from '@dailydoco/database';
import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { RequestTerms } from './request-terms.js';

/** The terms of a request, read in one statement. For a method that is not the person's they say nothing about it. */
export async function readRequestTerms(
  sql: Sql,
  of: { tenantId: TenantId; personId: UserId; methodId: PayoutMethodId; currency: CurrencyCode },
): Promise<RequestTerms> {
  const { rows } = await sql.query<{
    stopped: boolean;
    frozen: boolean;
    held_until: Date | null;
    minimum_micros: bigint | null;
  }>(
    `SELECT payouts_stopped($1) AS stopped, payouts_frozen($1, $2) AS frozen, m.held_until,
       (SELECT l.minimum_micros FROM payout_policy_minimum l
        WHERE l.tenant_id = $1 AND l.rail = m.kind AND l.currency = $4
          AND l.version = (SELECT max(p.version) FROM payout_policy p WHERE p.tenant_id = $1)) AS minimum_micros
     FROM (VALUES (1)) AS always (one)
     LEFT JOIN payout_method m ON m.tenant_id = $1 AND m.id = $3 AND m.person_id = $2`,
    [of.tenantId, of.personId, of.methodId, of.currency],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('one row is always there');
  return {
    stopped: row.stopped,
    frozen: row.frozen,
    heldUntil: row.held_until ?? undefined,
    minimumMicros: row.minimum_micros ?? undefined,
  };
}
