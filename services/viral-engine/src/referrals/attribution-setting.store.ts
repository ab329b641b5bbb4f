import type { Sql } from '@dailydoco/database';
import { asCouponId, asLinkId, asUserId, type TenantId, type UserId } from '../ids.js';
import type { Brought } from '../links/landing.js';
import type { AttributionBook, AttributionChange, ReferrerSource } from './attribution.js';

interface SourceRow {
  user_id: string;
  referrer_id: string;
  decided_by: ReferrerSource['decidedBy'];
  converted_by: ReferrerSource['convertedBy'];
  code: string;
  link_id: string | null;
  coupon_id: string | null;
  campaign: string | null;
  click_id: string | null;
  external_id: string | null;
  at: Date;
  brought: Brought | null;
}

/** What a tenant lets give people their referrers, and what gave them. */
export class AttributionSettingStore implements AttributionBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async readFirstPurchase(tenantId: TenantId): Promise<boolean> {
    const { rows } = await this.#sql.query<{ first_purchase: boolean }>(
      'SELECT first_purchase FROM tenant_attribution WHERE tenant_id = $1',
      [tenantId],
    );
    return rows[0]?.first_purchase ?? false;
  }

  async saveFirstPurchase(change: AttributionChange & { at: Date }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO tenant_attribution (tenant_id, first_purchase, changed_by, changed_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id) DO UPDATE
       SET first_purchase = excluded.first_purchase, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
      [change.tenantId, change.firstPurchase, change.changedBy, change.at],
    );
  }

  async findSource(tenantId: TenantId, userId: UserId): Promise<ReferrerSource | undefined> {
    const { rows } = await this.#sql.query<SourceRow>(
      `SELECT s.user_id, s.referrer_id, s.decided_by, s.converted_by, s.code, s.link_id, s.coupon_id, s.campaign,
              s.click_id, s.external_id, coalesce(s.converted_at, s.registered_at) AS at, c.brought
       FROM registration_source s
       LEFT JOIN click c ON c.tenant_id = s.tenant_id AND c.id = s.click_id
       WHERE s.tenant_id = $1 AND s.user_id = $2`,
      [tenantId, userId],
    );
    return rows[0] && toSource(rows[0]);
  }
}

function toSource(row: SourceRow): ReferrerSource {
  return {
    userId: asUserId(row.user_id),
    referrerId: asUserId(row.referrer_id),
    decidedBy: row.decided_by,
    convertedBy: row.converted_by,
    code: row.code,
    linkId: row.link_id === null ? undefined : asLinkId(row.link_id),
    couponId: row.coupon_id === null ? undefined : asCouponId(row.coupon_id),
    campaign: row.campaign ?? undefined,
    clickId: row.click_id ?? undefined,
    externalId: row.external_id ?? undefined,
    at: row.at,
    brought: row.brought ?? undefined,
  };
}
