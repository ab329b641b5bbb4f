import type { Sql } from '@dailydoco/database';
import { asPurchaseId, asTenantId, type PurchaseId, type TenantId } from '../ids.js';
import type { DuePurchase, WaitingPurchase } from './keep-log.js';

/** What the gauges show, and what decides whether more may come in. */
export interface Backlog {
  /** Counted up to the bound that was named. */
  readonly purchases: number;
  /** When the oldest of them happened; undefined: nothing waits. */
  readonly oldestSince: Date | undefined;
}

/** Remembers purchases of which something is to be logged. One that waits already goes on waiting as it does. */
export async function addWaiting(sql: Sql, waiting: readonly DuePurchase[]): Promise<void> {
  if (waiting.length === 0) return;
  // Sorted, so that two who add the same ones never wait for each other in a ring. Somebody who is just logging one of
  // them has deleted its row: then this waits for that to end, and adds the row anew.
  await sql.query(
    `INSERT INTO log_waiting (tenant_id, purchase_id, since)
     SELECT tenant_id, purchase_id, min(since) FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
       AS told (tenant_id, purchase_id, since)
     GROUP BY tenant_id, purchase_id ORDER BY tenant_id, purchase_id
     ON CONFLICT DO NOTHING`,
    [
      waiting.map(({ tenantId }) => tenantId),
      waiting.map(({ purchaseId }) => purchaseId),
      waiting.map(({ since }) => since.toISOString()),
    ],
  );
}

/** The oldest that may be tried now, over all tenants. */
export async function oldestWaiting(sql: Sql, { now, limit }: { now: Date; limit: number }): Promise<DuePurchase[]> {
  const { rows } = await sql.query<{ tenant_id: string; purchase_id: string; since: Date }>(
    'SELECT tenant_id, purchase_id, since FROM log_waiting WHERE try_after <= $1 ORDER BY since LIMIT $2',
    [now.toISOString(), limit],
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    purchaseId: asPurchaseId(row.purchase_id),
    since: row.since,
  }));
}

/** Lets a purchase that could not be logged wait until a later moment. */
export async function postpone(sql: Sql, waiting: WaitingPurchase, until: Date): Promise<void> {
  await sql.query('UPDATE log_waiting SET try_after = $3 WHERE tenant_id = $1 AND purchase_id = $2', [
    waiting.tenantId,
    waiting.purchaseId,
    until.toISOString(),
  ]);
}

/**
 * Takes purchases off those that wait; returns the ones that did, in the order asked. The deletion comes before what
 * is to be logged is read: whoever tells of more in the meantime waits for the commit and then adds the row anew.
 */
export async function takeWaiting(
  sql: Sql,
  tenantId: TenantId,
  purchaseIds: readonly PurchaseId[],
): Promise<PurchaseId[]> {
  const { rows } = await sql.query<{ purchase_id: string }>(
    'DELETE FROM log_waiting WHERE tenant_id = $1 AND purchase_id = ANY ($2::uuid[]) RETURNING purchase_id',
    [tenantId, purchaseIds],
  );
  const taken = new Set(rows.map((row) => row.purchase_id));
  return purchaseIds.filter((id) => taken.has(id));
}

/** How much waits. `bound`: no more is counted than that. */
export async function measureWaiting(sql: Sql, bound: number): Promise<Backlog> {
  const { rows } = await sql.query<{ purchases: number; oldest: Date | null }>(
    `SELECT (SELECT count(*)::int FROM (SELECT 1 FROM log_waiting LIMIT $1) AS part) AS purchases,
            (SELECT min(since) FROM log_waiting) AS oldest`,
    [bound],
  );
  return { purchases: rows[0]?.purchases ?? 0, oldestSince: rows[0]?.oldest ?? undefined };
}
