import { hasRole, type Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { asTenantId, asUserId } from '../ids.js';
import type { Viewer } from './find-commissions.js';

/** Who looks at commissions: a person, of whom it matters whether finance may see everybody's. */
export function viewerOf(caller: Principal): Viewer {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return {
    tenantId: asTenantId(caller.tenantId),
    userId: asUserId(caller.userId),
    isFinance: hasRole(caller.roles, 'finance'),
  };
}
