import type { Answer, IdempotentCall, ReplayableAnswer } from '../idempotent-call.js';
import { type Receipt, receive, type Rejection, type SentEvent, type StoredEvent } from './event.js';

/** How many events of one request were new. */
export interface Counted {
  readonly accepted: number;
  readonly duplicates: number;
}

export interface Recorded extends Counted {
  /** By the position in the request. */
  readonly rejected: readonly { readonly index: number; readonly code: Rejection }[];
}

/** Writes events; durable when it answers. */
export interface EventWriter {
  /** Together with those of concurrent requests. Throws OVERLOADED when it is full. */
  submit(events: readonly StoredEvent[]): Promise<Counted>;
  /**
   * At most once per key, in one database transaction with the key and its answer. Throws IDEMPOTENCY_KEY_REUSED, and
   * REQUEST_IN_PROGRESS when a twin takes long.
   */
  submitOnce<Body>(
    call: IdempotentCall,
    events: readonly StoredEvent[],
    answer: (counted: Counted) => Answer<Body>,
  ): Promise<ReplayableAnswer<Body>>;
}

/**
 * Takes the events of one request, each on its own. All that were accepted are durable when the promise resolves.
 * Throws UNAVAILABLE or OVERLOADED; the request may then be sent again as it is, because what was stored after all
 * counts as a duplicate. Under a key the first answer comes again instead.
 */
export class RecordEvents {
  readonly #writer: EventWriter;
  readonly #clock: { now(): Date };
  readonly #retentionDays: number;

  constructor(given: { writer: EventWriter; clock: { now(): Date }; retentionDays: number }) {
    this.#writer = given.writer;
    this.#clock = given.clock;
    this.#retentionDays = given.retentionDays;
  }

  /** `sent` holds a well-formed event or the reason why it is none; `call` is there when the sender gave a key. */
  async record(
    sent: readonly (SentEvent | Rejection)[],
    by: Pick<Receipt, 'tenantId' | 'sender'>,
    call?: IdempotentCall,
  ): Promise<ReplayableAnswer<Recorded>> {
    const receipt = { ...by, receivedAt: this.#clock.now(), retentionDays: this.#retentionDays };
    const taken: StoredEvent[] = [];
    const rejected: { index: number; code: Rejection }[] = [];
    for (const [index, each] of sent.entries()) {
      const event = typeof each === 'string' ? each : receive(each, receipt);
      if (typeof event === 'string') rejected.push({ index, code: event });
      else taken.push(event);
    }
    const answer = (counted: Counted): Answer<Recorded> => ({ status: 202, body: { ...counted, rejected } });
    if (call !== undefined) return this.#writer.submitOnce(call, taken, answer);
    const counted = taken.length === 0 ? { accepted: 0, duplicates: 0 } : await this.#writer.submit(taken);
    return { ...answer(counted), replayed: false };
  }
}
