import { DomainError } from '@dailydoco/errors';
import { counter, observe } from '@dailydoco/telemetry';
import { BulkheadRejectedError, bulkhead, type BulkheadPolicy } from 'cockatiel';

export interface BulkheadOptions {
  /** Whose client it is: in metrics. */
  readonly client: string;
  /** Most calls at a time. */
  readonly concurrent: number;
  /** Most calls that wait for their turn; one more is refused with OVERLOADED. */
  readonly queued: number;
}

/** How long a call waits for its turn. */
export interface Patience {
  /** At most so long, in ms; then OVERLOADED. */
  readonly waitMs?: number;
  /** Until this aborts; then its reason is thrown. */
  readonly signal?: AbortSignal;
}

const refused = counter('dailydoco_bulkhead_refused_total');

/** Bounds the calls to one peer, and those that wait: a slow peer holds up what needs it, and nothing else. */
export class Bulkhead {
  readonly #client: string;
  readonly #policy: BulkheadPolicy;
  readonly #unregister: () => void;

  constructor({ client, concurrent, queued }: BulkheadOptions) {
    this.#client = client;
    this.#policy = bulkhead(concurrent, queued);
    this.#unregister = observe('dailydoco_bulkhead_calls', () => [
      { value: concurrent - this.#policy.executionSlots, labels: { client, state: 'running' } },
      { value: queued - this.#policy.queueSlots, labels: { client, state: 'waiting' } },
    ]);
    refused.add(0, { client });
  }

  /** Whether a call would have its turn at once. */
  get hasRoom(): boolean {
    return this.#policy.executionSlots > 0;
  }

  /** Does the work when there is room for it. */
  async run<T>(work: () => Promise<T>, patience: Patience = {}): Promise<T> {
    try {
      // A call that gets its turn at once needs no timer.
      if (this.hasRoom) return await this.#policy.execute(work);
      return await this.#afterWaiting(work, patience);
    } catch (error) {
      throw error instanceof BulkheadRejectedError ? this.#refusal() : error;
    }
  }

  /** Resolves when there is room, and to what gives it back: for work that is no single promise. */
  async enter(patience: Patience = {}): Promise<() => void> {
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const running = this.run(() => {
      entered.resolve();
      return left.promise;
    }, patience);
    await Promise.race([entered.promise, running]);
    return left.resolve;
  }

  /** Is no longer shown among the metrics. */
  close(): void {
    this.#unregister();
  }

  async #afterWaiting<T>(work: () => Promise<T>, { waitMs, signal }: Patience): Promise<T> {
    signal?.throwIfAborted();
    const impatient = Promise.withResolvers<never>();
    const gone = new AbortController();
    const giveUp = (reason: unknown): void => {
      gone.abort();
      impatient.reject(reason);
    };
    const onAbort = (): void => giveUp(signal?.reason);
    const timer = waitMs === undefined ? undefined : setTimeout(() => giveUp(this.#refusal()), waitMs);
    signal?.addEventListener('abort', onAbort);
    const stopWaiting = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const begin = (): Promise<T> => {
      stopWaiting();
      return work();
    };
    try {
      // The policy notices an abort only when the turn comes; whoever has given up is answered before that.
      return await Promise.race([this.#policy.execute(begin, gone.signal), impatient.promise]);
    } finally {
      stopWaiting();
    }
  }

  #refusal(): DomainError {
    refused.add(1, { client: this.#client });
    return new DomainError('OVERLOADED', {
      detail: 'A part that this needs is busy with as many calls as it may have.',
      cause: new Error(`the bulkhead of ${this.#client} is full`),
    });
  }
}
