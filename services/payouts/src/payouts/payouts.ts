import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { PayoutId, TenantId, UserId } from '../ids.js';
import { cancelPayout, type PayoutBook, type PayoutOrder, type RequestGiven, requestPayout } from './change-payout.js';
import type { Payout, PayoutStatus } from './payout.js';
import type { KeptFinding, TakenStep } from './review-payouts.js';

/** A payout with its whole story. */
export interface PayoutStory {
  readonly payout: Payout;
  readonly steps: readonly TakenStep[];
  readonly findings: readonly KeptFinding[];
}

export interface PayoutReads {
  /** In one snapshot. */
  find(tenantId: TenantId, id: PayoutId): Promise<PayoutStory | undefined>;
  /** Newest first, below the id `before`; of one person, or of all. */
  list(query: PayoutQuery): Promise<Payout[]>;
}

export interface PayoutQuery {
  readonly tenantId: TenantId;
  readonly personId: UserId | undefined;
  readonly status: PayoutStatus | undefined;
  readonly before: PayoutId | undefined;
  readonly limit: number;
}

/** Who looks. Staff (finance and support) see everybody's, and what a review is about. */
export interface PayoutViewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isStaff: boolean;
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

  /** Throws NOT_FOUND, also for somebody else's, unless staff looks. */
  async find({ tenantId, userId, isStaff }: PayoutViewer, id: PayoutId): Promise<PayoutStory> {
    const story = await this.#given.reads.find(tenantId, id);
    if (story === undefined || (story.payout.personId !== userId && !isStaff)) throw new DomainError('NOT_FOUND');
    return story;
  }

  /**
   * The own payouts; staff may name a person, or a status to see everybody's in it. Throws FORBIDDEN when somebody else
   * names another person.
   */
  async list(
    { tenantId, userId, isStaff }: PayoutViewer,
    { personId, ...query }: Omit<PayoutQuery, 'tenantId'>,
  ): Promise<Payout[]> {
    if (personId !== undefined && personId !== userId && !isStaff) {
      throw new DomainError('FORBIDDEN', { detail: 'These are somebody else’s payouts.' });
    }
    const everybody = isStaff && query.status !== undefined && personId === undefined;
    return this.#given.reads.list({ ...query, tenantId, personId: everybody ? undefined : (personId ?? userId) });
  }
}
