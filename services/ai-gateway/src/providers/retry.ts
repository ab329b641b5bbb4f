export interface RetryLimits {
  /** Tries in all, the first included. */
  readonly attemptsMax: number;
  /** All pauses of one call together. */
  readonly waitMaxMs: number;
}

/** Where a call stands when a try has failed in a way that another may mend. */
export interface RetryState {
  /** Tries made so far, from 1. */
  readonly attempts: number;
  readonly waitedMs: number;
  /** What the provider asked for in `Retry-After`, if it did. */
  readonly retryAfterMs: number | undefined;
  /** 0 to 1: spreads callers that failed together. */
  readonly jitter: number;
}

const FIRST_PAUSE_MS = 200;

/**
 * The pause before the next try, in milliseconds; undefined: no further try. It doubles from 200 ms, is spread over
 * 50 to 150 %, and is never shorter than what the provider asked for. A pause that would exceed what is left of the
 * waiting time ends the tries: coming back too early is of no use to anybody.
 */
export function pauseBeforeRetry(state: RetryState, limits: RetryLimits): number | undefined {
  const { attempts, waitedMs, retryAfterMs = 0, jitter } = state;
  if (attempts >= limits.attemptsMax) return undefined;
  const pause = Math.max(FIRST_PAUSE_MS * 2 ** (attempts - 1) * (0.5 + jitter), retryAfterMs);
  return waitedMs + pause <= limits.waitMaxMs ? pause : undefined;
}

/** Retries saved up for bad moments, and what each call adds: under a lasting fault one call in ten may be retried. */
const BUDGET_MAX = 10;
const EARNED_PER_CALL = 0.1;

/** Bounds the retries of all calls to one provider, so that a provider in trouble is not called three times as often. */
export class RetryBudget {
  #left = BUDGET_MAX;

  /** To be told of each call once. */
  earn(): void {
    this.#left = Math.min(BUDGET_MAX, this.#left + EARNED_PER_CALL);
  }

  /** Takes one retry from the budget; false when there is none. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** `Retry-After` in milliseconds: seconds, or a date by the clock given; undefined when it says nothing. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
