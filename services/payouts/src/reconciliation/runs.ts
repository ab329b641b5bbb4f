import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { RunId, TenantId, UserId } from '../ids.js';
import type { Reconciliation } from './reconcile-tenant.js';

/** A run as it is written down. */
export interface PastRun
  extends Pick<Reconciliation, 'id' | 'outcome' | 'compared' | 'inFlight' | 'startedAt' | 'finishedAt'> {
  /** How many breaks it found. */
  readonly breaks: number;
}

/** Somebody wants the books compared now. */
export interface RunRequest {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly askedBy: UserId;
  readonly askedAt: Date;
}

export interface RunReads {
  /** Newest first, below the id `before`. */
  listRuns(query: { tenantId: TenantId; before: RunId | undefined; limit: number }): Promise<PastRun[]>;
}

export interface RunRequests {
  /** Writes the request down, and returns the one that waits: an earlier one, if there is one. */
  ask(request: RunRequest): Promise<RunRequest>;
}

interface RunsParts {
  readonly once: OncePerKey<RunRequests>;
  readonly reads: RunReads;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Comparisons of a tenant's books: looked at, and asked for. */
export class Runs {
  readonly #parts: RunsParts;

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  list(query: Parameters<RunReads['listRuns']>[0]): Promise<PastRun[]> {
    return this.#parts.reads.listRuns(query);
  }

  /** Has the tenant's books compared within seconds, besides the runs that come by themselves. */
  ask<Body>(
    { tenantId, userId }: { tenantId: TenantId; userId: UserId },
    by: { call: IdempotentCall; answer: (request: RunRequest) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#parts;
    return once(by.call, async (requests) =>
      by.answer(await requests.ask({ tenantId, id: newId(), askedBy: userId, askedAt: clock.now() })),
    );
  }
}
