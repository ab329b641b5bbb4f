import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import { asReleaseId, asSiteId, type ReleaseId, type SiteId, type Slug, type TenantId } from '../ids.js';
import type { Site } from '../sites/site.js';
import { WriteKeyStore } from '../write-keys/write-key.store.js';
import type { WriteKeyRecord } from '../write-keys/write-keys.js';
import type { ReleaseBook } from './commit-release.js';
import type { FileEntry, ManifestReads } from './published-files.js';
import type { Release } from './release.js';
import type { KnownReleases } from './sweep-releases.js';

/** Reads of what was published. */
export class ManifestStore implements ManifestReads, KnownReleases {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async findFile(slug: Slug, path: string): Promise<FileEntry | undefined> {
    const { rows } = await this.#sql.query<{
      site_id: string;
      release_id: string;
      sha256: Uint8Array;
      media_type: string;
    }>(
      `SELECT f.site_id, r.id AS release_id, f.sha256, f.media_type
       FROM site s
       JOIN release_file f ON f.tenant_id = s.tenant_id AND f.site_id = s.id AND f.path = $2
                          AND f.version <= s.current_version
       JOIN release r ON r.tenant_id = f.tenant_id AND r.site_id = f.site_id AND r.version = f.version
       WHERE s.slug = $1
       ORDER BY f.version DESC LIMIT 1`,
      [slug, path],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { sha256, media_type: mediaType } = row;
    return { siteId: asSiteId(row.site_id), releaseId: asReleaseId(row.release_id), path, sha256, mediaType };
  }

  async releasesOf(siteIds: readonly SiteId[]): Promise<ReadonlySet<ReleaseId>> {
    const { rows } = await this.#sql.query<{ id: string }>(
      `SELECT r.id FROM site s JOIN release r ON r.tenant_id = s.tenant_id AND r.site_id = s.id
       WHERE s.id = ANY ($1::uuid[])`,
      [siteIds],
    );
    return new Set(rows.map(({ id }) => asReleaseId(id)));
  }
}

/** Releases as one open database transaction publishes them. */
export class ReleaseStore implements ReleaseBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;
  readonly #writeKeys: WriteKeyStore;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
    this.#writeKeys = new WriteKeyStore(sql);
  }

  async lockSite(tenantId: TenantId, siteId: SiteId): Promise<number | undefined> {
    const { rows } = await this.#sql.query<{ current_version: number }>(
      'SELECT current_version FROM site WHERE tenant_id = $1 AND id = $2 FOR UPDATE',
      [tenantId, siteId],
    );
    return rows[0]?.current_version;
  }

  async addRelease(release: Release, version: number): Promise<void> {
    const { tenantId, siteId, id, templateId, publishedBy, publishedAt, files } = release;
    await this.#sql.query(
      `INSERT INTO release (tenant_id, site_id, version, id, template_id, published_by, published_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, siteId, version, id, templateId, publishedBy, publishedAt],
    );
    await this.#sql.query(
      `INSERT INTO release_file (tenant_id, site_id, version, path, sha256, size_bytes, media_type)
       SELECT $1, $2, $3, file.path, decode(file.sha256, 'hex'), file.size_bytes, file.media_type
       FROM unnest($4::text[], $5::text[], $6::integer[], $7::text[]) AS file (path, sha256, size_bytes, media_type)`,
      [
        tenantId,
        siteId,
        version,
        files.map(({ path }) => path),
        files.map(({ sha256 }) => Buffer.from(sha256).toString('hex')),
        files.map(({ bytes }) => bytes.length),
        files.map(({ mediaType }) => mediaType),
      ],
    );
  }

  async makeCurrent({ tenantId, siteId }: Release, version: number): Promise<void> {
    await this.#sql.query('UPDATE site SET current_version = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      siteId,
      version,
    ]);
  }

  addWriteKey(record: WriteKeyRecord): Promise<void> {
    return this.#writeKeys.add(record);
  }

  revokeReleaseKeysBefore(tenantId: TenantId, siteId: SiteId, before: { version: number; at: Date }): Promise<void> {
    return this.#writeKeys.revokeReleaseKeysBefore(tenantId, siteId, before);
  }

  async announcePublished({ ownerId, slug }: Site, release: Release, version: number): Promise<void> {
    const { tenantId, siteId, publishedAt } = release;
    await this.#outbox.append(this.#sql, [
      outgoing({
        type: events.sitePublished,
        key: siteId,
        tenantId,
        payload: { siteId, ownerId, slug, version, publishedAt },
        occurredAt: publishedAt,
      }),
    ]);
  }
}
