import { DomainError } from '@dailydoco/errors';
import { asWriteKeyId, type SiteId, type TenantId } from '../ids.js';
import type { Site } from '../sites/site.js';
import type { WriteKeyRecord } from '../write-keys/write-keys.js';
import type { Release } from './release.js';

/** The releases of a site in an open database transaction. */
export interface ReleaseBook {
  /** The current version, 0 before the first; no other publishing of the site goes on until the commit. */
  lockSite(tenantId: TenantId, siteId: SiteId): Promise<number | undefined>;
  addRelease(release: Release, version: number): Promise<void>;
  makeCurrent(release: Release, version: number): Promise<void>;
  addWriteKey(record: WriteKeyRecord): Promise<void>;
  revokeReleaseKeysBefore(tenantId: TenantId, siteId: SiteId, before: { version: number; at: Date }): Promise<void>;
  /** Publishes SitePublished. */
  announcePublished(site: Site, release: Release, version: number): Promise<void>;
}

/**
 * Makes a release whose bytes are stored the one that is served, and returns its version. The keys of this release and
 * of the one before it hold, so that pages which are open while their site is published go on counting.
 */
export async function commitRelease(
  book: ReleaseBook,
  given: { site: Site; release: Release; writeKey: { id: string; sha256: Uint8Array } },
): Promise<number> {
  const { site, release, writeKey } = given;
  const { tenantId, siteId, publishedBy: createdBy, publishedAt: createdAt } = release;
  const last = await book.lockSite(tenantId, siteId);
  if (last === undefined) throw new DomainError('SITE_UNKNOWN');
  const version = last + 1;
  await book.addRelease(release, version);
  await book.addWriteKey({
    id: asWriteKeyId(writeKey.id),
    sha256: writeKey.sha256,
    tenantId,
    siteId,
    releaseVersion: version,
    createdBy,
    createdAt,
  });
  await book.revokeReleaseKeysBefore(tenantId, siteId, { version: last, at: createdAt });
  await book.makeCurrent(release, version);
  await book.announcePublished(site, release, version);
  return version;
}
