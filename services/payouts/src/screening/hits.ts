import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId } from '../ids.js';
import { decideHit, type DecidedHit, type HitBook } from './decide-hit.js';
import type { HitCase, HitOrder, HitStatus } from './hit-case.js';
import { type ListBook, type ListUpload, type ListVersion, putList } from './lists.js';

export interface HitReads {
  /** Oldest first, after the id. */
  list(query: { tenantId: TenantId; status: HitStatus; after: string | undefined; limit: number }): Promise<HitCase[]>;
  lists(tenantId: TenantId): Promise<ListVersion[]>;
}

/** What finance and support do about lists and hits. */
export class Screening {
  readonly #given: {
    reads: HitReads;
    once: OncePerKey<HitBook>;
    oncePerList: OncePerKey<ListBook>;
    decided: (hit: DecidedHit) => void;
    clock: { now(): Date };
  };

  constructor(given: {
    reads: HitReads;
    once: OncePerKey<HitBook>;
    oncePerList: OncePerKey<ListBook>;
    /** Hears of every decision. */
    decided: (hit: DecidedHit) => void;
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

  /** See decideHit for what it refuses. */
  async decide<Body>(
    order: HitOrder,
    by: { call: IdempotentCall; answer: (hit: HitCase) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, decided } = this.#given;
    const done: DecidedHit[] = [];
    const answer = await once(by.call, async (book) => {
      const decision = await decideHit(book, order, clock.now());
      done.push(decision);
      return by.answer(decision.hit);
    });
    if (!answer.replayed) done.slice(-1).forEach(decided);
    return answer;
  }
}
