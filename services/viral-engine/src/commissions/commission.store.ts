import type { Sql } from '@dailydoco/database';
import type { PrismaClient } from '../generated/client.js';
import {
  asCommissionId,
  asDecisionId,
  asPlanId,
  asPurchaseId,
  asRefundId,
  type CommissionId,
  type TenantId,
  type UserId,
} from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { PlanCatalogues } from '../plans/plan.store.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchase } from '../purchases/purchase-rows.store.js';
import type { ChangeReason, Commission, CommissionChange } from './commission.js';
import { type CommissionRow, toCommission } from './commission-rows.store.js';
import type { CommissionReads } from './commission-reads.js';
import type { DecidedCause, Decision, DecisionRecord } from './decide-commissions.js';
import type { CommissionStatus } from './entry-life.js';

/** Commissions as they stand, outside any database transaction. */
export class CommissionStore implements CommissionReads {
  readonly #sql: Sql;
  readonly #prisma: PrismaClient;
  readonly #catalogues = new PlanCatalogues();

  constructor(sql: Sql, prisma: PrismaClient) {
    this.#sql = sql;
    this.#prisma = prisma;
  }

  async list(query: {
    tenantId: TenantId;
    beneficiaryId: UserId;
    before: CommissionId | undefined;
    limit: number;
  }): Promise<Commission[]> {
    const { rows } = await this.#sql.query<CommissionRow>(
      `SELECT id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency, gross_micros, cuts, net_micros,
              status, available_at, hold_causes, held_since, created_at
       FROM commission WHERE tenant_id = $1 AND beneficiary_id = $2 AND ($3::uuid IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [query.tenantId, query.beneficiaryId, query.before ?? null, query.limit],
    );
    return rows.map(toCommission);
  }

  async findPurchaseOf(tenantId: TenantId, id: CommissionId): Promise<PurchaseRecord | undefined> {
    const row = await this.#prisma.commission.findUnique({
      where: { tenantId_id: { tenantId, id } },
      select: { purchaseId: true },
    });
    return row === null ? undefined : readPurchase(this.#sql, tenantId, asPurchaseId(row.purchaseId));
  }

  async changesOf(tenantId: TenantId, id: CommissionId): Promise<CommissionChange[]> {
    const rows = await this.#prisma.commissionChange.findMany({
      where: { tenantId, commissionId: id },
      orderBy: { purchaseSequence: 'asc' },
    });
    return rows.map((row) => ({
      commissionId: asCommissionId(row.commissionId),
      purchaseId: asPurchaseId(row.purchaseId),
      purchaseSequence: row.purchaseSequence,
      // The table's checks and its only writer keep these two to our words.
      fromStatus: row.fromStatus as CommissionStatus,
      toStatus: row.toStatus as CommissionStatus,
      deltaMicros: row.deltaMicros,
      netMicros: row.netMicros,
      availableAt: row.availableAt,
      reason: row.reason as ChangeReason,
      refundId: row.refundId === null ? undefined : asRefundId(row.refundId),
      changedAt: row.changedAt,
    }));
  }

  async decisionsOf(tenantId: TenantId, id: CommissionId): Promise<DecisionRecord[]> {
    const rows = await this.#prisma.commissionDecision.findMany({
      where: { tenantId, commissionId: id },
      orderBy: [{ decidedAt: 'asc' }, { id: 'asc' }],
    });
    return rows.map((row) => ({
      tenantId,
      id: asDecisionId(row.id),
      commissionId: id,
      purchaseId: asPurchaseId(row.purchaseId),
      // The table's checks keep these two to our words, and a cause to holding and lifting.
      decision: { kind: row.decision, ...(row.cause !== null && { cause: row.cause as DecidedCause }) } as Decision,
      reason: row.reason,
      decidedBy: row.decidedBy,
      decidedAt: row.decidedAt,
      purchaseSequence: row.purchaseSequence ?? undefined,
    }));
  }

  async findPlanVersion(tenantId: TenantId, plan: { id: string; version: number }): Promise<PlanVersion | undefined> {
    const catalogues = await this.#catalogues.read(this.#sql, [tenantId]);
    const planId = asPlanId(plan.id);
    return catalogues
      .get(tenantId)
      ?.versions.find((version) => version.planId === planId && version.version === plan.version);
  }
}
