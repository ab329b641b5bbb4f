import { DomainError } from '@dailydoco/errors';
import { counter, gauge, type Logger } from '@dailydoco/telemetry';
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhenResult,
} from 'cockatiel';

/** What the end of a call says about the peer: it answered (with whatever it was), it failed, or nothing at all. */
export type Verdict = 'answered' | 'failed' | 'unknown';

export type BreakerLogger = Pick<Logger, 'warn' | 'info'>;

export interface BreakerOptions {
  /** Whose client it is: in metrics, in logs and in the refusal. One of few names, never made up from input. */
  readonly client: string;
  /** It opens after so many failures of the peer in a row. Default 10. */
  readonly failuresInRow?: number;
  /** How long it stays open at first, in ms; each probe that fails doubles it. Default 500. */
  readonly firstPauseMs?: number;
  /** Longest that it stays open between two probes, in ms. Default 5,000. */
  readonly longestPauseMs?: number;
  /** What an error says about the peer. Default: `verdictOn`. */
  readonly judge?: (error: unknown) => Verdict;
  readonly logger?: BreakerLogger | undefined;
}

interface Outcome {
  readonly verdict: Verdict;
  readonly value?: unknown;
  readonly error?: unknown;
}

const STATE_VALUE = { closed: 0, probing: 1, open: 2 };
const states = gauge('dailydoco_breaker_state');
const opened = counter('dailydoco_breaker_opened_total');
const refused = counter('dailydoco_breaker_refused_calls_total');

/**
 * Only not being reached and not being answered in time are the peer's failure. A refusal of any other kind is an answer,
 * and a caller's cancel says nothing.
 */
export function verdictOn(error: unknown): Verdict {
  if (!(error instanceof DomainError)) return 'answered';
  if (error.reason === 'UNAVAILABLE' || error.reason === 'DEADLINE_EXCEEDED') return 'failed';
  return error.reason === 'CANCELLED' ? 'unknown' : 'answered';
}

/**
 * A circuit breaker before one peer: after some failures in a row nobody waits for it any more, but is told UNAVAILABLE at
 * once. After a pause one call is let through as a probe: an answer closes the breaker, another failure, or a probe that
 * was cancelled, doubles the pause. Opening and closing are logged once each, however often a probe fails between them.
 */
export class Breaker {
  readonly #client: string;
  readonly #judge: (error: unknown) => Verdict;
  readonly #policy: CircuitBreakerPolicy;
  readonly #logger: BreakerLogger | undefined;
  readonly #retryAfterSeconds: number;
  #probing = false;
  #openedAtMs: number | undefined;
  /** Why it is open; of a probe that was cancelled, too. */
  #lastFailure: unknown;

  constructor(options: BreakerOptions) {
    const { client, failuresInRow = 10, firstPauseMs = 500, longestPauseMs = 5_000, judge = verdictOn } = options;
    this.#client = client;
    this.#judge = judge;
    this.#logger = options.logger;
    this.#retryAfterSeconds = Math.max(1, Math.ceil(firstPauseMs / 1_000));
    this.#policy = circuitBreaker(
      handleWhenResult((outcome) => isOutcome(outcome) && outcome.verdict === 'failed'),
      {
        breaker: new ConsecutiveBreaker(failuresInRow),
        halfOpenAfter: new ExponentialBackoff({
          initialDelay: firstPauseMs,
          maxDelay: longestPauseMs,
          generator: halfJitterGenerator,
        }),
      },
    );
    this.#policy.onBreak((reason) => this.#onOpen('value' in reason ? reason.value : undefined));
    this.#policy.onHalfOpen(() => states.set(STATE_VALUE.probing, { client }));
    this.#policy.onReset(() => this.#onClose());
    states.set(STATE_VALUE.closed, { client });
    opened.add(0, { client });
    refused.add(0, { client });
  }

  /** Whether calls are being refused. A pause that is over shows only when the next call has become the probe. */
  get isOpen(): boolean {
    return this.#policy.state === CircuitState.Open;
  }

  /** Does the work unless the breaker is open, and judges how it ended. Throws UNAVAILABLE, or what the work threw. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // The policy would let further calls wait for the probe's end; they are told no instead.
    if (this.#probing) throw this.refusal();
    let outcome: Outcome & { readonly value?: T };
    try {
      outcome = await this.#policy.execute(() => this.#observed(work));
    } catch (error) {
      throw error instanceof BrokenCircuitError ? this.refusal() : error;
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value as T;
  }

  /** What a call is told that is not let through. */
  refusal(): DomainError {
    refused.add(1, { client: this.#client });
    const detail = 'A part that this needs cannot be reached right now.';
    return new DomainError('UNAVAILABLE', {
      detail,
      retryAfterSeconds: this.#retryAfterSeconds,
      cause: new Error(`the breaker of ${this.#client} is open`, { cause: this.#lastFailure }),
    });
  }

  async #observed<T>(work: () => Promise<T>): Promise<Outcome & { readonly value?: T }> {
    const isProbe = this.#policy.state === CircuitState.HalfOpen;
    if (isProbe) this.#probing = true;
    try {
      return { verdict: 'answered', value: await work() };
    } catch (error) {
      const verdict = this.#judge(error);
      // The policy takes a throw as no news while closed, which is right, and as good news while probing, which is not.
      if (verdict !== 'unknown') return { verdict, error };
      if (isProbe) return { verdict: 'failed', error };
      throw error;
    } finally {
      if (isProbe) this.#probing = false;
    }
  }

  #onOpen(reason: unknown): void {
    const client = this.#client;
    states.set(STATE_VALUE.open, { client });
    const err = isOutcome(reason) ? reason.error : undefined;
    this.#lastFailure = err;
    if (this.#openedAtMs !== undefined) return;
    this.#openedAtMs = performance.now();
    opened.add(1, { client });
    this.#logger?.warn({ client, err }, 'the breaker opened: the peer is left alone, and callers are told at once');
  }

  #onClose(): void {
    const client = this.#client;
    states.set(STATE_VALUE.closed, { client });
    const openMs = Math.round(performance.now() - (this.#openedAtMs ?? performance.now()));
    this.#openedAtMs = undefined;
    this.#lastFailure = undefined;
    this.#logger?.info({ client, openMs }, 'the breaker closed: the peer answers again');
  }
}

function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'object' && value !== null && 'verdict' in value;
}
