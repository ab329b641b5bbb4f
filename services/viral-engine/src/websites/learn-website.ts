import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId, WebsiteId } from '../ids.js';

export interface Website {
  readonly tenantId: TenantId;
  readonly websiteId: WebsiteId;
  readonly ownerId: UserId;
}

/** Who knows all websites: website-builder. Throws UNAVAILABLE when it cannot be asked in time. */
export interface WebsiteDirectory {
  /** Undefined when the tenant has no such website. */
  findWebsite(tenantId: TenantId, websiteId: WebsiteId): Promise<Website | undefined>;
}

export interface WebsiteBook {
  /** Remembers who owns a website. An owner never changes, so one that is known already stays. */
  add(website: Website, learntAt: Date): Promise<void>;
}

/** The way in for websites of which no event has told yet: a purchase may come through one before its SitePublished. */
export class Websites {
  readonly #directory: WebsiteDirectory;
  readonly #book: WebsiteBook;
  readonly #clock: { now(): Date };

  constructor({ directory, book, clock }: { directory: WebsiteDirectory; book: WebsiteBook; clock: { now(): Date } }) {
    this.#directory = directory;
    this.#book = book;
    this.#clock = clock;
  }

  /** Makes sure that the website is known. Throws WEBSITE_UNKNOWN when nobody knows it, UNAVAILABLE when unreachable. */
  async ensure(tenantId: TenantId, websiteId: WebsiteId): Promise<void> {
    const website = await this.#directory.findWebsite(tenantId, websiteId);
    if (website === undefined) throw new DomainError('WEBSITE_UNKNOWN');
    await this.#book.add(website, this.#clock.now());
  }
}
