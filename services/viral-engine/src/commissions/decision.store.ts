import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { CommissionId, PurchaseId, TenantId, UserId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchases } from '../purchases/purchase-rows.store.js';
import type { PurchaseUpdate } from '../purchases/purchase-update.js';
import { findSuspended, saveUpdates } from '../purchases/purchase-update.store.js';
import { shareSplitLock } from '../purchases/split-lock.store.js';
import type { DecisionBook, DecisionRecord } from './decide-commissions.js';

/** Decisions about commissions, as one open database transaction sees them. */
export class DecisionStore implements DecisionBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  shareSplitLock(): Promise<void> {
    return shareSplitLock(this.#sql);
  }

  async lockPurchasesOf(tenantId: TenantId, commissionIds: readonly CommissionId[]): Promise<PurchaseRecord[]> {
    // In the order of every other lock of purchases; what is read afterwards is as it stands under the locks.
    const { rows } = await this.#sql.query<{ purchase_id: PurchaseId }>(
      `SELECT purchase_id FROM purchase_state
       WHERE tenant_id = $1
         AND purchase_id IN (SELECT purchase_id FROM commission WHERE tenant_id = $1 AND id = ANY ($2::uuid[]))
       ORDER BY purchase_id FOR NO KEY UPDATE`,
      [tenantId, commissionIds],
    );
    return readPurchases(
      this.#sql,
      rows.map(({ purchase_id: purchaseId }) => ({ tenantId, purchaseId })),
    );
  }

  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>> {
    return findSuspended(this.#sql, tenantId, people);
  }

  saveAll(updates: readonly PurchaseUpdate[]): Promise<void> {
    return saveUpdates(this.#sql, this.#outbox, updates);
  }

  async addDecisions(decisions: readonly DecisionRecord[]): Promise<void> {
    if (decisions.length === 0) return;
    await this.#sql.query(
      `INSERT INTO commission_decision (tenant_id, id, commission_id, purchase_id, decision, cause, reason, decided_by,
         decided_at, purchase_sequence)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
         $8::text[], $9::timestamptz[], $10::bigint[])`,
      [
        decisions.map((each) => each.tenantId),
        decisions.map((each) => each.id),
        decisions.map((each) => each.commissionId),
        decisions.map((each) => each.purchaseId),
        decisions.map(({ decision }) => decision.kind),
        decisions.map(({ decision }) => ('cause' in decision ? decision.cause : null)),
        decisions.map((each) => each.reason),
        decisions.map((each) => each.decidedBy),
        decisions.map((each) => each.decidedAt.toISOString()),
        decisions.map((each) => each.purchaseSequence ?? null),
      ],
    );
  }
}
