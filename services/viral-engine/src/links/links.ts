import { DomainError } from '@dailydoco/errors';
import { asLinkId, type LinkId, type TenantId, type UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { RandomBytes } from '../members/referral-code.js';
import {
  addLink,
  archiveLink,
  giveLink,
  type LinkBook,
  type OwnerChange,
  type OwnLink,
  renameLink,
} from './change-links.js';
import type { Link, LinkConversions, LinkCounts, LinkTerms } from './link.js';
import { originOf } from './landing.js';

/** A link, every code that leads to it, and what came by it. */
export interface LinkReport {
  readonly link: Link;
  readonly codes: readonly string[];
  readonly counts: LinkCounts;
}

export interface LinkReads {
  isMember(tenantId: TenantId, userId: UserId): Promise<boolean>;
  /** Newest first. */
  list(query: {
    tenantId: TenantId;
    ownerId: UserId;
    campaign: string | undefined;
    before: LinkId | undefined;
    limit: number;
  }): Promise<LinkReport[]>;
  find(tenantId: TenantId, linkId: LinkId): Promise<LinkReport | undefined>;
  /** Counted on the spot: it takes as long as there are purchases. */
  conversions(tenantId: TenantId, linkId: LinkId): Promise<LinkConversions>;
  /** The origins that the tenant itself allows. */
  origins(tenantId: TenantId): Promise<string[]>;
  saveOrigins(change: OriginsChange & { at: Date }): Promise<void>;
}

export interface OriginsChange {
  readonly tenantId: TenantId;
  readonly origins: readonly string[];
  readonly changedBy: string;
}

export interface LinksParts {
  readonly reads: LinkReads;
  readonly once: OncePerKey<LinkBook>;
  /** Runs the work in a database transaction of its own. */
  readonly withBook: <T>(work: (book: LinkBook) => Promise<T>) => Promise<T>;
  /** Learns of a person of whom no event has told yet; throws USER_UNKNOWN, UNAVAILABLE. */
  readonly ensure: (tenantId: TenantId, userId: UserId) => Promise<void>;
  /** The landing page of the installation; its origin is always allowed. */
  readonly landingUrl: string;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: RandomBytes;
}

type Answering<Body> = { call: IdempotentCall; answer: (report: LinkReport) => { status: number; body: Body } };

const NOTHING_YET: LinkCounts = { clicks: 0, uniqueClicks: 0, registrations: 0 };

/** People's links: made, renamed, archived, given to others, and what came by them. */
export class Links {
  readonly #parts: LinksParts;

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  /** See addLink for what it refuses. */
  async add<Body>(
    wanted: { tenantId: TenantId; ownerId: UserId; terms: LinkTerms; code: string | undefined },
    { call, answer }: Answering<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    const { once, ensure, reads } = this.#parts;
    const { tenantId, ownerId } = wanted;
    if (!(await reads.isMember(tenantId, ownerId))) await ensure(tenantId, ownerId);
    const origins = await this.origins(tenantId);
    return once(call, async (book) => {
      const linkId = asLinkId(this.#parts.newId());
      const link = await addLink(book, wanted, { ...this.#given(), linkId, origins });
      return answer({ link, codes: [link.code], counts: NOTHING_YET });
    });
  }

  list(query: Parameters<LinkReads['list']>[0]): Promise<LinkReport[]> {
    return this.#parts.reads.list(query);
  }

  /** Throws NOT_FOUND, also for another person's link. */
  async read({ tenantId, ownerId, linkId }: OwnLink): Promise<LinkReport> {
    const report = await this.#parts.reads.find(tenantId, linkId);
    if (report?.link.ownerId !== ownerId) throw new DomainError('NOT_FOUND');
    return report;
  }

  /** Throws NOT_FOUND, also for another person's link. */
  async conversions(own: OwnLink): Promise<LinkConversions> {
    await this.read(own);
    return this.#parts.reads.conversions(own.tenantId, own.linkId);
  }

  /** See renameLink for what it refuses. */
  rename<Body>(wanted: OwnLink & { code: string | undefined }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#change(wanted, by, (book) => renameLink(book, wanted, this.#given()));
  }

  /** Throws NOT_FOUND. */
  archive<Body>(wanted: OwnLink, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#change(wanted, by, (book) => archiveLink(book, wanted, this.#parts.clock.now()));
  }

  /** See giveLink for what it refuses. */
  async give(change: OwnerChange): Promise<LinkReport> {
    const { reads, withBook } = this.#parts;
    await withBook((book) => giveLink(book, change, this.#given()));
    const report = await reads.find(change.tenantId, change.linkId);
    if (report === undefined) throw new Error('a link is never gone');
    return report;
  }

  /** Where links of the tenant may lead, the installation's own landing page first. */
  async origins(tenantId: TenantId): Promise<string[]> {
    const { reads, landingUrl } = this.#parts;
    return [...new Set([new URL(landingUrl).origin, ...(await reads.origins(tenantId))])];
  }

  /** Allows these origins and no others but the installation's own. Throws VALIDATION_FAILED. */
  async allowOrigins(change: OriginsChange): Promise<string[]> {
    const { reads, clock } = this.#parts;
    const fieldErrors = change.origins.flatMap((origin, index) =>
      originOf(origin) === origin
        ? []
        : [{ path: `origins.${index}`, message: 'must be an origin such as https://shop.example, without a path' }],
    );
    if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
    await reads.saveOrigins({ ...change, origins: [...new Set(change.origins)], at: clock.now() });
    return this.origins(change.tenantId);
  }

  /** Codes and counts are read before the change: it adds one code at most and moves no count. */
  async #change<Body>(
    wanted: OwnLink,
    { call, answer }: Answering<Body>,
    work: (book: LinkBook) => Promise<Link>,
  ): Promise<ReplayableAnswer<Body>> {
    const { codes, counts } = await this.read(wanted);
    return this.#parts.once(call, async (book) => {
      const link = await work(book);
      return answer({ link, codes: codes.includes(link.code) ? codes : [...codes, link.code], counts });
    });
  }

  #given(): { now: Date; newId: () => string; randomBytes: RandomBytes } {
    const { clock, newId, randomBytes } = this.#parts;
    return { now: clock.now(), newId, randomBytes };
  }
}
