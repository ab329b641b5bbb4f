import type { Sql } from '@dailydoco/database';
import { asCouponId, asTenantId, asUserId, type CouponId, type TenantId, type UserId } from '../ids.js';
import type { Coupon } from './coupon.js';
import type { CouponChanges, CouponReads } from './coupons.js';

interface CouponRow {
  tenant_id: string;
  id: string;
  owner_id: string;
  code: string;
  campaign: string | null;
  expires_at: Date | null;
  max_uses: number | null;
  uses: number;
  created_by: string;
  created_at: Date;
  archived_at: Date | null;
}

const SELECT_COUPONS = `SELECT tenant_id, id, owner_id, code, campaign, expires_at, max_uses, uses, created_by, created_at,
  archived_at FROM coupon`;

/** Coupons as administrators see them: over a pool to read, over a database transaction to change. */
export class CouponStore implements CouponChanges, CouponReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async isMember(tenantId: TenantId, userId: UserId): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
    ]);
    return rowCount === 1;
  }

  async addCode(code: { code: string; tenantId: TenantId; couponId: CouponId; createdAt: Date }): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO referral_code (code, tenant_id, coupon_id, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (code) DO NOTHING`,
      [code.code, code.tenantId, code.couponId, code.createdAt],
    );
    return rowCount === 1;
  }

  async add(coupon: Coupon): Promise<void> {
    await this.#sql.query(
      `INSERT INTO coupon (tenant_id, id, owner_id, code, campaign, expires_at, max_uses, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        coupon.tenantId,
        coupon.id,
        coupon.ownerId,
        coupon.code,
        coupon.campaign ?? null,
        coupon.expiresAt ?? null,
        coupon.maxUses ?? null,
        coupon.createdBy,
        coupon.createdAt,
      ],
    );
  }

  async lock(tenantId: TenantId, couponId: CouponId): Promise<Coupon | undefined> {
    const { rows } = await this.#sql.query<CouponRow>(
      `${SELECT_COUPONS} WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
      [tenantId, couponId],
    );
    return rows[0] && toCoupon(rows[0]);
  }

  async saveArchived({ tenantId, id }: Coupon, at: Date): Promise<void> {
    await this.#sql.query('UPDATE coupon SET archived_at = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, id, at]);
  }

  async list(query: Parameters<CouponReads['list']>[0]): Promise<Coupon[]> {
    const { rows } = await this.#sql.query<CouponRow>(
      `${SELECT_COUPONS} WHERE tenant_id = $1 AND ($2::uuid IS NULL OR owner_id = $2) AND ($3::uuid IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [query.tenantId, query.ownerId ?? null, query.before ?? null, query.limit],
    );
    return rows.map(toCoupon);
  }

  async find(tenantId: TenantId, couponId: CouponId): Promise<Coupon | undefined> {
    const { rows } = await this.#sql.query<CouponRow>(`${SELECT_COUPONS} WHERE tenant_id = $1 AND id = $2`, [
      tenantId,
      couponId,
    ]);
    return rows[0] && toCoupon(rows[0]);
  }
}

function toCoupon(row: CouponRow): Coupon {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asCouponId(row.id),
    ownerId: asUserId(row.owner_id),
    code: row.code,
    campaign: row.campaign ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    maxUses: row.max_uses ?? undefined,
    uses: row.uses,
    createdBy: row.created_by,
    createdAt: row.created_at,
    archivedAt: row.archived_at ?? undefined,
  };
}
