import { DomainError } from '@dailydoco/errors';
import type { RailReport } from '../rail.js';

/** A body as it came over the wire, and its signature. */
export interface SignedPayload {
  readonly body: Uint8Array;
  readonly signature: string;
}

export interface ReceiveStripeEventGiven {
  /** Undefined: the rail takes no events. */
  readonly secret: string | undefined;
  readonly open: (payload: SignedPayload, given: { secret: string; now: Date }) => RailReport | undefined;
  /** Durable when it returns, and written down once per report id; false: it came before. */
  readonly receiveReport: (report: RailReport) => Promise<boolean>;
  readonly clock: { now(): Date };
}

/**
 * Takes an event of Stripe. Events may come twice, late, in any order, or before the answer to the call that made the
 * transfer: each is only a report, and what it changes is decided where answers are written down.
 */
export class ReceiveStripeEvent {
  readonly #given: ReceiveStripeEventGiven;

  constructor(given: ReceiveStripeEventGiven) {
    this.#given = given;
  }

  /** Throws NOT_FOUND where the rail takes no events, SIGNATURE_INVALID, VALIDATION_FAILED. */
  async receive(payload: SignedPayload): Promise<{ readonly duplicate: boolean; readonly ignored: boolean }> {
    const { secret, open, receiveReport, clock } = this.#given;
    if (secret === undefined) throw new DomainError('NOT_FOUND');
    const report = open(payload, { secret, now: clock.now() });
    if (report === undefined) return { duplicate: false, ignored: true };
    return { duplicate: !(await receiveReport(report)), ignored: false };
  }
}
