import type { DatabaseTransaction } from '@dailydoco/database';
import { asPurchaseId, asTenantId } from '../ids.js';
import { addWaiting } from './waiting.store.js';

const BEGIN = '00000000-0000-0000-0000-000000000000';

export interface SweepOptions {
  readonly now: Date;
  /** What happened after this moment is left to the events that tell of it. */
  readonly before: Date;
  /** Purchases looked at. */
  readonly page: number;
  /** Pause from the end of one search to the begin of the next, in milliseconds. */
  readonly pauseMs: number;
}

/** What one page of the search brought. */
export interface Swept {
  readonly looked: number;
  /** From before the tenant had a log. */
  readonly earlier: number;
  /** Of which no event told in time. */
  readonly late: number;
}

const NOTHING: Swept = { looked: 0, earlier: 0, late: 0 };

/**
 * One page of the search through all purchases for commissions and changes without a leaf: what was there before the
 * log, and what no event told of. Undefined when somebody else searches, or it is not time yet.
 */
export async function sweepPage(tx: DatabaseTransaction, options: SweepOptions): Promise<Swept | undefined> {
  const from = await lockPosition(tx, options.now);
  if (from === undefined) return undefined;
  const rows = await lookAt(tx, from, options);
  const last = rows.at(-1);
  const isThrough = rows.length < options.page || last === undefined;
  await tx.query('UPDATE log_sweep SET tenant_id = $1, purchase_id = $2, next_at = $3 WHERE id = 1', [
    isThrough ? BEGIN : last.tenant_id,
    isThrough ? BEGIN : last.id,
    (isThrough ? new Date(options.now.getTime() + options.pauseMs) : options.now).toISOString(),
  ]);
  return rows.length === 0 ? NOTHING : addFound(tx, rows, options.now);
}

interface Position {
  tenant_id: string;
  purchase_id: string;
}

async function lockPosition(tx: DatabaseTransaction, now: Date): Promise<Position | undefined> {
  const { rows } = await tx.query<Position>(
    'SELECT tenant_id, purchase_id FROM log_sweep WHERE id = 1 AND next_at <= $1 FOR UPDATE SKIP LOCKED',
    [now.toISOString()],
  );
  return rows[0];
}

interface LookedAt {
  tenant_id: string;
  id: string;
  /** When the first thing happened that has no leaf. */
  lacks_since: Date | null;
  log_began: Date | null;
}

async function lookAt(tx: DatabaseTransaction, from: Position, { before, page }: SweepOptions): Promise<LookedAt[]> {
  const { rows } = await tx.query<LookedAt>(
    `SELECT p.tenant_id, p.id, lacking.since AS lacks_since, h.created_at AS log_began
     FROM (SELECT tenant_id, id FROM purchase WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT $4) AS p
     LEFT JOIN log_head h ON h.tenant_id = p.tenant_id
     CROSS JOIN LATERAL (
       SELECT min(fact.at) AS since FROM commission c
       CROSS JOIN LATERAL (
         SELECT 0::bigint AS sequence, c.created_at AS at
         UNION ALL
         SELECT g.purchase_sequence, g.changed_at FROM commission_change g
         WHERE g.tenant_id = c.tenant_id AND g.commission_id = c.id) AS fact
       WHERE c.tenant_id = p.tenant_id AND c.purchase_id = p.id AND fact.at < $3
         AND NOT EXISTS (SELECT 1 FROM log_leaf l WHERE l.tenant_id = c.tenant_id AND l.commission_id = c.id
                           AND l.purchase_sequence = fact.sequence)) AS lacking
     ORDER BY p.tenant_id, p.id`,
    [from.tenant_id, from.purchase_id, before.toISOString(), page],
  );
  return rows;
}

async function addFound(tx: DatabaseTransaction, rows: readonly LookedAt[], now: Date): Promise<Swept> {
  const found = rows.flatMap(({ tenant_id, id, lacks_since: since, log_began: began }) => {
    if (since === null) return [];
    const isLate = began !== null && began <= since;
    // What happened before there was a log has waited since it was found, not since it happened.
    return [{ tenantId: asTenantId(tenant_id), purchaseId: asPurchaseId(id), since: isLate ? since : now, isLate }];
  });
  await addWaiting(tx, found);
  const late = found.filter(({ isLate }) => isLate).length;
  return { looked: rows.length, late, earlier: found.length - late };
}
