import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { Commission, CommissionChange } from './commission.js';
import type { DecisionRecord } from './decide-commissions.js';

export interface CommissionReads {
  /** Newest first; `before` is the last id of the page before. */
  list(query: {
    tenantId: TenantId;
    beneficiaryId: UserId;
    before: CommissionId | undefined;
    limit: number;
  }): Promise<Commission[]>;
  /** The purchase of a commission, as it stands; undefined when the tenant has no such commission. */
  findPurchaseOf(tenantId: TenantId, id: CommissionId): Promise<PurchaseRecord | undefined>;
  /** In the order in which they happened. */
  changesOf(tenantId: TenantId, id: CommissionId): Promise<CommissionChange[]>;
  /** In the order in which they were taken. */
  decisionsOf(tenantId: TenantId, id: CommissionId): Promise<DecisionRecord[]>;
  findPlanVersion(tenantId: TenantId, plan: { id: string; version: number }): Promise<PlanVersion | undefined>;
}
