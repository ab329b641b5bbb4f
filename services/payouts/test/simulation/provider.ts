import { Broken, insist, oneOf, type Random } from './broken.js';

/** A payment as the provider is told of it. */
export interface Order {
  readonly reference: string;
  readonly micros: bigint;
  readonly currency: string;
}

export type PaymentState = 'processing' | 'settled' | 'failed' | 'returned';

interface Paid extends Order {
  state: PaymentState;
  readonly fate: 'settles' | 'fails' | 'returns';
  readonly feeMicros: bigint;
}

/** What the provider says when it is asked. */
export interface Said {
  readonly state: PaymentState | 'absent';
  readonly reason: string | undefined;
  readonly askAgainAfterMs: number | undefined;
  readonly feeMicros?: bigint;
  readonly railReference?: string;
}

/** What the provider tells by itself. */
export interface ProviderEvent {
  readonly id: string;
  readonly reference: string;
  readonly state: PaymentState;
  readonly reason: string | undefined;
  readonly micros: bigint | undefined;
  readonly currency: string;
  readonly feeMicros: bigint | undefined;
  /** What is wrong with it; undefined: it is true. */
  readonly lie: 'contradiction' | 'amount' | 'unknown' | undefined;
}

/** It said no and did not pay. */
export class Refused extends Error {}

const ENDED: readonly PaymentState[] = ['settled', 'failed', 'returned'];

/**
 * A small provider of payments with a record of its own of what it paid. One that knows references pays each once,
 * however often it is told; one that does not pays whenever it is told, and then it has happened.
 */
export class Provider {
  readonly payments = new Map<string, Paid>();
  /** Everything it ever told by itself. */
  readonly events: ProviderEvent[] = [];
  readonly #refused = new Set<string>();
  /** Orders that are on their way and will arrive. */
  #inFlight: Order[] = [];
  readonly #calls = new Map<string, number>();
  readonly #absents = new Map<string, number>();
  readonly #random: Random;
  readonly #newId: () => string;
  /** Whether it pays a reference once, however often it is told. */
  readonly knowsReferences: boolean;

  constructor(given: { random: Random; newId: () => string; knowsReferences: boolean }) {
    this.#random = given.random;
    this.#newId = given.newId;
    this.knowsReferences = given.knowsReferences;
  }

  /** Somebody sets out to tell it to pay: once, and once more for every time that it has said it has no such payment. */
  called({ reference }: Order): void {
    const calls = (this.#calls.get(reference) ?? 0) + 1;
    this.#calls.set(reference, calls);
    const absents = this.#absents.get(reference) ?? 0;
    insist(calls <= 1 + absents, () => `${reference} was sent ${calls} times, and was absent ${absents} times`);
  }

  /** How often it was told to pay anything. */
  get sent(): number {
    return [...this.#calls.values()].reduce((sum, each) => sum + each, 0);
  }

  submit(order: Order): Said {
    const { reference, micros } = order;
    if (this.#refused.has(reference)) throw new Refused('account_closed');
    const known = this.payments.get(reference);
    if (known !== undefined) {
      insist(this.knowsReferences, () => `I6: ${reference} was paid twice`);
      insist(known.micros === micros, () => `${reference} was told as ${known.micros} and as ${micros}`);
      return this.#said(known);
    }
    if (this.#random() < 0.15) {
      // Some refusals are of the moment: told anew, it would pay. What is still on its way has the same answer as this.
      if (this.#random() < 0.3) this.#refused.add(reference);
      this.#inFlight = this.#inFlight.filter((each) => each.reference !== reference);
      throw new Refused('account_closed');
    }
    const fate = oneOf(['settles', 'settles', 'settles', 'settles', 'fails', 'returns'] as const, this.#random);
    const feeMicros = this.#random() < 0.4 ? 250_000n : 0n;
    const payment: Paid = { ...order, state: 'processing', fate, feeMicros };
    this.payments.set(reference, payment);
    if (this.#random() < 0.3) this.#tell(payment);
    if (this.#random() < 0.4) this.#proceed(payment);
    return this.#said(payment);
  }

  /** The order arrives later, when nobody waits for the answer any more. */
  submitLater(order: Order): void {
    this.#inFlight.push(order);
  }

  find(reference: string): Said {
    const known = this.payments.get(reference);
    if (known !== undefined) return this.#said(known);
    // It must not say absent while it might pay twice for it.
    const comes = this.#inFlight.some((order) => order.reference === reference);
    if (comes && (!this.knowsReferences || this.#random() < 0.5)) {
      return { state: 'processing', reason: undefined, askAgainAfterMs: 30_000 };
    }
    this.#absents.set(reference, (this.#absents.get(reference) ?? 0) + 1);
    return { state: 'absent', reason: undefined, askAgainAfterMs: undefined };
  }

  /** Something goes on at the provider; `all`: everything, to its end. */
  goOn(all = false): void {
    const arriving = this.#inFlight;
    this.#inFlight = [];
    for (const order of arriving) {
      if (!all && this.#random() < 0.3) this.#inFlight.push(order);
      else this.#arrive(order);
    }
    for (const payment of this.payments.values()) {
      if (all || this.#random() < 0.5) this.#proceed(payment);
      if (all) this.#proceed(payment);
    }
  }

  /** It tells what is not so. */
  lie(lie: 'contradiction' | 'amount' | 'unknown'): void {
    const common = { id: this.#newId(), reason: undefined, feeMicros: undefined, lie };
    if (lie === 'unknown') {
      const reference = this.#newId();
      this.events.push({ ...common, reference, state: 'settled', micros: 5_000_000n, currency: 'USD' });
      return;
    }
    const payments = [...this.payments.values()];
    if (payments.length === 0) return;
    const { reference, micros, currency, fate } = oneOf(payments, this.#random);
    const state = fate === 'fails' ? 'settled' : 'failed';
    this.events.push(
      lie === 'amount'
        ? { ...common, reference, state: 'settled', micros: micros + 1_000_000n, currency }
        : { ...common, reference, state, micros: undefined, currency },
    );
  }

  #arrive(order: Order): void {
    try {
      this.submit(order);
    } catch (error) {
      if (error instanceof Broken) throw error;
    }
  }

  #proceed(payment: Paid): void {
    const next: PaymentState | undefined =
      payment.state === 'processing'
        ? payment.fate === 'fails'
          ? 'failed'
          : 'settled'
        : payment.state === 'settled' && payment.fate === 'returns'
          ? 'returned'
          : undefined;
    if (next === undefined) return;
    payment.state = next;
    this.#tell(payment);
  }

  #tell(payment: Paid): void {
    const { reference, state, micros, currency } = payment;
    const amount = this.#random() < 0.5 ? micros : undefined;
    const feeMicros = ENDED.includes(state) ? payment.feeMicros : undefined;
    const common = { id: this.#newId(), reference, state, currency, lie: undefined };
    this.events.push({ ...common, reason: reasonOf(state), micros: amount, feeMicros });
  }

  #said(payment: Paid): Said {
    const { reference, state, feeMicros } = payment;
    const ended = ENDED.includes(state);
    const asks = this.#random() < 0.5 ? 20_000 : undefined;
    const common = { state, reason: reasonOf(state), railReference: `paid-${reference}` };
    return ended ? { ...common, askAgainAfterMs: undefined, feeMicros } : { ...common, askAgainAfterMs: asks };
  }
}

function reasonOf(state: PaymentState): string | undefined {
  return { processing: undefined, settled: undefined, failed: 'no_account', returned: 'account_closed' }[state];
}
