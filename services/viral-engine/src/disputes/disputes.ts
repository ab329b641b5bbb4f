import { DomainError } from '@dailydoco/errors';
import { asDisputeId, type DisputeId, type TenantId, type UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { Dispute, DisputeOutcome, DisputeReport, DisputeStatus, DisputeText } from './dispute.js';
import {
  decideDispute,
  type DisputeBook,
  type DisputeOrder,
  type DisputeRef,
  type Given,
  noteOnDispute,
  openDispute,
  takeDispute,
  withdrawDispute,
} from './settle-dispute.js';

export interface DisputeQuery {
  readonly tenantId: TenantId;
  readonly openedBy: UserId | undefined;
  readonly status: DisputeStatus | undefined;
  /** Only those that are undecided and past their deadline at this time. */
  readonly overdueAt: Date | undefined;
  /** The last id of the page before. */
  readonly before: DisputeId | undefined;
  readonly limit: number;
}

export interface DisputeReads {
  /** Newest first. */
  list(query: DisputeQuery): Promise<Dispute[]>;
  report(tenantId: TenantId, id: DisputeId): Promise<DisputeReport | undefined>;
}

export interface DisputesParts {
  readonly once: OncePerKey<DisputeBook & DisputeReads>;
  readonly reads: DisputeReads;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Who looks: everybody sees the own disputes, staff (support, finance) everybody's. */
export interface DisputeViewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isStaff: boolean;
}

type Answering<Body> = { call: IdempotentCall; answer: (report: DisputeReport) => { status: number; body: Body } };

/** Disputes of partners about their commissions. */
export class Disputes {
  readonly #parts: DisputesParts;

  constructor(parts: DisputesParts) {
    this.#parts = parts;
  }

  /** See openDispute for what it refuses. */
  open<Body>(order: DisputeOrder, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    const disputeId = asDisputeId(this.#parts.newId());
    return this.#change(by, (book, given) => openDispute(book, order, { ...given, disputeId }));
  }

  /** See takeDispute. */
  take<Body>(order: DisputeRef & { userId: UserId }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#change(by, (book, given) => takeDispute(book, order, given));
  }

  /** See noteOnDispute. */
  note<Body>(
    { viewer, written, disputeId }: { viewer: DisputeViewer; disputeId: DisputeId; written: DisputeText },
    by: Answering<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    const order = { tenantId: viewer.tenantId, disputeId, by: viewer, written };
    return this.#change(by, (book, given) => noteOnDispute(book, order, given));
  }

  /** See decideDispute. */
  decide<Body>(
    order: DisputeRef & {
      userId: UserId;
      outcome: Exclude<DisputeOutcome, 'withdrawn'>;
      forfeits: boolean;
      written: DisputeText;
    },
    by: Answering<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    return this.#change(by, (book, given) => decideDispute(book, order, given));
  }

  /** See withdrawDispute. */
  withdraw<Body>(order: DisputeRef & { userId: UserId }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#change(by, (book, given) => withdrawDispute(book, order, given));
  }

  /** Newest first. For a partner the own ones; FORBIDDEN when somebody else's are asked for. */
  list(
    viewer: DisputeViewer,
    query: Omit<DisputeQuery, 'tenantId' | 'overdueAt'> & { overdue: boolean },
  ): Promise<Dispute[]> {
    const { overdue, ...rest } = query;
    const openedBy = query.openedBy ?? (viewer.isStaff ? undefined : viewer.userId);
    refuseOthers(viewer, openedBy);
    const overdueAt = overdue ? this.#parts.clock.now() : undefined;
    return this.#parts.reads.list({ ...rest, tenantId: viewer.tenantId, openedBy, overdueAt });
  }

  /** Throws NOT_FOUND, also for another tenant's, and FORBIDDEN for another person's. */
  async read(viewer: DisputeViewer, id: DisputeId): Promise<DisputeReport> {
    const report = await this.#parts.reads.report(viewer.tenantId, id);
    if (report === undefined) throw new DomainError('NOT_FOUND');
    refuseOthers(viewer, report.dispute.openedBy);
    return report;
  }

  #change<Body>(
    { call, answer }: Answering<Body>,
    work: (book: DisputeBook, given: Given) => Promise<Dispute>,
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#parts;
    return once(call, async (book) => {
      const { tenantId, id } = await work(book, { now: clock.now(), newId });
      const report = await book.report(tenantId, id);
      if (report === undefined) throw new Error('A dispute is never gone');
      return answer(report);
    });
  }
}

function refuseOthers({ userId, isStaff }: DisputeViewer, openedBy: UserId | undefined): void {
  if (!isStaff && userId !== openedBy) {
    throw new DomainError('FORBIDDEN', { detail: 'These are somebody else’s disputes.' });
  }
}
