/** How long calls of one kind may take in a server. */
export interface DeadlineLimits {
  /** For a call whose client set none. */
  readonly defaultMs: number;
  /** What a longer wish is cut to. */
  readonly maxMs: number;
}

/** Timers of Node fire at once beyond 2^31 − 1 ms; a day is far below, and longer than any call should live. */
export const LONGEST_DEADLINE_MS = 24 * 60 * 60 * 1_000;

/**
 * When a call must be over, in epoch milliseconds. `requested` is grpc-js's: Infinity when the client set no deadline.
 */
export function serverDeadline(requested: Date | number, nowMs: number, limits: DeadlineLimits): number {
  const requestedMs = typeof requested === 'number' ? requested : requested.getTime();
  // `<` is false for NaN, which then counts as no deadline at all.
  const isSet = requestedMs < Number.POSITIVE_INFINITY;
  return isSet ? Math.min(requestedMs, nowMs + limits.maxMs) : nowMs + limits.defaultMs;
}

/** What a nested call leaves its caller to answer with. */
const HEADROOM_MS = 20;

export interface WantedDeadline {
  readonly wantedMs: number;
  /** The deadline of the call that this one is part of. */
  readonly within: Date | undefined;
}

/** When a client's call must be over, in epoch milliseconds; may lie in the past, when the outer call has no time left. */
export function clientDeadline({ wantedMs, within }: WantedDeadline, nowMs: number): number {
  const ownMs = nowMs + Math.min(wantedMs, LONGEST_DEADLINE_MS);
  return within === undefined ? ownMs : Math.min(ownMs, within.getTime() - HEADROOM_MS);
}

/** Throws RangeError unless the limits are usable. */
export function assertLimits(name: string, { defaultMs, maxMs }: DeadlineLimits): void {
  if (!(defaultMs >= 1 && defaultMs <= maxMs && maxMs <= LONGEST_DEADLINE_MS)) {
    throw new RangeError(
      `${name}: 1 <= default (${defaultMs}) <= max (${maxMs}) <= ${LONGEST_DEADLINE_MS} ms must hold`,
    );
  }
}
