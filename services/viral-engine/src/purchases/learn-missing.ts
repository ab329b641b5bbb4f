import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId, WebsiteId } from '../ids.js';
import type { Missing } from './purchase-group.js';

/** Who is asked for what no event has told yet. */
export interface Learning {
  /** Throws USER_UNKNOWN or UNAVAILABLE. */
  readonly members: { ensure(tenantId: TenantId, userId: UserId): Promise<void> };
  /** Throws WEBSITE_UNKNOWN or UNAVAILABLE. */
  readonly websites: { ensure(tenantId: TenantId, websiteId: WebsiteId): Promise<void> };
}

/**
 * Learns what a purchase lacks, outside any database transaction. A website whose owner nobody knows pays no bonus
 * (`ownerUnknown`). Throws BUYER_UNKNOWN, WEBSITE_UNKNOWN, UNAVAILABLE.
 */
export async function learnMissing(
  { members, websites }: Learning,
  tenantId: TenantId,
  missing: readonly Missing[],
): Promise<{ ownerUnknown: boolean }> {
  let ownerUnknown = false;
  for (const each of missing) {
    switch (each.what) {
      case 'buyer':
        await orUnless('USER_UNKNOWN', members.ensure(tenantId, each.userId), () => {
          throw new DomainError('BUYER_UNKNOWN');
        });
        break;
      case 'website':
        await websites.ensure(tenantId, each.websiteId);
        break;
      case 'websiteOwner':
        await orUnless('USER_UNKNOWN', members.ensure(tenantId, each.userId), () => {
          ownerUnknown = true;
        });
    }
  }
  return { ownerUnknown };
}

/** Waits for the work; runs `otherwise` when it was refused for that reason. */
async function orUnless(reason: DomainError['reason'], work: Promise<void>, otherwise: () => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof DomainError) || error.reason !== reason) throw error;
    otherwise();
  }
}
