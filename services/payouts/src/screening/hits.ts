import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import type { Hit } from './screen-people.js';
import { type ListBook, type ListUpload, type ListVersion, putList } from './lists.js';

export const HIT_STATUSES = ['open', 'cleared', 'confirmed'] as const;
export type HitStatus = (typeof HIT_STATUSES)[number];
export type HitDecision = Exclude<HitStatus, 'open'>;

/** A hit with what somebody who decides has to know. */
export interface HitCase extends Hit {
  readonly personId: UserId;
  readonly foundAt: Date;
  /** Whether it is what the person matches now: not so after the entry, the lists or the person's names changed. */
  readonly isCurrent: boolean;
  readonly decided: { readonly reason: string; readonly by: string; readonly at: Date } | undefined;
}

export interface HitOrder {
  readonly tenantId: TenantId;
  readonly hitId: string;
  readonly decision: HitDecision;
  readonly reason: string;
  readonly decidedBy: { readonly userId: UserId; readonly callerId: string };
}

export interface HitReads {
  /** Oldest first, after the id. */
  list(query: { tenantId: TenantId; status: HitStatus; after: string | undefined; limit: number }): Promise<HitCase[]>;
  lists(tenantId: TenantId): Promise<ListVersion[]>;
}

export interface HitBook {
  /** Nobody else decides about it until the end. */
  lock(tenantId: TenantId, hitId: string): Promise<HitCase | undefined>;
  decide(order: HitOrder, at: Date): Promise<void>;
}

/**
 * Decides about a pair of person and entry: cleared, it stops nothing any more until either changes; confirmed, it
 * always does. May be decided otherwise later; every decision is kept. Throws NOT_FOUND, and FORBIDDEN to the person
 * whom it is about.
 */
export async function decideHit(book: HitBook, order: HitOrder, at: Date): Promise<HitCase> {
  const hit = await book.lock(order.tenantId, order.hitId);
  if (hit === undefined) throw new DomainError('NOT_FOUND');
  if (hit.personId === order.decidedBy.userId) throw new DomainError('FORBIDDEN');
  await book.decide(order, at);
  const { reason, decision, decidedBy } = order;
  return { ...hit, status: decision, decided: { reason, by: decidedBy.callerId, at } };
}

/** What finance and support do about lists and hits. */
export class Screening {
  readonly #given: {
    reads: HitReads;
    once: OncePerKey<HitBook>;
    oncePerList: OncePerKey<ListBook>;
    decided: (hit: HitCase) => void;
    clock: { now(): Date };
  };

  constructor(given: {
    reads: HitReads;
    once: OncePerKey<HitBook>;
    oncePerList: OncePerKey<ListBook>;
    /** Hears of every decision. */
    decided: (hit: HitCase) => void;
    clock: { now(): Date };
  }) {
    this.#given = given;
  }

  lists(tenantId: TenantId): Promise<ListVersion[]> {
    return this.#given.reads.lists(tenantId);
  }

  put<Body>(
    upload: ListUpload,
    by: { call: IdempotentCall; answer: (version: ListVersion) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { oncePerList, clock } = this.#given;
    return oncePerList(by.call, async (book) => by.answer(await putList(book, upload, clock.now())));
  }

  hits(query: Parameters<HitReads['list']>[0]): Promise<HitCase[]> {
    return this.#given.reads.list(query);
  }

  /** Throws NOT_FOUND and FORBIDDEN. */
  async decide<Body>(
    order: HitOrder,
    by: { call: IdempotentCall; answer: (hit: HitCase) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, decided } = this.#given;
    const done: HitCase[] = [];
    const answer = await once(by.call, async (book) => {
      const hit = await decideHit(book, order, clock.now());
      done.push(hit);
      return by.answer(hit);
    });
    if (!answer.replayed) done.slice(-1).forEach(decided);
    return answer;
  }
}
