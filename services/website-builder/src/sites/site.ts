import type { SiteId, Slug, TemplateId, TenantId, UserId } from '../ids.js';
import type { SiteContent } from '../pages/page.js';

export interface Site {
  readonly tenantId: TenantId;
  readonly id: SiteId;
  readonly ownerId: UserId;
  readonly name: string;
  readonly slug: Slug;
  readonly templateId: TemplateId;
  readonly content: SiteContent;
  /** The release that is served; 0 as long as nothing was published. */
  readonly currentVersion: number;
  readonly createdAt: Date;
}

export type SiteStatus = 'draft' | 'published';

/** A site is published from its first release on. */
export function statusOf({ currentVersion }: Pick<Site, 'currentVersion'>): SiteStatus {
  return currentVersion === 0 ? 'draft' : 'published';
}

/** The public address of a site; `baseUrl` has no slash at its end. */
export function addressOf({ slug }: Pick<Site, 'slug'>, baseUrl: string): string {
  return `${baseUrl}/sites/${slug}/`;
}
