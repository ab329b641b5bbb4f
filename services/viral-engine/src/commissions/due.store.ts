import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import {
  asCommissionId,
  asTenantId,
  asUserId,
  type CommissionId,
  type PurchaseId,
  type TenantId,
  type UserId,
} from '../ids.js';
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
import type { HoldBook, HoldSweep, SweepStep, UnsettledMember } from './settle-holds.js';
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
  /** With commas between; each of them id, beneficiary, kind, level and net, with spaces between. Null: nothing was due. */
  entries: string | null;
  /** How many purchases were written down, over all rows. */
  states: number;
}

/**
 * A purchase is found by `due_at`, which is never too late and may be too early. Passed over is where all that is due belongs
 * to suspended people: those entries wait for the sweep that holds them.
 */
const LOCK_DUE = `
  WITH due AS MATERIALIZED (
    SELECT s.tenant_id, s.purchase_id, s.sequence FROM purchase_state s
    WHERE s.due_at <= $1 AND (hashtext(s.purchase_id::text) & 255) % $4 = $3
      AND (EXISTS (
          SELECT FROM commission c JOIN member m ON m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id
          WHERE c.tenant_id = s.tenant_id AND c.purchase_id = s.purchase_id AND c.status = 'pending'
            AND c.available_at <= $1 AND m.status <> 'suspended')
        OR NOT EXISTS (
          SELECT FROM commission c WHERE c.tenant_id = s.tenant_id AND c.purchase_id = s.purchase_id
            AND c.status = 'pending' AND c.available_at <= $1))
    ORDER BY s.due_at LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED)
  SELECT due.tenant_id, due.purchase_id, due.sequence + 1 AS sequence, p.buyer_id, p.currency
  FROM due JOIN purchase p ON p.tenant_id = due.tenant_id AND p.id = due.purchase_id`;

/**
 * A statement of its own, after the locks: it sees what stood when they were taken, and nothing moves meanwhile. So an entry
 * can be updated where it was found (`ctid`), without being looked up again.
 */
const RELEASE = `
  WITH locked AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY
      AS locked (tenant_id, purchase_id, sequence, position)),
  entry AS MATERIALIZED (
    SELECT pending.place, pending.id, pending.available_at, pending.falls_due, locked.tenant_id, locked.sequence,
      locked.position
    FROM locked CROSS JOIN LATERAL (
      SELECT c.ctid AS place, c.id, c.available_at,
        c.available_at <= $4::timestamptz AND (SELECT m.status FROM member m
          WHERE m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id) <> 'suspended' AS falls_due
      FROM commission c
      WHERE c.tenant_id = locked.tenant_id AND c.purchase_id = locked.purchase_id AND c.status = 'pending'
      OFFSET 0) AS pending),
  released AS (
    UPDATE commission c SET status = 'available' FROM entry
    WHERE entry.falls_due AND c.ctid = entry.place AND c.tenant_id = entry.tenant_id AND c.id = entry.id
    RETURNING c.tenant_id, c.purchase_id, entry.sequence, entry.position, c.id, c.beneficiary_id, c.kind, c.level,
      c.net_micros, c.available_at),
  remaining AS (
    SELECT locked.tenant_id, locked.purchase_id, locked.sequence, coalesce(bool_or(entry.falls_due), false) AS moved,
      min(entry.available_at) FILTER (WHERE entry.falls_due IS NOT TRUE) AS due_at
    FROM locked LEFT JOIN entry ON entry.position = locked.position
    GROUP BY locked.tenant_id, locked.purchase_id, locked.sequence),
  state AS (
    UPDATE purchase_state s SET due_at = remaining.due_at,
      sequence = CASE WHEN moved THEN remaining.sequence ELSE s.sequence END,
      changed_at = CASE WHEN moved THEN $4::timestamptz ELSE s.changed_at END
    FROM remaining
    WHERE s.tenant_id = remaining.tenant_id AND s.purchase_id = remaining.purchase_id
      AND s.sequence = remaining.sequence - 1
    RETURNING s.purchase_id),
  told AS (
    INSERT INTO commission_change (tenant_id, commission_id, purchase_sequence, purchase_id, from_status,
      to_status, delta_micros, net_micros, available_at, reason, refund_id, changed_at)
    SELECT tenant_id, id, sequence, purchase_id, 'pending', 'available', 0, net_micros, available_at, 'hold_over',
      NULL, $4
    FROM released)
  SELECT locked.position::int AS position, (SELECT count(*)::int FROM state) AS states, moves.entries
  FROM locked LEFT JOIN (
    SELECT position, string_agg(id || ' ' || beneficiary_id || ' ' || kind || ' ' || level || ' ' || net_micros, ',')
      AS entries
    FROM released GROUP BY position) AS moves ON moves.position = locked.position`;

/** A sweep looks at so many commissions of its member at a time. */
const LOOKED_AT = 1_000;
/** Before every other id. */
const NIL_ID = '00000000-0000-0000-0000-000000000000';

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
    const { rows } = await this.#sql.query<DueRow>(LOCK_DUE, [now, limit, lane, lanes]);
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
    if (states !== purchases.length)
      throw new Error(`${purchases.length} purchases released, ${states} of them numbered`);
    return rows.flatMap((row) => toReleased(purchases, row));
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

  async lockUnsettledMember(): Promise<HoldSweep | undefined> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      user_id: string;
      status: MemberStatus;
      status_changed_at: Date;
      hold_swept_to: CommissionId | null;
    }>(
      `SELECT tenant_id, user_id, status, status_changed_at, hold_swept_to FROM member
       WHERE hold_sweep_due LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      tenantId: asTenantId(row.tenant_id),
      userId: asUserId(row.user_id),
      status: row.status,
      statusChangedAt: row.status_changed_at,
      sweptTo: row.hold_swept_to ?? undefined,
    };
  }

  async lockUnsettled(member: HoldSweep, limit: number): Promise<SweepStep> {
    const { tenantId, userId, status, sweptTo } = member;
    // An erased member's entries are nobody's to hold or lift: erasure waits until there are none.
    if (status === 'erased') return { purchases: [], sweptTo, isAll: true };
    const unsettled =
      status === 'suspended' ? "status = 'pending'" : "status = 'held' AND 'beneficiary_suspended' = ANY (hold_causes)";
    const { rows } = await this.#sql.query<{ id: CommissionId; purchase_id: PurchaseId; unsettled: boolean }>(
      `SELECT id, purchase_id, ${unsettled} AS unsettled FROM commission
       WHERE tenant_id = $1 AND beneficiary_id = $2 AND id > $3 ORDER BY id LIMIT $4`,
      [tenantId, userId, sweptTo ?? NIL_ID, LOOKED_AT],
    );
    const found = new Set(rows.flatMap((row) => (row.unsettled ? [row.purchase_id] : [])));
    const asked = [...found].slice(0, limit).map((purchaseId) => ({ tenant_id: tenantId, purchase_id: purchaseId }));
    const purchases = await this.#lockFree(asked);
    const locked = new Set(purchases.map(({ id }) => id));
    const left = rows.findIndex((row) => row.unsettled && !locked.has(row.purchase_id));
    const done = left === -1 ? rows : rows.slice(0, left);
    return {
      purchases,
      sweptTo: done.at(-1)?.id ?? sweptTo,
      isAll: left === -1 && rows.length < LOOKED_AT,
    };
  }

  async markSwept({ tenantId, userId }: UnsettledMember, sweptTo: CommissionId | undefined): Promise<void> {
    await this.#sql.query('UPDATE member SET hold_swept_to = $3 WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
      sweptTo ?? null,
    ]);
  }

  async markSettled({ tenantId, userId }: UnsettledMember): Promise<void> {
    await this.#sql.query(
      'UPDATE member SET hold_sweep_due = false, hold_swept_to = NULL WHERE tenant_id = $1 AND user_id = $2',
      [tenantId, userId],
    );
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

function toReleased(purchases: readonly DuePurchase[], { position, entries }: ReleasedRow): ReleasedPurchase[] {
  const purchase = purchases[position - 1];
  if (purchase === undefined) throw new Error(`No purchase has position ${position}`);
  if (entries === null) return [];
  const inOrder = entries
    .split(',')
    .map(toEntry)
    .toSorted((a, b) => a.level - b.level);
  return [{ ...purchase, entries: inOrder }];
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
