import { DomainError } from '@dailydoco/errors';
import { asSiteId, type Slug, type TemplateId, type TenantId, type UserId } from '../ids.js';
import type { SiteContent } from '../pages/page.js';
import type { TemplateCatalogue } from '../templates/template.js';
import type { Site } from './site.js';
import { slugsFor } from './slug.js';

/** What somebody wants to have. */
export interface WantedSite {
  readonly tenantId: TenantId;
  readonly ownerId: UserId;
  readonly name: string;
  readonly templateId: TemplateId;
  /** Undefined: made from the name. */
  readonly slug: Slug | undefined;
  readonly content: SiteContent;
}

/** The sites in an open database transaction. */
export interface SiteBook {
  /** False when a site of any tenant has the slug; nothing is added then. */
  addSite(site: Site): Promise<boolean>;
  /** Publishes SiteCreated. */
  announceCreated(site: Site): Promise<void>;
}

/** Throws VALIDATION_FAILED for an unknown template, SLUG_TAKEN when another site of the installation has the slug. */
export async function createSite(
  book: SiteBook,
  wanted: WantedSite,
  given: {
    templates: Pick<TemplateCatalogue, 'find'>;
    now: Date;
    newId: () => string;
    randomBytes: (count: number) => Uint8Array;
  },
): Promise<Site> {
  const { templates, now, newId, randomBytes } = given;
  if (templates.find(wanted.templateId) === undefined) {
    const fieldErrors = [{ path: 'templateId', message: 'is not the id of a template' }];
    throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  }
  const slugs = wanted.slug === undefined ? slugsFor(wanted.name, randomBytes) : [wanted.slug];
  const id = asSiteId(newId());
  for (const slug of slugs) {
    const site: Site = { ...wanted, id, slug, currentVersion: 0, createdAt: now };
    if (await book.addSite(site)) {
      await book.announceCreated(site);
      return site;
    }
  }
  throw new DomainError('SLUG_TAKEN');
}
