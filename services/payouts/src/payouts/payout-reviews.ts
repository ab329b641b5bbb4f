import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { Payout } from './payout.js';
import {
  approvePayout,
  closeFinding,
  type Decider,
  type FindingDecision,
  rejectPayout,
  type ReviewBook,
  type Reviewed,
} from './review-payouts.js';

type By<Body> = { call: IdempotentCall; answer: (payout: Payout) => { status: number; body: Body } };

export interface ReviewsGiven {
  readonly once: OncePerKey<ReviewBook>;
  /** Hears of every decision once it stands. */
  readonly decided: (reviewed: Reviewed) => void;
  readonly clock: { now(): Date };
}

/** What finance decides about single payouts; each decision once per key, and kept with who and why. */
export class PayoutReviews {
  readonly #given: ReviewsGiven;

  constructor(given: ReviewsGiven) {
    this.#given = given;
  }

  /** See approvePayout for what it refuses. */
  approve<Body>(decider: Omit<Decider, 'now'>, by: By<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#decide(by, (book, now) => approvePayout(book, { ...decider, now }));
  }

  /** See rejectPayout for what it refuses. */
  reject<Body>(decider: Omit<Decider, 'now'>, by: By<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#decide(by, (book, now) => rejectPayout(book, { ...decider, now }));
  }

  /** See closeFinding for what it refuses. */
  closeFinding<Body>(
    decider: Omit<Decider, 'now'> & { position: number; decision: FindingDecision },
    by: By<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    return this.#decide(by, (book, now) => closeFinding(book, { ...decider, now }));
  }

  async #decide<Body>(by: By<Body>, work: (book: ReviewBook, now: Date) => Promise<Reviewed>) {
    const { once, clock, decided } = this.#given;
    const done: Reviewed[] = [];
    const answer = await once(by.call, async (book) => {
      const reviewed = await work(book, clock.now());
      done.push(reviewed);
      return by.answer(reviewed.payout);
    });
    // The work may have been tried more than once; what stands is the last.
    if (!answer.replayed) done.slice(-1).forEach(decided);
    return answer;
  }
}
