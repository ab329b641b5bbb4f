import { type Reason, reasonEntry } from './reasons.js';

/** One thing wrong with the input. `path` is dotted from the body's root: `amount.currency`, `items.3.id`. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface DomainErrorOptions {
  /** What happened this time, for the caller to read: no secrets, no other tenant's data. Default: the reason's title. */
  detail?: string | undefined;
  /** Everything wrong with the input, not only the first thing. */
  fieldErrors?: readonly FieldError[] | undefined;
  /** When trying again makes sense, in whole seconds (fractions are rounded up). Default: the reason's own. */
  retryAfterSeconds?: number | undefined;
  /**
   * Facts that a program on the other side may act upon; they travel in gRPC's ErrorInfo, never in a problem. Keys are
   * lowerCamel, at most 64 characters, as ErrorInfo demands; others stay behind.
   */
  metadata?: Record<string, string> | undefined;
  /** The error beneath, for logs; it never leaves the process. */
  cause?: unknown;
}

/**
 * The one error that rules and use cases throw for a refusal they foresee. Everything else that is thrown is a bug and
 * is answered as INTERNAL without its message.
 */
export class DomainError extends Error {
  readonly reason: Reason;
  readonly detail: string;
  readonly fieldErrors: readonly FieldError[];
  // Declared only: absent means absent, not undefined.
  declare readonly retryAfterSeconds?: number;
  readonly metadata: Record<string, string>;

  constructor(reason: Reason, options: DomainErrorOptions = {}) {
    const entry = reasonEntry(reason);
    const detail = options.detail ?? entry.title;
    super(`${reason}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.reason = reason;
    this.detail = detail;
    this.fieldErrors = options.fieldErrors ?? [];
    this.metadata = options.metadata ?? {};
    const retryAfterSeconds = options.retryAfterSeconds ?? entry.retryAfterSeconds;
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = wholeSeconds(retryAfterSeconds);
  }
}

/** Retry-After and RetryInfo are exchanged in whole seconds; rounding down would invite the caller back too early. */
function wholeSeconds(seconds: number): number {
  if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError('retryAfterSeconds must be 0 or more');
  return Math.ceil(seconds);
}

/**
 * Whether the same work may succeed later although nobody changes anything: an unreachable or overloaded service, a
 * missed deadline, a cancelled call. Only DomainErrors are judged; a bug is never transient.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof DomainError && reasonEntry(error.reason).transient === true;
}
