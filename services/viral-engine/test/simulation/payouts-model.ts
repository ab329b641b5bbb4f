import type { Status } from './model-life.js';
import type { Move, Told } from './model.js';

/** An event as it lies in the outbox: what it tells, and the buyer it is keyed by. */
export interface Delivered extends Told {
  readonly eventId: string;
  readonly key: string;
  readonly currency: string;
}

type Account = 'pending' | 'held' | 'available';
const ACCOUNTS: ReadonlySet<Status> = new Set<Account>(['pending', 'held', 'available']);

/**
 * A ledger of what the events tell: sequence by sequence of each purchase, whatever the order in which they arrive and
 * however often. What comes too early is set aside; what was applied is passed over.
 */
export class PayoutsModel {
  /** Micros by person, currency and account. */
  readonly balances = new Map<string, bigint>();
  readonly #last = new Map<string, bigint>();
  readonly #aside = new Map<string, Delivered>();

  take(event: Delivered): void {
    const next = (this.#last.get(event.saleId) ?? 0n) + 1n;
    if (event.sequence < next) return;
    this.#aside.set(`${event.saleId} ${event.sequence}`, event);
    for (let sequence = next; ; sequence += 1n) {
      const ready = this.#aside.get(`${event.saleId} ${sequence}`);
      if (ready === undefined) return;
      this.#aside.delete(`${event.saleId} ${sequence}`);
      this.#last.set(event.saleId, sequence);
      for (const move of ready.moves) this.#book(move, ready.currency);
    }
  }

  /** Events that wait for one before them. */
  get waiting(): number {
    return this.#aside.size;
  }

  #book({ beneficiary, from, to, delta, net }: Move, currency: string): void {
    const add = (status: Status | undefined, micros: bigint): void => {
      if (status === undefined || !ACCOUNTS.has(status) || micros === 0n) return;
      const key = [beneficiary, currency, status].join(' ');
      this.balances.set(key, (this.balances.get(key) ?? 0n) + micros);
    };
    add(from, delta - net);
    add(to, net);
  }
}
