import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { RandomBytes } from './referral-code.js';
import { type MemberBook, type Registration, registerMember } from './register-member.js';

/** Who knows all users: identity. Throws UNAVAILABLE when it cannot be asked in time. */
export interface UserDirectory {
  /** Undefined when no tenant has such a user. */
  findUser(userId: UserId): Promise<Registration | undefined>;
}

export interface EnsureMemberDependencies {
  readonly directory: UserDirectory;
  /** Runs the work in a database transaction of its own. */
  readonly withBook: <T>(work: (book: MemberBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
  readonly randomBytes: RandomBytes;
}

/**
 * The way in for people of whom no event has told yet: a purchase may arrive before its buyer's UserRegistered. Asks
 * the directory once, outside any database transaction, and registers by the same idempotent path as the event.
 */
export class Members {
  readonly #dependencies: EnsureMemberDependencies;
  /** Fifty purchases of one unknown buyer ask once. */
  readonly #asking = new Map<string, Promise<void>>();

  constructor(dependencies: EnsureMemberDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Makes sure that the user is a member of the tenant. Throws USER_UNKNOWN when nobody knows the user or another
   * tenant has it, UNAVAILABLE when the directory cannot be reached.
   */
  async ensure(tenantId: TenantId, userId: UserId): Promise<void> {
    const key = `${tenantId}/${userId}`;
    const asking = this.#asking.get(key) ?? this.#ask(tenantId, userId).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    await asking;
  }

  async #ask(tenantId: TenantId, userId: UserId): Promise<void> {
    const { directory, withBook, clock, randomBytes } = this.#dependencies;
    const registration = await directory.findUser(userId);
    if (registration === undefined || registration.tenantId !== tenantId) throw new DomainError('USER_UNKNOWN');
    await withBook((book) => registerMember(book, registration, { now: clock.now(), randomBytes }));
  }
}
