import { DomainError } from '@dailydoco/errors';
import { counter, observe } from '@dailydoco/telemetry';
import type { Pressure } from './event-loop-pressure.js';

export interface LoadShedderOptions {
  /** Where work comes in: in metrics. */
  readonly edge: 'http' | 'grpc';
  /** Most pieces of work at a time. */
  readonly inFlightMax: number;
  /** Turns work away before that, when the process cannot keep up. Default none. */
  readonly pressure?: Pressure | undefined;
  /** 0 to 1, as Math.random gives it. */
  readonly random?: () => number;
}

const NO_PRESSURE: Pressure = { share: 0 };
/** Callers turned away together should not come back together. */
const LONGEST_RETRY_AFTER_SECONDS = 3;
const shed = counter('dailydoco_shed_requests_total');

/**
 * Turns work away before it is begun, so that what is begun is finished in good time. To be asked once for each piece of
 * work: no answer means that it counts as under way until `leave`.
 */
export class LoadShedder {
  readonly #edge: 'http' | 'grpc';
  readonly #inFlightMax: number;
  readonly #pressure: Pressure;
  readonly #random: () => number;
  readonly #unregister: () => void;
  #inFlight = 0;

  constructor({ edge, inFlightMax, pressure = NO_PRESSURE, random = Math.random }: LoadShedderOptions) {
    this.#edge = edge;
    this.#inFlightMax = inFlightMax;
    this.#pressure = pressure;
    this.#random = random;
    this.#unregister = observe('dailydoco_shed_share_ratio', () => [{ value: pressure.share, labels: { edge } }]);
    for (const reason of ['in_flight', 'event_loop']) shed.add(0, { edge, reason });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Undefined: go on, and `leave` at the end. Else the OVERLOADED that the caller is to be told. */
  enter(): DomainError | undefined {
    if (this.#inFlight >= this.#inFlightMax) return this.#turnAway('in_flight');
    const { share } = this.#pressure;
    if (share > 0 && this.#random() < share) return this.#turnAway('event_loop');
    this.#inFlight += 1;
    return undefined;
  }

  readonly leave = (): void => {
    this.#inFlight -= 1;
  };

  /** Is no longer shown among the metrics. */
  close(): void {
    this.#unregister();
  }

  #turnAway(reason: 'in_flight' | 'event_loop'): DomainError {
    shed.add(1, { edge: this.#edge, reason });
    const retryAfterSeconds = 1 + Math.floor(this.#random() * LONGEST_RETRY_AFTER_SECONDS);
    return new DomainError('OVERLOADED', { retryAfterSeconds });
  }
}
