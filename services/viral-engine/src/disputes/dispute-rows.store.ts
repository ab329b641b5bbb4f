import type { Sql } from '@dailydoco/database';
import type { CommissionId, DisputeId, PurchaseId, TenantId, UserId } from '../ids.js';
import type { Dispute, DisputeHold, DisputeKind, DisputeOutcome, DisputeStatus } from './dispute.js';

export interface DisputeRow {
  tenant_id: TenantId;
  id: DisputeId;
  commission_id: CommissionId;
  purchase_id: PurchaseId;
  opened_by: UserId;
  kind: DisputeKind;
  hold: DisputeHold;
  opened_at: Date;
  due_at: Date;
  status: DisputeStatus;
  owner_id: UserId | null;
  outcome: DisputeOutcome | null;
  decided_at: Date | null;
  escalated_at: Date | null;
  steps: number;
}

export const DISPUTE_COLUMNS = `tenant_id, id, commission_id, purchase_id, opened_by, kind, hold, opened_at, due_at,
  status, owner_id, outcome, decided_at, escalated_at, steps`;

export function toDispute(row: DisputeRow): Dispute {
  return {
    tenantId: row.tenant_id,
    id: row.id,
    commissionId: row.commission_id,
    purchaseId: row.purchase_id,
    openedBy: row.opened_by,
    kind: row.kind,
    hold: row.hold,
    openedAt: row.opened_at,
    dueAt: row.due_at,
    status: row.status,
    ownerId: row.owner_id ?? undefined,
    outcome: row.outcome ?? undefined,
    decidedAt: row.decided_at ?? undefined,
    escalatedAt: row.escalated_at ?? undefined,
    steps: row.steps,
  };
}

/** The commissions of a purchase that are in dispute. */
export async function findDisputed(sql: Sql, tenantId: TenantId, purchaseId: PurchaseId): Promise<Set<CommissionId>> {
  const { rows } = await sql.query<{ commission_id: CommissionId }>(
    `SELECT commission_id FROM dispute WHERE tenant_id = $1 AND purchase_id = $2 AND status <> 'decided'`,
    [tenantId, purchaseId],
  );
  return new Set(rows.map((row) => row.commission_id));
}

/** How many disputes, of all tenants, are undecided past their deadline. */
export async function countOverdue(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM dispute WHERE status <> 'decided' AND due_at <= $1`,
    [now],
  );
  return rows[0]?.count ?? 0;
}
