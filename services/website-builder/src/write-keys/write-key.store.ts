import type { Sql } from '@dailydoco/database';
import { asSiteId, asTenantId, asWriteKeyId, type SiteId, type TenantId } from '../ids.js';
import type { WriteKey } from './write-key.js';
import type { WriteKeyBook, WriteKeyRecord } from './write-keys.js';

export class WriteKeyStore implements WriteKeyBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add(record: WriteKeyRecord): Promise<void> {
    await this.#sql.query(
      `INSERT INTO write_key (tenant_id, id, site_id, key_sha256, release_version, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        record.tenantId,
        record.id,
        record.siteId,
        record.sha256,
        record.releaseVersion ?? null,
        record.createdBy,
        record.createdAt,
      ],
    );
  }

  async findBySha256(sha256: Uint8Array): Promise<WriteKey | undefined> {
    const { rows } = await this.#sql.query<{ id: string; tenant_id: string; site_id: string }>(
      'SELECT id, tenant_id, site_id FROM write_key WHERE key_sha256 = $1 AND revoked_at IS NULL',
      [sha256],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return { id: asWriteKeyId(row.id), tenantId: asTenantId(row.tenant_id), siteId: asSiteId(row.site_id) };
  }

  /** Keys that a person made stay as they are. */
  async revokeReleaseKeysBefore(
    tenantId: TenantId,
    siteId: SiteId,
    before: { version: number; at: Date },
  ): Promise<void> {
    await this.#sql.query(
      `UPDATE write_key SET revoked_at = $4
       WHERE tenant_id = $1 AND site_id = $2 AND release_version < $3 AND revoked_at IS NULL`,
      [tenantId, siteId, before.version, before.at],
    );
  }
}
