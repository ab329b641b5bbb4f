import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import { checkClosable, type ClosedPeriod, endOf, type Period } from './period.js';

/** A tenant's periods in one open database transaction. */
export interface PeriodBook {
  /** Waits for the journals under way, and keeps new ones waiting until the commit. */
  lock(tenantId: TenantId): Promise<void>;
  lastClosed(tenantId: TenantId): Promise<Period | undefined>;
  /** When the oldest journal of the open periods was recorded. */
  oldestOpen(tenantId: TenantId): Promise<Date | undefined>;
  close(closed: ClosedPeriod): Promise<void>;
}

export interface PeriodReads {
  /** Closed ones, newest first, before the period `before`. */
  closed(query: { tenantId: TenantId; before: Period | undefined; limit: number }): Promise<ClosedPeriod[]>;
}

/** Closes months: what is recorded from then on goes into the months that follow, whatever its effective date. */
export class ClosePeriods {
  readonly #once: OncePerKey<PeriodBook>;
  readonly #reads: PeriodReads;
  readonly #clock: { now(): Date };

  constructor(given: { once: OncePerKey<PeriodBook>; reads: PeriodReads; clock: { now(): Date } }) {
    this.#once = given.once;
    this.#reads = given.reads;
    this.#clock = given.clock;
  }

  /** Final. What the period came to is summed up soon after. For what it refuses see checkClosable. */
  close<Body>(
    { tenantId, period, by }: { tenantId: TenantId; period: Period; by: UserId },
    { call, answer }: { call: IdempotentCall; answer: (closed: ClosedPeriod) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    return this.#once(call, async (book) => {
      await book.lock(tenantId);
      const [lastClosed, oldestOpen] = [await book.lastClosed(tenantId), await book.oldestOpen(tenantId)];
      const now = this.#clock.now();
      checkClosable(period, { now, lastClosed, oldestOpen });
      const closed = { tenantId, period, endsAt: endOf(period), closedBy: by, closedAt: now, outcome: undefined };
      await book.close(closed);
      return answer(closed);
    });
  }

  closed(query: Parameters<PeriodReads['closed']>[0]): Promise<ClosedPeriod[]> {
    return this.#reads.closed(query);
  }
}
