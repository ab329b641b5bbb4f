import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { PayoutId, TenantId, UserId } from '../ids.js';
import { cancelPayout, type PayoutBook, type PayoutOrder, type RequestGiven, requestPayout } from './change-payout.js';
import type { Payout } from './payout.js';

export interface PayoutReads {
  find(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined>;
  /** Newest first, below the id `before`. */
  list(query: { tenantId: TenantId; personId: UserId; before: PayoutId | undefined; limit: number }): Promise<Payout[]>;
}

export interface PayoutsDependencies extends Omit<RequestGiven, 'now'> {
  readonly once: OncePerKey<PayoutBook>;
  readonly reads: PayoutReads;
  readonly clock: { now(): Date };
}

type Answers<Body> = (payout: Payout) => { status: number; body: Body };

/** A person's payouts: asked for, looked at, cancelled. */
export class Payouts {
  readonly #given: PayoutsDependencies;

  constructor(given: PayoutsDependencies) {
    this.#given = given;
  }

  /** See requestPayout for what it refuses. */
  request<Body>(
    order: PayoutOrder,
    by: { call: IdempotentCall; answer: Answers<Body> },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, ...given } = this.#given;
    return once(by.call, async (book) => by.answer(await requestPayout(book, order, { ...given, now: clock.now() })));
  }

  /** See cancelPayout for what it refuses. */
  cancel<Body>(
    wanted: { tenantId: TenantId; personId: UserId; id: PayoutId },
    by: { call: IdempotentCall; answer: Answers<Body> },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#given;
    return once(by.call, async (book) => by.answer(await cancelPayout(book, { ...wanted, now: clock.now() })));
  }

  /** Throws NOT_FOUND, also for somebody else's. */
  async find(tenantId: TenantId, personId: UserId, id: PayoutId): Promise<Payout> {
    const payout = await this.#given.reads.find(tenantId, id);
    if (payout?.personId !== personId) throw new DomainError('NOT_FOUND');
    return payout;
  }

  list(query: Parameters<PayoutReads['list']>[0]): Promise<Payout[]> {
    return this.#given.reads.list(query);
  }
}
