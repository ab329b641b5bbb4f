import type { GrpcClient } from '@dailydoco/grpc';
import type { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { asUserId, type TenantId, type WebsiteId } from '../ids.js';
import { askNeighbour, type Question } from '../neighbour.client.js';
import type { Website, WebsiteDirectory } from './learn-website.js';

const QUESTION: Question = { unknown: 'WEBSITE_UNKNOWN', detail: 'Whose website it is cannot be asked right now.' };

/** Website-builder, asked for a website that no event has told of yet. */
export class BuilderSites implements WebsiteDirectory {
  readonly #client: Pick<GrpcClient<typeof SiteServiceService>, 'getSite'>;

  constructor(client: Pick<GrpcClient<typeof SiteServiceService>, 'getSite'>) {
    this.#client = client;
  }

  async findWebsite(tenantId: TenantId, websiteId: WebsiteId): Promise<Website | undefined> {
    const request = { siteId: websiteId };
    const site = await askNeighbour(QUESTION, (deadlineMs) => this.#client.getSite(request, { deadlineMs, tenantId }));
    return site && { tenantId, websiteId, ownerId: asUserId(site.ownerId) };
  }
}
