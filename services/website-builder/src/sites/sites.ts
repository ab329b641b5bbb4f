import { DomainError } from '@dailydoco/errors';
import type { SiteId, TenantId, UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TemplateCatalogue } from '../templates/template.js';
import { createSite, type SiteBook, type WantedSite } from './create-site.js';
import type { Site } from './site.js';

export interface SiteReads {
  findSite(tenantId: TenantId, siteId: SiteId): Promise<Site | undefined>;
  /** In the order of their ids, which is that of their making. */
  listSites(owner: Owner, page: { after: SiteId | undefined; limit: number }): Promise<Site[]>;
}

export interface Owner {
  readonly tenantId: TenantId;
  readonly ownerId: UserId;
}

export interface SitesDependencies {
  readonly reads: SiteReads;
  readonly once: OncePerKey<SiteBook>;
  readonly templates: Pick<TemplateCatalogue, 'find'>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The sites of people. */
export class Sites {
  readonly #dependencies: SitesDependencies;

  constructor(dependencies: SitesDependencies) {
    this.#dependencies = dependencies;
  }

  /** See createSite for what it refuses. */
  create<Body>(
    wanted: WantedSite,
    by: { call: IdempotentCall; answer: (site: Site) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, templates, clock, newId, randomBytes } = this.#dependencies;
    const given = { templates, now: clock.now(), newId, randomBytes };
    return once(by.call, async (book) => by.answer(await createSite(book, wanted, given)));
  }

  /** A site of the owner; anybody else's is SITE_UNKNOWN. */
  async ownSite({ tenantId, ownerId }: Owner, siteId: SiteId): Promise<Site> {
    const site = await this.#dependencies.reads.findSite(tenantId, siteId);
    if (site === undefined || site.ownerId !== ownerId) throw new DomainError('SITE_UNKNOWN');
    return site;
  }

  /** A site of the tenant, whoever owns it; throws WEBSITE_UNKNOWN. */
  async tenantSite(tenantId: TenantId, siteId: SiteId): Promise<Site> {
    const site = await this.#dependencies.reads.findSite(tenantId, siteId);
    if (site === undefined) throw new DomainError('WEBSITE_UNKNOWN');
    return site;
  }

  list(owner: Owner, page: { after: SiteId | undefined; limit: number }): Promise<Site[]> {
    return this.#dependencies.reads.listSites(owner, page);
  }
}
