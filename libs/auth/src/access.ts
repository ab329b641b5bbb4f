import { DomainError } from '@dailydoco/errors';
import { hasRole } from './principal.js';
import type { ApiKeyHolder, Person, Principal, Role, Scope } from './principal.js';

/**
 * Who may enter. Each member opens the door for one kind of caller; a kind that is not named stays outside, and an
 * access that names none lets nobody in.
 */
export interface Access {
  /** Everybody, also without credentials. Credentials that do not hold are ignored, not refused. */
  readonly anyone?: true;
  /** Any person, or a person who has any one of the roles (the hierarchy of roles applies). */
  readonly person?: true | { readonly roles?: readonly Role[] };
  /** An API key that has every one of the scopes. */
  readonly apiKey?: { readonly scopes: readonly Scope[] };
  /** Another service of this installation. */
  readonly service?: true;
}

/**
 * Lets the caller pass, or throws: UNAUTHENTICATED when nobody is there, SCOPE_MISSING for an API key that is welcome
 * here but lacks a scope, FORBIDDEN in every other case.
 */
export function authorize(principal: Principal | undefined, access: Access): void {
  if (access.anyone === true) return;
  if (principal === undefined) throw new DomainError('UNAUTHENTICATED');
  switch (principal.kind) {
    case 'person':
      return authorizePerson(principal, access);
    case 'apiKey':
      return authorizeApiKey(principal, access);
    case 'service':
      if (access.service !== true) throw new DomainError('FORBIDDEN');
  }
}

function authorizePerson(person: Person, { person: wanted }: Access): void {
  if (wanted === undefined) throw new DomainError('FORBIDDEN');
  if (wanted === true || wanted.roles === undefined) return;
  if (!wanted.roles.some((role) => hasRole(person.roles, role))) throw new DomainError('FORBIDDEN');
}

function authorizeApiKey(holder: ApiKeyHolder, { apiKey: wanted }: Access): void {
  if (wanted === undefined) throw new DomainError('FORBIDDEN');
  const missing = wanted.scopes.filter((scope) => !holder.scopes.includes(scope));
  // An empty list would let every key in, which is more likely a slip than a wish.
  if (missing.length > 0 || wanted.scopes.length === 0) {
    throw new DomainError('SCOPE_MISSING', { metadata: { scopes: missing.join(' ') } });
  }
}

/**
 * The tenant that the caller acts for; every query is bound to it. Throws FORBIDDEN for a service that named none.
 */
export function tenantOf(principal: Principal): string {
  if (principal.tenantId === undefined) throw new DomainError('FORBIDDEN', { detail: 'The caller names no tenant.' });
  return principal.tenantId;
}
