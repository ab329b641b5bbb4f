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

/** Writes the events of concurrent requests together; durable when it answers. Throws OVERLOADED when it is full. */
export interface EventWriter {
  submit(events: readonly StoredEvent[]): Promise<Counted>;
}

/**
 * Takes the events of one request, each on its own. All that were accepted are durable when the promise resolves.
 * Throws UNAVAILABLE or OVERLOADED; the request may then be sent again as it is, because what was stored after all
 * counts as a duplicate.
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

  /** `sent` holds a well-formed event or the reason why it is none. */
  async record(sent: readonly (SentEvent | Rejection)[], by: Pick<Receipt, 'tenantId' | 'sender'>): Promise<Recorded> {
    const receipt = { ...by, receivedAt: this.#clock.now(), retentionDays: this.#retentionDays };
    const taken: StoredEvent[] = [];
    const rejected: { index: number; code: Rejection }[] = [];
    for (const [index, each] of sent.entries()) {
      const event = typeof each === 'string' ? each : receive(each, receipt);
      if (typeof event === 'string') rejected.push({ index, code: event });
      else taken.push(event);
    }
    const counted = taken.length === 0 ? { accepted: 0, duplicates: 0 } : await this.#writer.submit(taken);
    return { ...counted, rejected };
  }
}
