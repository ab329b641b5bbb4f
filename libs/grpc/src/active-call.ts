import { DomainError } from '@dailydoco/errors';
import { serverDeadline } from './deadlines.js';
import type { DeadlineLimits } from './deadlines.js';

/** The client's time began when it sent the call, ours when it arrived: its end may come that much earlier. */
const TRANSIT_MS = 20;

/** The part of grpc-js's server calls that tells when one must end. */
export interface EndableCall {
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
}

/**
 * One call while it is served: its deadline and the signal that ends it early. grpc-js tells nobody of a deadline that
 * the client did not set, and tells handlers of a cancel by an event that they would have to know of.
 */
export class ActiveCall {
  readonly deadline: Date;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #call: EndableCall;

  constructor(call: EndableCall, limits: DeadlineLimits) {
    const nowMs = Date.now();
    this.deadline = new Date(serverDeadline(call.getDeadline(), nowMs, limits));
    this.#call = call;
    this.#timer = setTimeout(this.#onDeadline, this.deadline.getTime() - nowMs);
    call.on('cancelled', this.#onCancelled);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends the call for this reason, unless it has ended. */
  abort(reason: DomainError): void {
    this.#stopListening();
    this.#abort.abort(reason);
  }

  /** The call was answered: its signal no longer aborts. grpc-js says 'cancelled' after every answer, too. */
  settle(): void {
    this.#stopListening();
  }

  readonly #onDeadline = (): void => this.abort(new DomainError('DEADLINE_EXCEEDED'));

  // grpc-js ends a call at the client's deadline by itself and then reports it as cancelled.
  readonly #onCancelled = (): void => {
    const late = Date.now() >= this.deadline.getTime() - TRANSIT_MS;
    this.abort(new DomainError(late ? 'DEADLINE_EXCEEDED' : 'CANCELLED'));
  };

  #stopListening(): void {
    clearTimeout(this.#timer);
    this.#call.off('cancelled', this.#onCancelled);
  }
}
