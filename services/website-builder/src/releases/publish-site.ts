import { asReleaseId, type SiteId, type TemplateId, type TenantId, type UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { PageRenderer } from '../pages/page.js';
import type { Site } from '../sites/site.js';
import type { Owner, Sites } from '../sites/sites.js';
import type { Template, TemplateParts } from '../templates/template.js';
import { newWriteKey } from '../write-keys/write-key.js';
import { commitRelease, type ReleaseBook } from './commit-release.js';
import { type Release, renderFiles } from './release.js';
import type { ReleaseStorage } from './release-storage.js';

/** Whose code it is, asked of the service that gives codes out. */
export interface ReferralCodes {
  /** Throws UNAVAILABLE when it cannot be asked, USER_UNKNOWN when the tenant has no such person. */
  codeOf(tenantId: TenantId, userId: UserId): Promise<string>;
}

export interface PublishDependencies {
  readonly sites: Pick<Sites, 'ownSite'>;
  readonly templates: PageRenderer & {
    find(id: TemplateId): Template | undefined;
    partsOf(id: TemplateId): TemplateParts;
  };
  readonly referralCodes: ReferralCodes;
  readonly storage: Pick<ReleaseStorage, 'write'>;
  readonly once: OncePerKey<ReleaseBook>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface Published {
  readonly site: Site;
  /** 1, 2, … per site. */
  readonly version: number;
  readonly durationMs: number;
}

/** Publishes sites: renders a release, stores it, and makes it the one that is served. */
export class PublishSite {
  readonly #dependencies: PublishDependencies;

  constructor(dependencies: PublishDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * The bytes are on the disk before the database transaction begins that makes them current: whatever happens in
   * between, visitors see the release before, whole, and the sweep takes the bytes that nobody refers to.
   * Throws SITE_UNKNOWN, USER_UNKNOWN, UNAVAILABLE.
   */
  async publish<Body>(
    order: { owner: Owner; siteId: SiteId },
    by: { call: IdempotentCall; answer: (published: Published) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { sites, referralCodes, storage, once, clock, newId, randomBytes } = this.#dependencies;
    const began = clock.now();
    const site = await sites.ownSite(order.owner, order.siteId);
    const referralCode = await referralCodes.codeOf(site.tenantId, site.ownerId);
    const { key, sha256 } = newWriteKey(randomBytes);
    const release = this.#render(site, { referralCode, writeKey: key, at: began });
    await storage.write({ siteId: site.id, releaseId: release.id }, release.files);
    const writeKey = { id: newId(), sha256 };
    return once(by.call, async (book) => {
      const version = await commitRelease(book, { site, release, writeKey });
      return by.answer({ site, version, durationMs: clock.now().getTime() - began.getTime() });
    });
  }

  #render(site: Site, given: { referralCode: string; writeKey: string; at: Date }): Release {
    const { templates, newId } = this.#dependencies;
    const { tenantId, id: siteId, ownerId: publishedBy, templateId } = site;
    const template = templates.find(templateId);
    if (template === undefined) throw new Error(`site ${siteId} has a template that is not there: ${templateId}`);
    const { referralCode, writeKey, at: publishedAt } = given;
    const parts = templates.partsOf(templateId);
    const files = renderFiles(site, { template, parts, renderer: templates, referralCode, writeKey });
    return { tenantId, siteId, id: asReleaseId(newId()), templateId, publishedBy, publishedAt, files };
  }
}
