import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import { asCommissionId, asTenantId, asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchases } from '../purchases/purchase-rows.store.js';
import type { PurchaseUpdate } from '../purchases/purchase-update.js';
import { saveUpdates } from '../purchases/purchase-update.store.js';
import { shareSplitLock } from '../purchases/split-lock.store.js';
import type { MoneyEvent } from './money-event.js';
import { appendMoneyEvents } from './money-event.store.js';
import type {
  DuePurchase,
  PurchaseRef,
  ReleaseBatch,
  ReleaseBook,
  ReleasedEntry,
  ReleasedPurchase,
} from './release-due.js';
import type { HoldBook, UnsettledMember } from './settle-holds.js';
import type { CommissionKind } from './split.js';

interface LockedRow {
  tenant_id: TenantId;
  purchase_id: PurchaseId;
}

interface DueRow extends LockedRow {
  sequence: bigint;
  buyer_id: UserId;
  currency: string;
}

interface ReleasedRow {
  /** From 1, in the list that was handed in. */
  position: number;
  /** With commas between; each of them id, beneficiary, kind, level and net, with spaces between. */
  entries: string;
  /** How many purchases got a new sequence, over all rows. */
  states: number;
}

/**
 * A statement of its own, after the locks: it sees what stood when they were taken, and nothing moves meanwhile. So an entry
 * can be updated where it was found (`ctid`), without being looked up again; and each purchase's entries are looked up on
 * their own, by conditions that no other index answers: whatever statistics say, it never looks at all that is due.
 */
const RELEASE = `
  WITH entry AS MATERIALIZED (
    SELECT due.place, due.id, locked.tenant_id, locked.sequence, locked.position
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY
      AS locked (tenant_id, purchase_id, sequence, position)
    CROSS JOIN LATERAL (
      SELECT c.ctid AS place, c.id FROM commission c
      WHERE c.tenant_id = locked.tenant_id AND c.purchase_id = locked.purchase_id
        AND c.status || '' = 'pending' AND c.available_at - $4::timestamptz <= interval '0'
        AND (SELECT m.status FROM member m WHERE m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id)
          <> 'suspended'
      OFFSET 0) AS due),
  released AS (
    UPDATE commission c SET status = 'available' FROM entry
    WHERE c.ctid = entry.place AND c.tenant_id = entry.tenant_id AND c.id = entry.id
    RETURNING c.tenant_id, c.purchase_id, entry.sequence, entry.position, c.id, c.beneficiary_id, c.kind, c.level,
      c.net_micros, c.available_at),
  state AS (
    UPDATE purchase_state s SET sequence = moved.sequence, changed_at = $4::timestamptz
    FROM (SELECT DISTINCT tenant_id, purchase_id, sequence FROM released) AS moved
    WHERE s.tenant_id = moved.tenant_id AND s.purchase_id = moved.purchase_id AND s.sequence = moved.sequence - 1
    RETURNING s.purchase_id),
  told AS (
    INSERT INTO commission_change (tenant_id, commission_id, purchase_sequence, purchase_id, from_status,
      to_status, delta_micros, net_micros, available_at, reason, refund_id, changed_at)
    SELECT tenant_id, id, sequence, purchase_id, 'pending', 'available', 0, net_micros, available_at, 'hold_over',
      NULL, $4
    FROM released)
  SELECT position::int AS position, (SELECT count(*)::int FROM state) AS states,
    string_agg(id || ' ' || beneficiary_id || ' ' || kind || ' ' || level || ' ' || net_micros, ',') AS entries
  FROM released GROUP BY position`;

/** What time and suspensions do to commissions, as one open database transaction sees it. */
export class DueStore implements ReleaseBook, HoldBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  shareSplitLock(): Promise<void> {
    return shareSplitLock(this.#sql);
  }

  saveAll(updates: readonly PurchaseUpdate[]): Promise<void> {
    return saveUpdates(this.#sql, this.#outbox, updates);
  }

  async lockDue({ now, limit, lane, lanes }: ReleaseBatch): Promise<DuePurchase[]> {
    // What is due is mostly next to nothing, so a planner that goes by statistics would sort all of it: with a million due,
    // a million for each batch. Without sorting it walks along the index and ends at the limit.
    await this.#mayPlanSorting(false);
    const { rows } = await this.#sql.query<DueRow>(
      `WITH due AS MATERIALIZED (
         SELECT c.tenant_id, c.purchase_id FROM commission c
         WHERE c.status = 'pending' AND c.available_at <= $1 AND (hashtext(c.purchase_id::text) & 255) % $4 = $3
           AND (SELECT m.status FROM member m WHERE m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id)
             <> 'suspended'
         ORDER BY c.available_at LIMIT $2)
       SELECT s.tenant_id, s.purchase_id, s.sequence + 1 AS sequence, p.buyer_id, p.currency
       FROM (SELECT DISTINCT tenant_id, purchase_id FROM due) AS found
       JOIN purchase_state s ON s.tenant_id = found.tenant_id AND s.purchase_id = found.purchase_id
       JOIN purchase p ON p.tenant_id = s.tenant_id AND p.id = s.purchase_id
       FOR NO KEY UPDATE OF s SKIP LOCKED`,
      [now, limit, lane, lanes],
    );
    await this.#mayPlanSorting(true);
    return rows.map((row) => ({
      ...toRef(row),
      buyerId: row.buyer_id,
      currency: row.currency,
      sequence: row.sequence,
    }));
  }

  async release(purchases: readonly DuePurchase[], now: Date): Promise<ReleasedPurchase[]> {
    const { rows } = await this.#sql.query<ReleasedRow>(RELEASE, [
      purchases.map(({ tenantId }) => tenantId),
      purchases.map(({ purchaseId }) => purchaseId),
      purchases.map(({ sequence }) => sequence),
      now,
    ]);
    const states = rows[0]?.states ?? 0;
    if (states !== rows.length) throw new Error(`${rows.length} purchases released, ${states} of them numbered`);
    return rows.map((row) => toReleased(purchases, row));
  }

  /** For the rest of the database transaction. */
  async #mayPlanSorting(may: boolean): Promise<void> {
    await this.#sql.query(`SELECT set_config('enable_sort', $1, true), set_config('enable_bitmapscan', $1, true)`, [
      may ? 'on' : 'off',
    ]);
  }

  tell(events: readonly MoneyEvent[]): Promise<void> {
    return appendMoneyEvents(this.#sql, this.#outbox, events);
  }

  async lockUnsettledMember(): Promise<UnsettledMember | undefined> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      user_id: string;
      status: MemberStatus;
      status_changed_at: Date;
    }>(
      `SELECT tenant_id, user_id, status, status_changed_at FROM member
       WHERE hold_sweep_due LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      tenantId: asTenantId(row.tenant_id),
      userId: asUserId(row.user_id),
      status: row.status,
      statusChangedAt: row.status_changed_at,
    };
  }

  async lockUnsettled(member: UnsettledMember, limit: number): Promise<{ found: number; purchases: PurchaseRecord[] }> {
    // An erased member's entries are nobody's to hold or lift: erasure waits until there are none.
    if (member.status === 'erased') return { found: 0, purchases: [] };
    const unsettled =
      member.status === 'suspended'
        ? "status = 'pending'"
        : "status = 'held' AND 'beneficiary_suspended' = ANY (hold_causes)";
    const { rows } = await this.#sql.query<LockedRow>(
      `SELECT DISTINCT tenant_id, purchase_id FROM commission
       WHERE tenant_id = $1 AND beneficiary_id = $2 AND ${unsettled} LIMIT $3`,
      [member.tenantId, member.userId, limit],
    );
    return { found: rows.length, purchases: await this.#lockFree(rows) };
  }

  async markSettled({ tenantId, userId }: UnsettledMember): Promise<void> {
    await this.#sql.query('UPDATE member SET hold_sweep_due = false WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
    ]);
  }

  /** Locks what nobody else has locked, and reads it as it stands under the lock. */
  async #lockFree(refs: readonly LockedRow[]): Promise<PurchaseRecord[]> {
    if (refs.length === 0) return [];
    const { rows } = await this.#sql.query<LockedRow>(
      `SELECT s.tenant_id, s.purchase_id FROM purchase_state s
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id)
         ON asked.tenant_id = s.tenant_id AND asked.purchase_id = s.purchase_id
       ORDER BY s.tenant_id, s.purchase_id FOR NO KEY UPDATE OF s SKIP LOCKED`,
      [refs.map((ref) => ref.tenant_id), refs.map((ref) => ref.purchase_id)],
    );
    return readPurchases(this.#sql, rows.map(toRef));
  }
}

function toRef(row: LockedRow): PurchaseRef {
  return { tenantId: row.tenant_id, purchaseId: row.purchase_id };
}

function toReleased(purchases: readonly DuePurchase[], { position, entries }: ReleasedRow): ReleasedPurchase {
  const purchase = purchases[position - 1];
  if (purchase === undefined) throw new Error(`No purchase has position ${position}`);
  return {
    ...purchase,
    entries: entries
      .split(',')
      .map(toEntry)
      .toSorted((a, b) => a.level - b.level),
  };
}

function toEntry(text: string): ReleasedEntry {
  const [id = '', beneficiary = '', kind = '', level = '', net = ''] = text.split(' ');
  return {
    commissionId: asCommissionId(id),
    beneficiaryId: asUserId(beneficiary),
    kind: kind as CommissionKind,
    level: Number(level),
    netMicros: BigInt(net),
  };
}
