import type { Sql } from '@dailydoco/database';
import type { ChangeReason, CommissionChange } from '../commissions/commission.js';
import type { CommissionStatus } from '../commissions/entry-life.js';
import { asCommissionId, asPurchaseId, asRefundId, type PurchaseId, type TenantId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import type { PlanCatalogues } from '../plans/plan.store.js';
import type { Purchase, PurchaseRecord } from '../purchases/purchase.js';
import { readPurchases } from '../purchases/purchase-rows.store.js';
import type { Loggable } from './leaf.js';
import { NO_REFUNDS, type RefundHistory } from './refunded-after.js';

/** What of purchases has no leaf yet, in the order asked. */
export async function readLoggable(
  sql: Sql,
  given: { tenantId: TenantId; purchaseIds: readonly PurchaseId[]; catalogues: PlanCatalogues },
): Promise<Loggable[]> {
  const { tenantId, purchaseIds } = given;
  const purchases = await readByIds(sql, tenantId, purchaseIds);
  const logged = await readLogged(sql, tenantId, purchases);
  const changes = await readUnlogged(sql, tenantId, purchases);
  const planOf = await plansOf(sql, tenantId, given.catalogues);
  const told = changes.filter(({ refundId }) => refundId !== undefined).map(({ purchaseId }) => purchaseId);
  const refunds = await readRefunds(sql, tenantId, [...new Set(told)]);
  const changesBy = Map.groupBy(changes, ({ purchaseId }) => purchaseId);
  return purchases
    .filter(({ commissions }) => commissions.length > 0)
    .map((purchase) => ({
      purchase,
      plan: planOf(purchase),
      entries: purchase.commissions.filter(({ id }) => !logged.has(id)),
      changes: changesBy.get(purchase.id) ?? [],
      refunds: refunds.get(purchase.id) ?? NO_REFUNDS,
    }));
}

export async function readByIds(
  sql: Sql,
  tenantId: TenantId,
  purchaseIds: readonly PurchaseId[],
): Promise<PurchaseRecord[]> {
  const found = await readPurchases(
    sql,
    purchaseIds.map((purchaseId) => ({ tenantId, purchaseId })),
  );
  const byId = new Map(found.map((purchase) => [purchase.id, purchase]));
  return purchaseIds.flatMap((id) => byId.get(id) ?? []);
}

/** Commissions that have their own leaf. */
async function readLogged(sql: Sql, tenantId: TenantId, purchases: readonly PurchaseRecord[]): Promise<Set<string>> {
  const { rows } = await sql.query<{ commission_id: string }>(
    `SELECT commission_id FROM log_leaf
     WHERE tenant_id = $1 AND commission_id = ANY ($2::uuid[]) AND purchase_sequence = 0`,
    [tenantId, purchases.flatMap(({ commissions }) => commissions.map(({ id }) => id))],
  );
  return new Set(rows.map((row) => row.commission_id));
}

export interface ChangeRow {
  commission_id: string;
  purchase_id: string;
  purchase_sequence: bigint;
  from_status: CommissionStatus;
  to_status: CommissionStatus;
  delta_micros: bigint;
  net_micros: bigint;
  available_at: Date;
  reason: ChangeReason;
  refund_id: string | null;
  changed_at: Date;
}

export const CHANGE_COLUMNS = `g.commission_id, g.purchase_id, g.purchase_sequence, g.from_status, g.to_status,
  g.delta_micros, g.net_micros, g.available_at, g.reason, g.refund_id, g.changed_at`;

export function toChange(row: ChangeRow): CommissionChange {
  return {
    commissionId: asCommissionId(row.commission_id),
    purchaseId: asPurchaseId(row.purchase_id),
    purchaseSequence: row.purchase_sequence,
    fromStatus: row.from_status,
    toStatus: row.to_status,
    deltaMicros: row.delta_micros,
    netMicros: row.net_micros,
    availableAt: row.available_at,
    reason: row.reason,
    refundId: row.refund_id === null ? undefined : asRefundId(row.refund_id),
    changedAt: row.changed_at,
  };
}

/** Changes that have no leaf. */
async function readUnlogged(
  sql: Sql,
  tenantId: TenantId,
  purchases: readonly PurchaseRecord[],
): Promise<CommissionChange[]> {
  const { rows } = await sql.query<ChangeRow>(
    `SELECT ${CHANGE_COLUMNS} FROM commission_change g
     WHERE g.tenant_id = $1 AND g.commission_id = ANY ($2::uuid[])
       AND NOT EXISTS (SELECT 1 FROM log_leaf l WHERE l.tenant_id = $1 AND l.commission_id = g.commission_id
                         AND l.purchase_sequence = g.purchase_sequence)`,
    [tenantId, purchases.flatMap(({ commissions }) => commissions.map(({ id }) => id))],
  );
  return rows.map(toChange);
}

/** Finds the version that decided a purchase; versions are never gone. */
export async function plansOf(
  sql: Sql,
  tenantId: TenantId,
  catalogues: PlanCatalogues,
): Promise<(purchase: Purchase) => PlanVersion> {
  const versions = (await catalogues.read(sql, [tenantId])).get(tenantId)?.versions ?? [];
  const byName = new Map(versions.map((version) => [`${version.planId}/${version.version}`, version]));
  return ({ plan }) => {
    const version = plan && byName.get(`${plan.id}/${plan.version}`);
    if (version === undefined) throw new Error('A purchase with commissions has a plan version, which is never gone');
    return version;
  };
}

async function readRefunds(
  sql: Sql,
  tenantId: TenantId,
  purchaseIds: readonly PurchaseId[],
): Promise<Map<PurchaseId, RefundHistory>> {
  if (purchaseIds.length === 0) return new Map();
  const { rows: refunds } = await sql.query<RefundRow>(
    `SELECT purchase_id, id, amount_micros, purchase_sequence FROM refund
     WHERE tenant_id = $1 AND purchase_id = ANY ($2::uuid[])`,
    [tenantId, purchaseIds],
  );
  const { rows: wins } = await sql.query<WinRow>(
    `SELECT w.purchase_id, w.refund_id, w.won_at,
       (SELECT min(g.purchase_sequence) FROM commission_change g
        WHERE g.tenant_id = w.tenant_id AND g.refund_id = w.refund_id AND g.reason IN ('chargeback_won', 'refund_failed')) AS purchase_sequence
     FROM (SELECT tenant_id, purchase_id, refund_id, won_at FROM chargeback_win
           UNION ALL SELECT tenant_id, purchase_id, refund_id, failed_at FROM refund_failure) AS w
     WHERE w.tenant_id = $1 AND w.refund_id = ANY ($2::uuid[])`,
    [tenantId, refunds.map(({ id }) => id)],
  );
  return new Map(
    purchaseIds.map((purchaseId) => {
      const isOwn = (row: { purchase_id: string }): boolean => row.purchase_id === purchaseId;
      return [purchaseId, { refunds: refunds.filter(isOwn).map(toRefund), wins: wins.filter(isOwn).map(toWin) }];
    }),
  );
}

interface RefundRow {
  purchase_id: string;
  id: string;
  amount_micros: bigint;
  purchase_sequence: bigint;
}

interface WinRow {
  purchase_id: string;
  refund_id: string;
  won_at: Date;
  purchase_sequence: bigint | null;
}

function toRefund(row: RefundRow): RefundHistory['refunds'][number] {
  return { id: asRefundId(row.id), amountMicros: row.amount_micros, purchaseSequence: row.purchase_sequence };
}

function toWin(row: WinRow): RefundHistory['wins'][number] {
  return {
    refundId: asRefundId(row.refund_id),
    wonAt: row.won_at,
    purchaseSequence: row.purchase_sequence ?? undefined,
  };
}
