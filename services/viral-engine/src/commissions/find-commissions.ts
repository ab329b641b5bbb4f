import { DomainError } from '@dailydoco/errors';
import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { Commission } from './commission.js';
import type { CommissionReads } from './commission-reads.js';
import { explain, type Explanation } from './explain.js';

/** Who looks: everybody sees the own commissions, finance sees everybody's. */
export interface Viewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isFinance: boolean;
}

/** Commissions for the eyes of one person. */
export class FindCommissions {
  readonly #reads: CommissionReads;

  constructor(reads: CommissionReads) {
    this.#reads = reads;
  }

  /** Newest first, up to `limit`. Without a beneficiary the viewer's own; FORBIDDEN when they are not the viewer's to see. */
  list(
    viewer: Viewer,
    query: { beneficiaryId: UserId | undefined; before: CommissionId | undefined; limit: number },
  ): Promise<Commission[]> {
    const beneficiaryId = query.beneficiaryId ?? viewer.userId;
    refuseOthers(viewer, beneficiaryId);
    return this.#reads.list({ ...query, tenantId: viewer.tenantId, beneficiaryId });
  }

  /** Throws NOT_FOUND, also for another tenant's commission, and FORBIDDEN for another person's. */
  async explain(viewer: Viewer, id: CommissionId): Promise<Explanation> {
    const { tenantId } = viewer;
    const purchase = await this.#reads.findPurchaseOf(tenantId, id);
    const commission = purchase?.commissions.find((each) => each.id === id);
    if (purchase === undefined || commission === undefined) throw new DomainError('NOT_FOUND');
    refuseOthers(viewer, commission.beneficiaryId);
    if (purchase.plan === undefined) throw new Error('A purchase without a plan has no commissions');
    const plan = await this.#reads.findPlanVersion(tenantId, purchase.plan);
    if (plan === undefined) throw new Error('A plan version in use is never gone');
    const changes = await this.#reads.changesOf(tenantId, id);
    return explain({ commission, purchase, plan, changes, decisions: await this.#reads.decisionsOf(tenantId, id) });
  }
}

function refuseOthers({ userId, isFinance }: Viewer, beneficiaryId: UserId): void {
  if (!isFinance && userId !== beneficiaryId) {
    throw new DomainError('FORBIDDEN', { detail: "These are somebody else's commissions." });
  }
}
