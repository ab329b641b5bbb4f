import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asCustomerId, asPurchaseId, asTenantId, asWebsiteId, type PurchaseId, type TenantId } from '../ids.js';
import { referralClaim } from '../members/referral-source.js';
import type { UnattributedPurchase } from './unattributed-purchase.js';

export interface UnattributedRow {
  tenant_id: string;
  id: string;
  external_id: string;
  customer_id: string;
  amount_micros: bigint;
  currency: string;
  stream: string;
  product_tag: string | null;
  website_id: string | null;
  occurred_at: Date;
  occurred_at_given: boolean;
  received_at: Date;
  coupon_code: string | null;
  click_id: string | null;
}

export const UNATTRIBUTED_COLUMNS = `u.tenant_id, u.id, u.external_id, u.customer_id, u.amount_micros, u.currency, u.stream,
  u.product_tag, u.website_id, u.occurred_at, u.occurred_at_given, u.received_at, u.coupon_code, u.click_id`;

/** The sale as it was told, whether or not it has been attributed since. */
export async function readUnattributed(
  sql: Sql,
  tenantId: TenantId,
  by: { readonly externalId: string } | { readonly id: PurchaseId },
): Promise<UnattributedPurchase | undefined> {
  const [column, value] = 'id' in by ? ['id', by.id] : ['external_id', by.externalId];
  const { rows } = await sql.query<UnattributedRow>(
    `SELECT ${UNATTRIBUTED_COLUMNS} FROM unattributed_purchase u WHERE u.tenant_id = $1 AND u.${column} = $2`,
    [tenantId, value],
  );
  return rows[0] && toUnattributed(rows[0]);
}

/** The sales under these external ids, whether or not they have been attributed since. */
export async function readUnattributedByExternalId(
  sql: Sql,
  tenantId: TenantId,
  externalIds: readonly string[],
): Promise<UnattributedPurchase[]> {
  const { rows } = await sql.query<UnattributedRow>(
    `SELECT ${UNATTRIBUTED_COLUMNS} FROM unattributed_purchase u
     WHERE u.tenant_id = $1 AND u.external_id = ANY ($2::text[])`,
    [tenantId, externalIds],
  );
  return rows.map(toUnattributed);
}

export function toUnattributed(row: UnattributedRow): UnattributedPurchase {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asPurchaseId(row.id),
    externalId: row.external_id,
    customerId: asCustomerId(row.customer_id),
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    stream: row.stream,
    productTag: row.product_tag ?? undefined,
    websiteId: row.website_id === null ? undefined : asWebsiteId(row.website_id),
    occurredAt: row.occurred_at,
    occurredAtGiven: row.occurred_at_given,
    receivedAt: row.received_at,
    referral: referralClaim({ couponCode: row.coupon_code ?? undefined, clickId: row.click_id ?? undefined }),
  };
}
