import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import type { Commission } from '../commissions/commission.js';
import { type CommissionRow, toCommission } from '../commissions/commission-rows.store.js';
import { asPlanId, asPurchaseId, asTenantId, asUserId, asWebsiteId, type PurchaseId, type TenantId } from '../ids.js';
import type { Purchase, PurchaseRecord } from './purchase.js';
import { fromStored, type StoredSnapshot } from './split-snapshot.store.js';

/** A purchase as its table keeps it. */
export interface PurchaseFactRow {
  tenant_id: string;
  id: string;
  external_id: string;
  buyer_id: string;
  amount_micros: bigint;
  currency: string;
  stream: string;
  product_tag: string | null;
  website_id: string | null;
  occurred_at: Date;
  occurred_at_given: boolean;
  recorded_at: Date;
  plan_id: string | null;
  plan_version: number | null;
  commissions_micros: bigint;
  split_snapshot: StoredSnapshot;
}

interface PurchaseRow extends PurchaseFactRow {
  sequence: bigint;
  refunded_micros: bigint;
  changed_at: Date;
}

/** One statement reads purchase, state and commissions, so that they stand as of one moment. */
const SELECT_PURCHASES = `
  SELECT p.tenant_id, p.id, p.external_id, p.buyer_id, p.amount_micros, p.currency, p.stream, p.product_tag,
         p.website_id, p.occurred_at, p.occurred_at_given, p.recorded_at, p.plan_id, p.plan_version, p.commissions_micros,
         p.split_snapshot, s.sequence, s.refunded_micros, s.changed_at,
         c.id AS c_id, c.beneficiary_id AS c_beneficiary_id, c.kind AS c_kind, c.level AS c_level,
         c.rate_bps AS c_rate_bps, c.boost_bps AS c_boost_bps, c.gross_micros AS c_gross_micros, c.cuts AS c_cuts,
         c.net_micros AS c_net_micros, c.status AS c_status, c.available_at AS c_available_at,
         c.hold_causes AS c_hold_causes, c.held_since AS c_held_since, c.created_at AS c_created_at
  FROM purchase p
  JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
  LEFT JOIN commission c ON c.tenant_id = p.tenant_id AND c.purchase_id = p.id`;

type JoinedRow = PurchaseRow & { [Key in keyof CommissionRow as `c_${Key}`]: CommissionRow[Key] | null };

export async function readPurchasesByExternalId(
  sql: Sql,
  keys: readonly { tenantId: TenantId; externalId: string }[],
): Promise<PurchaseRecord[]> {
  const { rows } = await sql.query<JoinedRow>(
    `${SELECT_PURCHASES}
     JOIN purchase_key k ON k.tenant_id = p.tenant_id AND k.purchase_id = p.id
     WHERE (k.tenant_id, k.external_id) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
     ORDER BY p.tenant_id, p.id, c.level`,
    [keys.map(({ tenantId }) => tenantId), keys.map(({ externalId }) => externalId)],
  );
  return toRecords(rows);
}

export async function readPurchase(
  sql: Sql,
  tenantId: TenantId,
  purchaseId: PurchaseId,
): Promise<PurchaseRecord | undefined> {
  const { rows } = await sql.query<JoinedRow>(
    `${SELECT_PURCHASES} WHERE p.tenant_id = $1 AND p.id = $2 ORDER BY p.id, c.level`,
    [tenantId, purchaseId],
  );
  return toRecords(rows)[0];
}

/** Many purchases at once, such as those whose row locks are held. */
export async function readPurchases(
  sql: Sql,
  refs: readonly { tenantId: TenantId; purchaseId: PurchaseId }[],
): Promise<PurchaseRecord[]> {
  const { rows } = await sql.query<JoinedRow>(
    `${SELECT_PURCHASES}
     JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, id) ON asked.tenant_id = p.tenant_id AND asked.id = p.id
     ORDER BY p.tenant_id, p.id, c.level`,
    [refs.map(({ tenantId }) => tenantId), refs.map(({ purchaseId }) => purchaseId)],
  );
  return toRecords(rows);
}

function toRecords(rows: readonly JoinedRow[]): PurchaseRecord[] {
  return [...Map.groupBy(rows, (row) => `${row.tenant_id}/${row.id}`).values()].map((joined) => {
    const [row] = joined;
    if (row === undefined) throw new Error('A group has a row');
    return { ...toPurchase(row), commissions: joined.flatMap(commissionOf) };
  });
}

function toPurchase(row: PurchaseRow): Omit<PurchaseRecord, 'commissions'> {
  return {
    ...toPurchaseFact(row),
    sequence: row.sequence,
    refundedMicros: row.refunded_micros,
    changedAt: row.changed_at,
  };
}

export function toPurchaseFact(row: PurchaseFactRow): Purchase {
  const { plan_id, plan_version } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asPurchaseId(row.id),
    externalId: row.external_id,
    buyerId: asUserId(row.buyer_id),
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    stream: row.stream,
    productTag: row.product_tag ?? undefined,
    websiteId: row.website_id === null ? undefined : asWebsiteId(row.website_id),
    occurredAt: row.occurred_at,
    occurredAtGiven: row.occurred_at_given,
    recordedAt: row.recorded_at,
    plan: plan_id === null || plan_version === null ? undefined : { id: asPlanId(plan_id), version: plan_version },
    totalMicros: row.commissions_micros,
    snapshot: fromStored(row.split_snapshot),
  };
}

function commissionOf(row: JoinedRow): Commission[] {
  if (row.c_id === null) return [];
  const own = Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => column.startsWith('c_'))
      .map(([column, value]) => [column.slice(2), value]),
  );
  // The join gives all columns of a commission or none, which the row's type cannot say.
  return [toCommission({ ...(own as unknown as CommissionRow), purchase_id: row.id, currency: row.currency })];
}
