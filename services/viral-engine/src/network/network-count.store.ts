import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPurchaseId, asTenantId, asUserId } from '../ids.js';
import type { Member } from '../members/member.js';
import { shareTree } from '../members/tree-lock.store.js';
import { UPLINE } from '../members/upline.store.js';
import type { MemberCounts } from './count-members.js';
import type { PurchaseCount, PurchaseCounts, PurchaseRef, StandingPurchase } from './count-purchases.js';
import { addToNetwork } from './network-change.store.js';
import type { NetworkChange } from './spread.js';

/** Counts of networks, as one open database transaction sees and changes them. */
export class NetworkCountStore implements MemberCounts, PurchaseCounts {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  shareTree(): Promise<void> {
    return shareTree(this.#sql);
  }

  async takeUncounted(limit: number): Promise<Pick<Member, 'tenantId' | 'userId' | 'upline' | 'joinedAt'>[]> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      user_id: string;
      upline: string[];
      joined_at: Date;
    }>(
      // A buyer whose purchase is being recorded can wait.
      `WITH due AS MATERIALIZED (
         SELECT tenant_id, user_id FROM member WHERE NOT network_counted LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE member m SET network_counted = true FROM due
       WHERE m.tenant_id = due.tenant_id AND m.user_id = due.user_id
       RETURNING m.tenant_id, m.user_id, ${UPLINE} AS upline, m.joined_at`,
      [limit],
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      userId: asUserId(row.user_id),
      upline: row.upline.map(asUserId),
      joinedAt: row.joined_at,
    }));
  }

  async lockCounts(refs: readonly PurchaseRef[]): Promise<PurchaseCount[]> {
    // Setting a row to itself gives it back as it stands after the wait.
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      purchase_id: string;
      revenue_micros: bigint;
      commission_micros: bigint;
      points: number;
    }>(
      `INSERT INTO network_purchase AS kept (tenant_id, purchase_id, revenue_micros, commission_micros, points)
       SELECT tenant_id, purchase_id, 0, 0, 0 FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id)
       ORDER BY tenant_id, purchase_id
       ON CONFLICT (tenant_id, purchase_id) DO UPDATE SET points = kept.points
       RETURNING tenant_id, purchase_id, revenue_micros, commission_micros, points`,
      keys(refs),
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      purchaseId: asPurchaseId(row.purchase_id),
      revenueMicros: row.revenue_micros,
      commissionMicros: row.commission_micros,
      points: row.points,
    }));
  }

  async readPurchases(refs: readonly PurchaseRef[]): Promise<StandingPurchase[]> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      id: string;
      buyer_id: string;
      upline: string[];
      currency: string;
      occurred_at: Date;
      revenue_micros: bigint;
      commission_micros: bigint;
    }>(
      // One after the other by their whole keys: of a plain join Postgres knows that all tenants in it are the same, and as
      // long as it has no statistics it may go through everything a tenant has, once for each of them.
      `SELECT p.tenant_id, p.id, p.buyer_id, b.upline, p.currency, p.occurred_at, p.revenue_micros, p.commission_micros
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, id)
       CROSS JOIN LATERAL (
         SELECT p.tenant_id, p.id, p.buyer_id, p.currency, p.occurred_at,
                p.amount_micros - s.refunded_micros AS revenue_micros,
                CASE WHEN p.commissions_micros = 0 THEN 0::bigint
                     WHEN s.refunded_micros = 0 AND s.sequence = 2 THEN p.commissions_micros
                     ELSE (SELECT coalesce(sum(c.net_micros), 0)::bigint FROM commission c
                           WHERE c.tenant_id = p.tenant_id AND c.purchase_id = p.id) END AS commission_micros
         FROM purchase p JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
         WHERE p.tenant_id = asked.tenant_id AND p.id = asked.id OFFSET 0
       ) AS p
       CROSS JOIN LATERAL (
         SELECT ${UPLINE} AS upline FROM member m WHERE m.tenant_id = p.tenant_id AND m.user_id = p.buyer_id OFFSET 0
       ) AS b`,
      keys(refs),
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      purchaseId: asPurchaseId(row.id),
      buyerId: asUserId(row.buyer_id),
      upline: row.upline.map(asUserId),
      currency: currencyOf(row.currency),
      occurredAt: row.occurred_at,
      revenueMicros: row.revenue_micros,
      commissionMicros: row.commission_micros,
    }));
  }

  async saveCounts(counts: readonly PurchaseCount[]): Promise<void> {
    await this.#sql.query(
      `UPDATE network_purchase n
       SET revenue_micros = u.revenue_micros, commission_micros = u.commission_micros, points = u.points
       FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::integer[])
         AS u (tenant_id, purchase_id, revenue_micros, commission_micros, points)
       WHERE n.tenant_id = u.tenant_id AND n.purchase_id = u.purchase_id`,
      [
        ...keys(counts),
        counts.map((count) => count.revenueMicros),
        counts.map((count) => count.commissionMicros),
        counts.map((count) => count.points),
      ],
    );
  }

  add(change: NetworkChange): Promise<void> {
    return addToNetwork(this.#sql, change);
  }
}

function keys(refs: readonly PurchaseRef[]): string[][] {
  return [refs.map(({ tenantId }) => tenantId), refs.map(({ purchaseId }) => purchaseId)];
}
