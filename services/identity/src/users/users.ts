import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import { type AccessBook, type Actor, changeRoles, changeStatus } from './manage-access.js';
import type { GrantableRole } from './roles.js';
import type { User } from './user.js';

export interface UsersParts {
  readonly find: (tenantId: TenantId, userId: UserId) => Promise<User | undefined>;
  readonly withBook: <T>(work: (book: AccessBook) => Promise<T>) => Promise<T>;
  readonly once: OncePerKey<AccessBook>;
  readonly clock: { now(): Date };
}

/** Reading users and changing their access. */
export class Users {
  readonly #parts: UsersParts;

  constructor(parts: UsersParts) {
    this.#parts = parts;
  }

  /** Throws USER_UNKNOWN. */
  async read(tenantId: TenantId, userId: UserId): Promise<User> {
    const user = await this.#parts.find(tenantId, userId);
    if (user === undefined) throw new DomainError('USER_UNKNOWN');
    return user;
  }

  /** The actor's roles are read from the database: a token may be minutes old. */
  async changeRoles(actor: Omit<Actor, 'roles'>, userId: UserId, roles: readonly GrantableRole[]): Promise<User> {
    const { withBook, clock } = this.#parts;
    const { roles: own } = await this.read(actor.tenantId, actor.userId);
    return withBook((book) => changeRoles(book, { actor: { ...actor, roles: own }, userId, roles, now: clock.now() }));
  }

  async changeStatus<Body>(
    change: { actor: Omit<Actor, 'roles'>; userId: UserId; status: 'active' | 'suspended' },
    { call, answer }: { call: IdempotentCall; answer: (user: User) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#parts;
    const { actor, userId, status } = change;
    const { roles } = await this.read(actor.tenantId, actor.userId);
    return once(call, async (book) =>
      answer(await changeStatus(book, { actor: { ...actor, roles }, userId, status, now: clock.now() })),
    );
  }
}
