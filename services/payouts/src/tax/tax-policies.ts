import type { TenantId } from '../ids.js';
import { policyOf, STANDARD_POLICY, type TaxPolicy, type TaxPolicyChoice, type TaxThreshold } from './tax-policy.js';

/** Who sets how a tenant deals with tax, to what, and why: kept for good. */
export interface TaxPolicyChange {
  readonly tenantId: TenantId;
  readonly choice: TaxPolicyChoice;
  readonly changedBy: string;
  readonly reason: string;
  readonly changedAt: Date;
}

export interface TaxPolicyBook {
  /** The last version, which nobody else changes until the end; undefined: nobody has set anything. */
  lock(tenantId: TenantId): Promise<TaxPolicy | undefined>;
  add(change: TaxPolicyChange, version: number): Promise<void>;
}

interface Given {
  readonly read: (
    tenantId: TenantId,
  ) => Promise<{ policy: TaxPolicy | undefined; thresholds: readonly TaxThreshold[] }>;
  readonly inTransaction: <Result>(work: (book: TaxPolicyBook) => Promise<Result>) => Promise<Result>;
  readonly clock: { now(): Date };
}

/** A policy, and from which totals on payments have to be reported. */
export interface PolicyReport {
  readonly policy: TaxPolicy;
  readonly thresholds: readonly TaxThreshold[];
}

/** How tenants deal with tax. */
export class TaxPolicies {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  async read(tenantId: TenantId): Promise<PolicyReport> {
    const { policy, thresholds } = await this.#given.read(tenantId);
    return { policy: policy ?? STANDARD_POLICY, thresholds };
  }

  /** What is not chosen is standard, whatever it was before. It holds for payouts that are screened from now on. */
  async change(given: Omit<TaxPolicyChange, 'changedAt'>): Promise<PolicyReport> {
    const { inTransaction, clock } = this.#given;
    await inTransaction(async (book) => {
      const before = await book.lock(given.tenantId);
      const { version } = policyOf(given.choice, (before?.version ?? 0) + 1);
      await book.add({ ...given, changedAt: clock.now() }, version);
    });
    return this.read(given.tenantId);
  }
}
