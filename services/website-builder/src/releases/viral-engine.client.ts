import { DomainError, isTransient } from '@dailydoco/errors';
import type { GrpcClient } from '@dailydoco/grpc';
import type { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { TenantId, UserId } from '../ids.js';
import type { ReferralCodes } from './publish-site.js';

/** A person waits for the site to be published; the other side may have to ask further. */
const DEADLINE_MS = 2_000;

/** Viral-engine, asked for the code of a site's owner. */
export class ViralEngineCodes implements ReferralCodes {
  readonly #client: Pick<GrpcClient<typeof ReferralServiceService>, 'getReferralCode'>;

  constructor(client: Pick<GrpcClient<typeof ReferralServiceService>, 'getReferralCode'>) {
    this.#client = client;
  }

  async codeOf(tenantId: TenantId, userId: UserId): Promise<string> {
    try {
      return (await this.#client.getReferralCode({ userId }, { deadlineMs: DEADLINE_MS, tenantId })).referralCode;
    } catch (error) {
      if (!isTransient(error) && !(error instanceof DomainError && error.reason === 'DEADLINE_EXCEEDED')) throw error;
      const detail = 'The referral link of the page cannot be asked for right now.';
      throw new DomainError('UNAVAILABLE', { detail, cause: error });
    }
  }
}
