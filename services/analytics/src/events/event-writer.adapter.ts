import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import type { IdempotencyStore } from '@dailydoco/http';
import type { Answer, IdempotentCall, ReplayableAnswer } from '../idempotent-call.js';
import { commitEvents } from './commit-events.js';
import type { StoredEvent } from './event.js';
import { EventStore } from './event.store.js';
import { dayOf } from './keep-up.js';
import { PartitionStore } from './partition.store.js';
import type { Counted, EventWriter } from './record-events.js';

type Pool = Parameters<typeof inDatabaseTransaction>[0];

/** Requests in one database transaction; each has up to 500 events. */
const MAX_GROUP = 20;
const MAX_WAIT_MS = 3;
const WRITERS = 2;
/** What Postgres says when a row fits no partition. */
const NO_PARTITION = '23514';
const NOTHING: Counted = { accepted: 0, duplicates: 0 };

/**
 * Group commit of events. After a connection was lost during COMMIT the senders are told to try again: what was
 * committed after all counts as a duplicate then. What comes under an Idempotency-Key is written alone, with its key.
 */
export class GroupedEventWriter implements EventWriter {
  readonly #writer: GroupWriter<readonly StoredEvent[], Counted>;
  readonly #pool: Pool;
  readonly #idempotency: IdempotencyStore;
  readonly #partitions: PartitionStore;
  readonly #newId: () => string;

  constructor(given: { pool: Pool; idempotency: IdempotencyStore; newId: () => string; maxQueued: number }) {
    this.#pool = given.pool;
    this.#idempotency = given.idempotency;
    this.#newId = given.newId;
    this.#partitions = new PartitionStore(given.pool);
    this.#writer = new GroupWriter<readonly StoredEvent[], Counted>({
      name: 'events',
      maxGroup: MAX_GROUP,
      maxWaitMs: MAX_WAIT_MS,
      maxQueued: given.maxQueued,
      concurrency: WRITERS,
      commit: (requests) => this.#commit(requests),
    });
  }

  submit(events: readonly StoredEvent[]): Promise<Counted> {
    return this.#writer.submit(events);
  }

  submitOnce<Body>(
    call: IdempotentCall,
    events: readonly StoredEvent[],
    answer: (counted: Counted) => Answer<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    return this.#withPartitions([events], () =>
      this.#idempotency.run(this.#pool, call, async (tx) => {
        const [counted = NOTHING] = await commitEvents(new EventStore(tx), [events], this.#newId);
        return answer(counted);
      }),
    );
  }

  /** Commits what waits and refuses what comes. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  #commit(requests: readonly (readonly StoredEvent[])[]): Promise<Counted[]> {
    return this.#withPartitions(requests, () =>
      inDatabaseTransaction(this.#pool, (tx) => commitEvents(new EventStore(tx), requests, this.#newId)),
    );
  }

  /** Makes the partitions before `write` begins its database transaction, which then needs no second connection. */
  async #withPartitions<T>(requests: readonly (readonly StoredEvent[])[], write: () => Promise<T>): Promise<T> {
    const days = requests.flat().map(({ occurredAt }) => dayOf(occurredAt));
    try {
      await this.#partitions.ensure(days);
      return await write();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === NO_PARTITION)) throw error;
      // A partition that was there is gone: dropped by retention, or by hand. It is made again.
      this.#partitions.forget();
      await this.#partitions.ensure(days);
      return write();
    }
  }
}
