import { hasRole, type Role } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import type { CallContext } from '@dailydoco/grpc';
import { asTenantId, asUserId } from '../ids.js';
import type { Viewer } from './read-ledger.js';

/** Through whose eyes a call looks. */
export interface CallViewer extends Viewer {
  /** Finance or support, who may look at everybody. */
  readonly isStaff: boolean;
  /** Whether the caller, whomever it asks about, is told what persons are not told about themselves. */
  readonly isInsider: boolean;
}

/**
 * A person looks with their own roles, or, when staff names somebody, through that person's eyes. A service has no eyes
 * of its own here: it looks through those of the person it names. Throws FORBIDDEN when somebody without a role names
 * another person, VALIDATION_FAILED when a service names nobody.
 */
export function viewerOfCall({ principal, tenantId }: CallContext, personId: string | undefined): CallViewer {
  const through = (id: string, isInsider: boolean): CallViewer => ({
    tenantId: asTenantId(tenantId),
    userId: asUserId(id),
    isFinance: false,
    isStaff: false,
    isInsider,
  });
  if (principal.kind === 'service') {
    if (personId === undefined) throw invalid('personId', 'is needed: a service acts for a person');
    return through(personId, true);
  }
  if (principal.kind !== 'person') throw new DomainError('FORBIDDEN');
  const has = (role: Role): boolean => hasRole(principal.roles, role);
  const isStaff = has('finance') || has('support');
  if (personId !== undefined && personId !== principal.userId && !isStaff) throw new DomainError('FORBIDDEN');
  const eyes = through(personId ?? principal.userId, isStaff);
  return personId === undefined ? { ...eyes, isFinance: has('finance'), isStaff } : eyes;
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
