import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import { type GrantableRole, mayManage } from './roles.js';
import type { User, UserStatus } from './user.js';

/** What changes of access need of the database transaction they are part of. */
export interface AccessBook {
  /** Locks every owner of the tenant and the user, in order, and reads the user; undefined when the tenant has none such. */
  lockUser(tenantId: TenantId, userId: UserId): Promise<User | undefined>;
  countActiveOwners(tenantId: TenantId): Promise<number>;
  /** Stores the roles and tells UserRolesChanged. */
  saveRoles(user: User, roles: readonly GrantableRole[], at: Date): Promise<void>;
  /** Stores the status, ends the sessions of a suspended person, revokes or restores access, and tells the event. */
  saveStatus(user: User, status: UserStatus, at: Date): Promise<void>;
  audit(entry: {
    tenantId: TenantId;
    actor: string;
    action: string;
    subjectId: UserId;
    detail?: object;
  }): Promise<void>;
}

export interface Actor {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** `user:<id>`. */
  readonly callerId: string;
  readonly roles: readonly GrantableRole[];
}

/** Gives a person other roles. Throws USER_UNKNOWN, FORBIDDEN, or CONFLICT for the tenant's last owner. */
export async function changeRoles(
  book: AccessBook,
  change: { actor: Actor; userId: UserId; roles: readonly GrantableRole[]; now: Date },
): Promise<User> {
  const { actor, roles, now } = change;
  const user = await managed(book, actor, change.userId, roles);
  if (user.roles.includes('owner') && !roles.includes('owner')) await refuseLastOwner(book, user);
  if (sameRoles(user.roles, roles)) return user;
  await book.saveRoles(user, roles, now);
  await book.audit({
    tenantId: user.tenantId,
    actor: actor.callerId,
    action: 'roles_changed',
    subjectId: user.id,
    detail: { from: user.roles, to: roles },
  });
  return { ...user, roles };
}

/** Suspends or reactivates; a second time changes nothing. Throws as changeRoles does, and CONFLICT for oneself. */
export async function changeStatus(
  book: AccessBook,
  change: { actor: Actor; userId: UserId; status: 'active' | 'suspended'; now: Date },
): Promise<User> {
  const { actor, status, now } = change;
  const user = await managed(book, actor, change.userId);
  if (user.status === 'erased') throw new DomainError('USER_UNKNOWN');
  if (user.status === status) return user;
  if (status === 'suspended') {
    if (user.id === actor.userId) throw new DomainError('CONFLICT', { detail: 'Nobody suspends themselves.' });
    if (user.roles.includes('owner')) await refuseLastOwner(book, user);
  }
  await book.saveStatus(user, status, now);
  await book.audit({
    tenantId: user.tenantId,
    actor: actor.callerId,
    action: status === 'suspended' ? 'user_suspended' : 'user_reactivated',
    subjectId: user.id,
  });
  return { ...user, status };
}

async function managed(
  book: AccessBook,
  actor: Actor,
  userId: UserId,
  given: readonly GrantableRole[] = [],
): Promise<User> {
  const user = await book.lockUser(actor.tenantId, userId);
  if (user === undefined) throw new DomainError('USER_UNKNOWN');
  if (!mayManage(actor.roles, user.roles, given))
    throw new DomainError('FORBIDDEN', { detail: 'Nobody changes access above the own rank.' });
  return user;
}

async function refuseLastOwner(book: AccessBook, user: User): Promise<void> {
  const others = (await book.countActiveOwners(user.tenantId)) - (user.status === 'active' ? 1 : 0);
  if (others < 1) throw new DomainError('CONFLICT', { detail: 'A tenant keeps at least one active owner.' });
}

function sameRoles(a: readonly GrantableRole[], b: readonly GrantableRole[]): boolean {
  return a.length === b.length && a.every((role) => b.includes(role));
}
