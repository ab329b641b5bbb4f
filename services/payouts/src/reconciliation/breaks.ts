import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { BreakId, JournalId, TenantId, UserId } from '../ids.js';
import {
  answer,
  type BreakAnswer,
  type BreakCase,
  type BreakStatus,
  type BreakStep,
  note,
  type SteppedBreak,
  take,
} from './break-case.js';

export interface BreakQuery {
  readonly tenantId: TenantId;
  /** Undefined: every case that stands. */
  readonly status: BreakStatus | undefined;
  readonly ownerId: UserId | undefined;
  /** The last id of the page before. */
  readonly after: BreakId | undefined;
  readonly limit: number;
}

export interface BreakReads {
  /** Oldest first. */
  list(query: BreakQuery): Promise<BreakCase[]>;
  find(tenantId: TenantId, id: BreakId): Promise<{ breakCase: BreakCase; steps: BreakStep[] } | undefined>;
}

/** The queue, as one open database transaction sees it. */
export interface BreakBook extends BreakReads {
  lock(tenantId: TenantId, id: BreakId): Promise<BreakCase | undefined>;
  save(stepped: SteppedBreak): Promise<void>;
  /** Which of the ids are journals of the tenant. */
  knownJournals(tenantId: TenantId, ids: readonly JournalId[]): Promise<Set<JournalId>>;
}

export interface BreakReport {
  readonly breakCase: BreakCase;
  /** Oldest first. */
  readonly steps: readonly BreakStep[];
}

/** Who does something with which case. */
export interface BreakOrder {
  readonly tenantId: TenantId;
  readonly breakId: BreakId;
  readonly userId: UserId;
}

type Answering<Body> = { call: IdempotentCall; answer: (report: BreakReport) => { status: number; body: Body } };

/** The break queue: looked at by support and finance, worked off by finance. */
export class Breaks {
  readonly #once: OncePerKey<BreakBook>;
  readonly #reads: BreakReads;
  readonly #clock: { now(): Date };

  constructor({ once, reads, clock }: { once: OncePerKey<BreakBook>; reads: BreakReads; clock: { now(): Date } }) {
    this.#once = once;
    this.#reads = reads;
    this.#clock = clock;
  }

  list(query: BreakQuery): Promise<BreakCase[]> {
    return this.#reads.list(query);
  }

  /** Throws NOT_FOUND, also for another tenant's. */
  async read(tenantId: TenantId, id: BreakId): Promise<BreakReport> {
    return found(await this.#reads.find(tenantId, id));
  }

  take<Body>(order: BreakOrder, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#change(order, by, (breakCase, at) => take(breakCase, { userId: order.userId, at }));
  }

  note<Body>(order: BreakOrder & { text: string }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    const { userId, text } = order;
    return this.#change(order, by, (breakCase, at) => note(breakCase, { userId, at, text }));
  }

  /** Throws VALIDATION_FAILED when a journal is named that the tenant does not have. */
  answer<Body>(order: BreakOrder & { said: BreakAnswer }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    const { tenantId, userId, said } = order;
    return this.#change(order, by, async (breakCase, at, book) => {
      if (said.outcome === 'corrected') await refuseUnknownJournals(book, tenantId, said.journalIds);
      return answer(breakCase, { userId, at, said });
    });
  }

  #change<Body>(
    { tenantId, breakId }: BreakOrder,
    by: Answering<Body>,
    change: (breakCase: BreakCase, at: Date, book: BreakBook) => SteppedBreak | Promise<SteppedBreak>,
  ): Promise<ReplayableAnswer<Body>> {
    return this.#once(by.call, async (book) => {
      const breakCase = found(await book.lock(tenantId, breakId));
      await book.save(await change(breakCase, this.#clock.now(), book));
      return by.answer(found(await book.find(tenantId, breakId)));
    });
  }
}

function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new DomainError('NOT_FOUND');
  return thing;
}

async function refuseUnknownJournals(book: BreakBook, tenantId: TenantId, ids: readonly JournalId[]): Promise<void> {
  const known = await book.knownJournals(tenantId, ids);
  const fieldErrors = ids.flatMap((id, n) =>
    known.has(id) ? [] : [{ path: `journalIds.${n}`, message: 'there is no such journal' }],
  );
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
}
