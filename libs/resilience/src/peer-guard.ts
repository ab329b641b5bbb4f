import { Breaker, type BreakerOptions } from './breaker.js';
import { Bulkhead, type BulkheadOptions, type Patience } from './bulkhead.js';

/** A call under way whose end is told by hand. */
export interface Passage {
  /** The peer has begun to answer: whatever comes after, it is there. */
  readonly answered: () => void;
  /** The call is over and gives its place back; with an error, which is judged unless the peer had answered. */
  readonly end: (error?: unknown) => void;
}

export type PeerGuardOptions = BreakerOptions & BulkheadOptions;

/**
 * What stands before every call to one peer: a bulkhead, and in it a breaker, which thus hears of a failure
 * before the next in the queue has its turn.
 */
export class PeerGuard {
  readonly #breaker: Breaker;
  readonly #bulkhead: Bulkhead;

  constructor(options: PeerGuardOptions) {
    this.#breaker = new Breaker(options);
    this.#bulkhead = new Bulkhead(options);
  }

  /**
   * Does the work when the peer is thought well and there is room. Throws UNAVAILABLE for an open breaker, OVERLOADED for a
   * full bulkhead, the reason of `patience.signal` when it aborts during the wait, or what the work threw.
   */
  async run<T>(work: () => Promise<T>, patience: Patience = {}): Promise<T> {
    // Nobody queues for a peer that is known to be away.
    if (this.#breaker.isOpen && !this.#bulkhead.hasRoom) throw this.#breaker.refusal();
    return this.#bulkhead.run(() => this.#breaker.run(work), patience);
  }

  /** The same for work that is no single promise: resolves when it may begin. */
  async enter(patience: Patience = {}): Promise<Passage> {
    if (this.#breaker.isOpen && !this.#bulkhead.hasRoom) throw this.#breaker.refusal();
    const leave = await this.#bulkhead.enter(patience);
    const begun = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    const judged = this.#breaker.run(() => {
      begun.resolve();
      return heard.promise;
    });
    // Whoever tells of the failure knows it already.
    judged.catch(() => undefined);
    try {
      await Promise.race([begun.promise, judged]);
    } catch (error) {
      leave();
      throw error;
    }
    return {
      answered: heard.resolve,
      end: (error) => {
        if (error === undefined) heard.resolve();
        else heard.reject(error);
        leave();
      },
    };
  }

  close(): void {
    this.#bulkhead.close();
  }
}
