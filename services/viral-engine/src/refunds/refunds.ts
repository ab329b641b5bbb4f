import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { PurchaseId, RefundId, TenantId } from '../ids.js';
import { type RecordedRefund, recordRefund, type RefundBook, type RefundOrder } from './record-refund.js';

export interface RefundReads {
  isRecorded(tenantId: TenantId, purchaseId: PurchaseId): Promise<boolean>;
  /** Oldest first; `after` is the last id of the page before. */
  list(query: {
    tenantId: TenantId;
    purchaseId: PurchaseId;
    after: RefundId | undefined;
    limit: number;
  }): Promise<Omit<RecordedRefund, 'created'>[]>;
}

export interface RefundsDependencies {
  readonly once: OncePerKey<RefundBook>;
  readonly reads: RefundReads;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Refunds of purchases: recorded once each, and listed. */
export class Refunds {
  readonly #dependencies: RefundsDependencies;

  constructor(dependencies: RefundsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Records a refund; see recordRefund for what it refuses. */
  record<Body>(
    order: RefundOrder,
    by: { call: IdempotentCall; answer: (recorded: RecordedRefund) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#dependencies;
    return once(by.call, async (book) => by.answer(await recordRefund(book, order, { now: clock.now(), newId })));
  }

  /** Throws PURCHASE_UNKNOWN, also for another tenant's purchase. */
  async list(query: {
    tenantId: TenantId;
    purchaseId: PurchaseId;
    after: RefundId | undefined;
    limit: number;
  }): Promise<Omit<RecordedRefund, 'created'>[]> {
    const { reads } = this.#dependencies;
    if (!(await reads.isRecorded(query.tenantId, query.purchaseId))) throw new DomainError('PURCHASE_UNKNOWN');
    return reads.list(query);
  }
}
