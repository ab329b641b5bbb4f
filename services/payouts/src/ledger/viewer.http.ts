import { hasRole, type Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { asTenantId, asUserId } from '../ids.js';
import type { Viewer } from './read-ledger.js';

/** The person who calls; the routes of this service let nobody else in. */
export function viewerOf(caller: Principal): Viewer {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return {
    tenantId: asTenantId(caller.tenantId),
    userId: asUserId(caller.userId),
    isFinance: hasRole(caller.roles, 'finance'),
  };
}
