import type { Principal } from '@dailydoco/auth';
import { tenantOf } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import type { Logger } from '@dailydoco/telemetry';

/** What a handler knows of the call it serves. */
export interface CallContext {
  /**
   * Aborts when the caller cancelled, the deadline passed, or the server can wait no longer for the call. Its reason is
   * the DomainError that the caller gets. Work that outlives it is work for nobody: hand it on.
   */
  readonly signal: AbortSignal;
  /** When `signal` aborts at the latest. */
  readonly deadline: Date;
  /** Who calls. Throws UNAUTHENTICATED where anyone may enter and nobody showed credentials. */
  readonly principal: Principal;
  /** The tenant that the caller's credentials name. Throws FORBIDDEN for a service that named none. */
  readonly tenantId: string;
  /** The trace this call belongs to, as a W3C `traceparent`. */
  readonly traceparent?: string;
  /** Lines carry the RPC's name. */
  readonly logger: Logger;
}

export interface ServedCallFacts {
  readonly signal: AbortSignal;
  readonly deadline: Date;
  readonly caller: Principal | undefined;
  readonly traceparent: string | undefined;
  readonly makeLogger: () => Logger;
}

/** The context handed to handlers: what costs something is made when it is asked for. */
export class ServedCallContext implements CallContext {
  readonly signal: AbortSignal;
  readonly deadline: Date;
  declare readonly traceparent?: string;
  readonly #caller: Principal | undefined;
  readonly #makeLogger: () => Logger;
  #logger: Logger | undefined;

  constructor({ signal, deadline, caller, traceparent, makeLogger }: ServedCallFacts) {
    this.signal = signal;
    this.deadline = deadline;
    if (traceparent !== undefined) this.traceparent = traceparent;
    this.#caller = caller;
    this.#makeLogger = makeLogger;
  }

  get principal(): Principal {
    if (this.#caller === undefined) throw new DomainError('UNAUTHENTICATED');
    return this.#caller;
  }

  get tenantId(): string {
    return tenantOf(this.principal);
  }

  get logger(): Logger {
    this.#logger ??= this.#makeLogger();
    return this.#logger;
  }
}
