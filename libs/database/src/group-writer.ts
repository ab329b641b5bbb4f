import { DomainError } from '@dailydoco/errors';
import { counter, histogram, observe } from '@dailydoco/telemetry';
import { isTransientDatabaseError, LostCommitError } from './database-errors.js';

export interface GroupWriterOptions<In, Out> {
  /** Names it in metrics. */
  readonly name: string;
  /** Most items in one group. Default 500. */
  readonly maxGroup?: number;
  /** So many do not wait for more company. Default maxGroup. */
  readonly enough?: number;
  /** Longest an item waits for company while a group may begin: from its coming, or from the end of a group. Default 3. */
  readonly maxWaitMs?: number;
  /** Most items waiting; one more is refused with OVERLOADED. Default 5,000. */
  readonly maxQueued?: number;
  /** Longest an item waits for its group to begin, in ms; then it is refused with OVERLOADED. Default 10,000. */
  readonly maxQueuedMs?: number;
  /** Groups under way at once. Default 1. */
  readonly concurrency?: number;
  /** Commits a group in one database transaction and answers item by item, in order. */
  readonly commit: (items: In[]) => Promise<(Out | DomainError)[]>;
  /**
   * After a connection was lost during COMMIT: reads what stands. `undefined` for an item means that it was not committed; it
   * is then refused with UNAVAILABLE and may be sent again.
   */
  readonly resolveAfterLostCommit?: (items: In[]) => Promise<(Out | undefined)[]>;
}

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  /** When it has waited too long; by the monotonic clock. */
  readonly expiresAtMs: number;
}

const groupItems = histogram('dailydoco_group_writer_group_items');
const commitDuration = histogram('dailydoco_group_writer_commit_duration_seconds');
const refused = counter('dailydoco_group_writer_refused_items_total');

/**
 * Group commit: collects concurrent items for a few milliseconds and commits them together. A data error splits the group in
 * halves down to the guilty item, so that the others commit. Every item is answered exactly once, and never before its commit.
 */
export class GroupWriter<In, Out> {
  readonly #options: Required<Omit<GroupWriterOptions<In, Out>, 'resolveAfterLostCommit'>> &
    Pick<GroupWriterOptions<In, Out>, 'resolveAfterLostCommit'>;
  #queue: Waiting<In, Out>[] = [];
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #unregister: () => void;

  constructor(options: GroupWriterOptions<In, Out>) {
    const { maxGroup = 500, enough = maxGroup } = options;
    this.#options = {
      maxWaitMs: 3,
      maxQueued: 5_000,
      maxQueuedMs: 10_000,
      concurrency: 1,
      ...options,
      maxGroup,
      enough: Math.min(enough, maxGroup),
    };
    this.#unregister = observe('dailydoco_group_writer_queue_items', () => [
      { value: this.#queue.length, labels: { writer: options.name } },
    ]);
  }

  /** Answers after the item's commit. An item whose signal aborts before it joined a group is dropped. */
  submit(item: In, options: { signal?: AbortSignal } = {}): Promise<Out> {
    if (this.#closed || this.#queue.length >= this.#options.maxQueued) {
      refused.add(1, { writer: this.#options.name });
      return Promise.reject(new DomainError(this.#closed ? 'UNAVAILABLE' : 'OVERLOADED', { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      const { maxQueuedMs } = this.#options;
      this.#queue.push({
        item,
        resolve,
        reject,
        signal: options.signal,
        expiresAtMs: performance.now() + maxQueuedMs,
      });
      this.#expiryTimer ??= this.#expireAfter(maxQueuedMs);
      this.#gather();
    });
  }

  /** Refuses new items, commits those that wait, and resolves when all are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#flush();
    while (this.#running.size > 0) await Promise.all(this.#running);
    clearTimeout(this.#expiryTimer);
    this.#unregister();
  }

  /** Enough begin at once. Behind a group that has ended, fewer wait again: its callers are about to come back. */
  #gather(): void {
    if (this.#closed || this.#queue.length >= this.#options.enough) this.#flush();
    else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#flush(), this.#options.maxWaitMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#running.size < this.#options.concurrency && this.#queue.length > 0) {
      const taken = this.#queue.splice(0, this.#options.maxGroup);
      const group = taken.filter((waiting) => !dropAborted(waiting));
      if (group.length === 0) continue;
      const running = this.#commit(group).finally(() => {
        this.#running.delete(running);
        this.#gather();
      });
      this.#running.add(running);
    }
  }

  /** While the database hangs, groups do not begin: whoever has waited too long for one is told, in order. */
  #refuseExpired(): void {
    this.#expiryTimer = undefined;
    const nowMs = performance.now();
    const waiting = this.#queue.findIndex(({ expiresAtMs }) => expiresAtMs > nowMs);
    const expired = this.#queue.splice(0, waiting === -1 ? this.#queue.length : waiting);
    for (const { reject } of expired) reject(new DomainError('OVERLOADED', { retryAfterSeconds: 1 }));
    refused.add(expired.length, { writer: this.#options.name });
    const [first] = this.#queue;
    if (first === undefined) return;
    this.#expiryTimer = this.#expireAfter(Math.max(1, first.expiresAtMs - nowMs));
  }

  #expireAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#refuseExpired(), ms).unref();
  }

  async #commit(group: Waiting<In, Out>[]): Promise<void> {
    const startedAt = performance.now();
    const finish = (outcome: 'committed' | 'failed'): void =>
      commitDuration.record((performance.now() - startedAt) / 1000, { writer: this.#options.name, outcome });
    groupItems.record(group.length, { writer: this.#options.name });
    try {
      const answers = await this.#options.commit(group.map(({ item }) => item));
      finish('committed');
      if (answers.length !== group.length)
        throw new Error(`${this.#options.name}: ${answers.length} answers for ${group.length} items`);
      group.forEach((waiting, index) => answer(waiting, answers[index]));
    } catch (error) {
      finish('failed');
      await this.#afterFailure(group, error);
    }
  }

  async #afterFailure(group: Waiting<In, Out>[], error: unknown): Promise<void> {
    if (error instanceof LostCommitError) return this.#resolveLost(group, error);
    if (group.length === 1 || isTransientDatabaseError(error)) {
      for (const waiting of group) waiting.reject(refusal(error));
      return;
    }
    const middle = group.length >> 1;
    await this.#commit(group.slice(0, middle));
    await this.#commit(group.slice(middle));
  }

  async #resolveLost(group: Waiting<In, Out>[], error: LostCommitError): Promise<void> {
    const resolve = this.#options.resolveAfterLostCommit;
    try {
      const found = resolve === undefined ? [] : await resolve(group.map(({ item }) => item));
      group.forEach((waiting, index) => {
        const out = found[index];
        if (out === undefined) waiting.reject(refusal(error));
        else waiting.resolve(out);
      });
    } catch (unresolved) {
      for (const waiting of group) waiting.reject(refusal(unresolved));
    }
  }
}

/** A store that is away is told as such, so that the caller tries again; a bug stays a bug. */
function refusal(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  return isTransientDatabaseError(error)
    ? new DomainError('UNAVAILABLE', { retryAfterSeconds: 1, cause: error })
    : error;
}

function answer<In, Out>(waiting: Waiting<In, Out>, out: Out | DomainError | undefined): void {
  if (out instanceof DomainError) waiting.reject(out);
  else waiting.resolve(out as Out);
}

function dropAborted<In, Out>(waiting: Waiting<In, Out>): boolean {
  if (waiting.signal?.aborted !== true) return false;
  waiting.reject(new DomainError('CANCELLED'));
  return true;
}
