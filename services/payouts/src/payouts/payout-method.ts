import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { asPayoutMethodId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';

export const SANDBOX_OUTCOMES = ['settled', 'failed', 'returned'] as const;

/** Where a person wants the money. */
export interface PayoutMethod {
  readonly tenantId: TenantId;
  readonly id: PayoutMethodId;
  readonly personId: UserId;
  readonly kind: 'sandbox';
  /** How payments to it end. */
  readonly outcome: (typeof SANDBOX_OUTCOMES)[number];
  readonly createdAt: Date;
}

export interface MethodBook {
  add(method: PayoutMethod): Promise<void>;
}

export interface MethodStore {
  /** Not deleted, oldest first, after the id `after`. */
  list(query: {
    tenantId: TenantId;
    personId: UserId;
    after: PayoutMethodId | undefined;
    limit: number;
  }): Promise<PayoutMethod[]>;
  /** False: the person has no such method. */
  delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId, at: Date): Promise<boolean>;
}

/** A person's payout methods. */
export class PayoutMethods {
  readonly #given: {
    once: OncePerKey<MethodBook>;
    store: MethodStore;
    clock: { now(): Date };
    newId: () => string;
  };

  constructor(given: {
    once: OncePerKey<MethodBook>;
    store: MethodStore;
    clock: { now(): Date };
    newId: () => string;
  }) {
    this.#given = given;
  }

  add<Body>(
    wanted: Pick<PayoutMethod, 'tenantId' | 'personId' | 'kind' | 'outcome'>,
    by: { call: IdempotentCall; answer: (method: PayoutMethod) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#given;
    return once(by.call, async (book) => {
      const method = { ...wanted, id: asPayoutMethodId(newId()), createdAt: clock.now() };
      await book.add(method);
      return by.answer(method);
    });
  }

  list(query: Parameters<MethodStore['list']>[0]): Promise<PayoutMethod[]> {
    return this.#given.store.list(query);
  }

  /** Payouts that have been asked for go on. Throws NOT_FOUND, also for somebody else's and when it is gone already. */
  async delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId): Promise<void> {
    const { store, clock } = this.#given;
    if (!(await store.delete(tenantId, personId, id, clock.now()))) throw new DomainError('NOT_FOUND');
  }
}
