import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import { asTenantId, asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchases } from '../purchases/purchase-rows.store.js';
import type { PurchaseUpdate } from '../purchases/purchase-update.js';
import { findSuspended, saveUpdates } from '../purchases/purchase-update.store.js';
import { shareSplitLock } from '../purchases/split-lock.store.js';
import type { ReleaseBook } from './release-due.js';
import type { HoldBook, UnsettledMember } from './settle-holds.js';

interface PurchaseRef {
  tenant_id: string;
  purchase_id: string;
}

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

  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>> {
    return findSuspended(this.#sql, tenantId, people);
  }

  saveAll(updates: readonly PurchaseUpdate[]): Promise<void> {
    return saveUpdates(this.#sql, this.#outbox, updates);
  }

  async lockDue(now: Date, limit: number): Promise<PurchaseRecord[]> {
    // A purchase falls due with all its entries mostly, so entries are counted generously and purchases exactly.
    const { rows } = await this.#sql.query<PurchaseRef>(
      `SELECT tenant_id, purchase_id FROM (
         SELECT c.tenant_id, c.purchase_id, c.available_at FROM commission c
         JOIN member m ON m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id AND m.status <> 'suspended'
         WHERE c.status = 'pending' AND c.available_at <= $1
         ORDER BY c.available_at LIMIT $2 * 8) AS due
       GROUP BY tenant_id, purchase_id ORDER BY min(available_at) LIMIT $2`,
      [now, limit],
    );
    return this.#lockFree(rows);
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
    const { rows } = await this.#sql.query<PurchaseRef>(
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
  async #lockFree(refs: readonly PurchaseRef[]): Promise<PurchaseRecord[]> {
    if (refs.length === 0) return [];
    const { rows } = await this.#sql.query<{ tenant_id: TenantId; purchase_id: PurchaseId }>(
      `SELECT s.tenant_id, s.purchase_id FROM purchase_state s
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id)
         ON asked.tenant_id = s.tenant_id AND asked.purchase_id = s.purchase_id
       ORDER BY s.tenant_id, s.purchase_id FOR NO KEY UPDATE OF s SKIP LOCKED`,
      [refs.map((ref) => ref.tenant_id), refs.map((ref) => ref.purchase_id)],
    );
    return readPurchases(
      this.#sql,
      rows.map((row) => ({ tenantId: row.tenant_id, purchaseId: row.purchase_id })),
    );
  }
}
