import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { Payout } from './payout.js';
import {
  approvePayout,
  closeFinding,
  type Decider,
  type FindingDecision,
  rejectPayout,
  type ReviewBook,
} from './review-payouts.js';

type By<Body> = { call: IdempotentCall; answer: (payout: Payout) => { status: number; body: Body } };

/** What finance decides about single payouts; each decision once per key, and kept with who and why. */
export class PayoutReviews {
  readonly #given: { once: OncePerKey<ReviewBook>; clock: { now(): Date } };

  constructor(given: { once: OncePerKey<ReviewBook>; clock: { now(): Date } }) {
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

  #decide<Body>(by: By<Body>, work: (book: ReviewBook, now: Date) => Promise<Payout>) {
    const { once, clock } = this.#given;
    return once(by.call, async (book) => by.answer(await work(book, clock.now())));
  }
}
