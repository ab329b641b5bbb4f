import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { Commission } from '../commissions/commission.js';
import { appendMoneyEvents } from '../commissions/money-event.store.js';
import type { PurchaseId, TenantId, UserId } from '../ids.js';
import type { PurchaseRecord } from './purchase.js';
import { readPurchase } from './purchase-rows.store.js';
import type { PurchaseUpdate } from './purchase-update.js';

/**
 * Takes the row lock under which everything that happens to a purchase is put in order, and reads the purchase as it
 * stands then. The lock comes first and in a statement of its own: a statement that waited for it would still see what
 * stood before the wait.
 */
export async function lockPurchase(
  sql: Sql,
  tenantId: TenantId,
  purchaseId: PurchaseId,
): Promise<PurchaseRecord | undefined> {
  await sql.query('SELECT 1 FROM purchase_state WHERE tenant_id = $1 AND purchase_id = $2 FOR NO KEY UPDATE', [
    tenantId,
    purchaseId,
  ]);
  return readPurchase(sql, tenantId, purchaseId);
}

/** Those of the people who are suspended. */
export async function findSuspended(sql: Sql, tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>> {
  const { rows } = await sql.query<{ user_id: UserId }>(
    `SELECT user_id FROM member WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND status = 'suspended'`,
    [tenantId, people],
  );
  return new Set(rows.map((row) => row.user_id));
}

/** Writes down what happened to purchases whose row locks are held; each purchase at most once in a call. */
export async function saveUpdates(sql: Sql, outbox: Outbox, updates: readonly PurchaseUpdate[]): Promise<void> {
  if (updates.length === 0) return;
  await saveStates(
    sql,
    updates.map(({ purchase }) => purchase),
  );
  const touched = updates.flatMap(({ touched, purchase: { tenantId } }) =>
    touched.map((commission) => ({ tenantId, commission })),
  );
  if (touched.length > 0) await saveCommissions(sql, touched);
  if (updates.some(({ changes }) => changes.length > 0)) await insertChanges(sql, updates);
  await appendMoneyEvents(
    sql,
    outbox,
    updates.flatMap(({ events }) => events),
  );
}

async function saveStates(sql: Sql, purchases: readonly PurchaseRecord[]): Promise<void> {
  await sql.query(
    `UPDATE purchase_state s SET sequence = u.sequence, refunded_micros = u.refunded_micros, changed_at = u.changed_at
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[])
       AS u (tenant_id, purchase_id, sequence, refunded_micros, changed_at)
     WHERE s.tenant_id = u.tenant_id AND s.purchase_id = u.purchase_id`,
    [
      purchases.map((purchase) => purchase.tenantId),
      purchases.map((purchase) => purchase.id),
      purchases.map((purchase) => purchase.sequence),
      purchases.map((purchase) => purchase.refundedMicros),
      purchases.map((purchase) => purchase.changedAt.toISOString()),
    ],
  );
}

async function saveCommissions(
  sql: Sql,
  touched: readonly { tenantId: TenantId; commission: Commission }[],
): Promise<void> {
  await sql.query(
    `UPDATE commission c SET status = u.status, net_micros = u.net_micros, available_at = u.available_at,
       hold_causes = coalesce(string_to_array(nullif(u.hold_causes, ''), ','), '{}'), held_since = u.held_since
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[], $7::timestamptz[])
       AS u (tenant_id, id, status, net_micros, available_at, hold_causes, held_since)
     WHERE c.tenant_id = u.tenant_id AND c.id = u.id`,
    [
      touched.map(({ tenantId }) => tenantId),
      touched.map(({ commission }) => commission.id),
      touched.map(({ commission }) => commission.status),
      touched.map(({ commission }) => commission.netMicros),
      touched.map(({ commission }) => commission.availableAt.toISOString()),
      // Causes are plain words; `unnest` would flatten an array of arrays.
      touched.map(({ commission }) => commission.holdCauses.join(',')),
      touched.map(({ commission }) => commission.heldSince?.toISOString() ?? null),
    ],
  );
}

async function insertChanges(sql: Sql, updates: readonly PurchaseUpdate[]): Promise<void> {
  const rows = updates.flatMap(({ changes, purchase: { tenantId } }) =>
    changes.map((change) => ({ tenantId, ...change })),
  );
  await sql.query(
    `INSERT INTO commission_change (tenant_id, commission_id, purchase_sequence, purchase_id, from_status, to_status,
       delta_micros, net_micros, available_at, reason, refund_id, changed_at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::bigint[],
       $8::bigint[], $9::timestamptz[], $10::text[], $11::uuid[], $12::timestamptz[])`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.commissionId),
      rows.map((row) => row.purchaseSequence),
      rows.map((row) => row.purchaseId),
      rows.map((row) => row.fromStatus),
      rows.map((row) => row.toStatus),
      rows.map((row) => row.deltaMicros),
      rows.map((row) => row.netMicros),
      rows.map((row) => row.availableAt.toISOString()),
      rows.map((row) => row.reason),
      rows.map((row) => row.refundId ?? null),
      rows.map((row) => row.changedAt.toISOString()),
    ],
  );
}
