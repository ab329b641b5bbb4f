import { DomainError } from '@dailydoco/errors';
import type { SessionId, TenantId, UserId } from '../ids.js';
import type { Session } from './session.js';

export interface OwnSessionsBook {
  list(of: {
    tenantId: TenantId;
    userId: UserId;
    before: string | undefined;
    limit: number;
    now: Date;
  }): Promise<Session[]>;
  end(ending: {
    tenantId: TenantId;
    userId: UserId;
    sessionId?: SessionId;
    reason: 'signed_out_everywhere' | 'logout';
    at: Date;
  }): Promise<number>;
}

interface Owner {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}

/** What a person sees of and does with the own sessions. */
export class OwnSessions {
  readonly #withBook: <T>(work: (book: OwnSessionsBook) => Promise<T>) => Promise<T>;
  readonly #clock: { now(): Date };

  constructor(withBook: <T>(work: (book: OwnSessionsBook) => Promise<T>) => Promise<T>, clock: { now(): Date }) {
    this.#withBook = withBook;
    this.#clock = clock;
  }

  list(owner: Owner, { before, limit }: { before: string | undefined; limit: number }): Promise<Session[]> {
    const now = this.#clock.now();
    return this.#withBook((book) => book.list({ ...owner, before, limit, now }));
  }

  /** Ends all of them, the present one included. */
  async endAll(owner: Owner): Promise<void> {
    const at = this.#clock.now();
    await this.#withBook((book) => book.end({ ...owner, reason: 'signed_out_everywhere', at }));
  }

  /** Throws NOT_FOUND. */
  async endOne(owner: Owner, sessionId: SessionId): Promise<void> {
    const at = this.#clock.now();
    const ended = await this.#withBook((book) => book.end({ ...owner, sessionId, reason: 'logout', at }));
    if (ended === 0) throw new DomainError('NOT_FOUND');
  }
}
