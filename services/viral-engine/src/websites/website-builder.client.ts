import { DomainError, isTransient } from '@dailydoco/errors';
import type { GrpcClient } from '@dailydoco/grpc';
import type { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { asUserId, type TenantId, type WebsiteId } from '../ids.js';
import type { Website, WebsiteDirectory } from './learn-website.js';

/** A purchase is waiting for the answer. */
const DEADLINE_MS = 200;

/** Website-builder, asked for a website that no event has told of yet. */
export class BuilderSites implements WebsiteDirectory {
  readonly #client: Pick<GrpcClient<typeof SiteServiceService>, 'getSite'>;

  constructor(client: Pick<GrpcClient<typeof SiteServiceService>, 'getSite'>) {
    this.#client = client;
  }

  async findWebsite(tenantId: TenantId, websiteId: WebsiteId): Promise<Website | undefined> {
    try {
      const { ownerId } = await this.#client.getSite({ siteId: websiteId }, { deadlineMs: DEADLINE_MS, tenantId });
      return { tenantId, websiteId, ownerId: asUserId(ownerId) };
    } catch (error) {
      if (error instanceof DomainError && error.reason === 'WEBSITE_UNKNOWN') return undefined;
      if (!isTransient(error)) throw error;
      throw new DomainError('UNAVAILABLE', { detail: 'Whose website it is cannot be asked right now.', cause: error });
    }
  }
}
