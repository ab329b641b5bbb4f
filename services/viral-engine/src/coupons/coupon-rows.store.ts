import { asCouponId } from '../ids.js';
import type { CouponState } from './coupon.js';

export interface CouponStateRow {
  coupon_id: string | null;
  expires_at: Date | null;
  max_uses: number | null;
  uses: number | null;
  coupon_archived_at: Date | null;
}

/** What decides whether a coupon holds, of the table's alias `k`. */
export const COUPON_STATE = 'k.id AS coupon_id, k.expires_at, k.max_uses, k.uses, k.archived_at AS coupon_archived_at';

/** Undefined where there was no coupon to join. */
export function toCouponState(row: CouponStateRow): CouponState | undefined {
  if (row.coupon_id === null) return undefined;
  return {
    id: asCouponId(row.coupon_id),
    expiresAt: row.expires_at ?? undefined,
    maxUses: row.max_uses ?? undefined,
    uses: row.uses ?? 0,
    archivedAt: row.coupon_archived_at ?? undefined,
  };
}
