import type { Sql } from '@dailydoco/database';
import type { Standing } from '../commissions/split.js';
import { asTenantId, asUserId, type TenantId, type UserId } from '../ids.js';

interface StandingRow {
  tenant_id: string;
  user_id: string;
  own_purchases: number;
  active_referrals: number;
}

/** What qualification goes by, of each of the people. Counting stops at `most`, so that nobody's success is slow. */
export async function readStandings(
  sql: Sql,
  people: readonly { tenantId: TenantId; userId: UserId }[],
  most: number,
): Promise<{ tenantId: TenantId; userId: UserId; standing: Standing }[]> {
  const { rows } = await sql.query<StandingRow>(
    `SELECT asked.tenant_id, asked.user_id,
            (SELECT count(*)::int FROM (
               SELECT 1 FROM purchase p
               JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
               WHERE p.tenant_id = asked.tenant_id AND p.buyer_id = asked.user_id
                 AND s.refunded_micros < p.amount_micros LIMIT $3) AS own) AS own_purchases,
            (SELECT count(*)::int FROM (
               SELECT 1 FROM member m
               WHERE m.tenant_id = asked.tenant_id AND m.referrer_id = asked.user_id
                 AND m.status = 'active' LIMIT $3) AS direct) AS active_referrals
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)`,
    [people.map(({ tenantId }) => tenantId), people.map(({ userId }) => userId), most],
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    userId: asUserId(row.user_id),
    standing: { ownPurchases: row.own_purchases, activeReferrals: row.active_referrals },
  }));
}
