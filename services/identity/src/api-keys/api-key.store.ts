import type { Revocations } from '@dailydoco/auth';
import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing } from '@dailydoco/events';
import type { NewId } from '@dailydoco/lifecycle';
import { appendAudit, type AuditEntry } from '../audit/audit.store.js';
import { type ApiKeyId, asApiKeyId, asTenantId, asUserId, type TenantId } from '../ids.js';
import type { ApiKey, ApiKeyBook } from './api-key.js';

export interface ApiKeyStoreTools {
  readonly outbox: Outbox;
  readonly newId: NewId;
  readonly revocations: Pick<Revocations, 'record'>;
  readonly clock: { now(): Date };
}

interface ApiKeyRow {
  id: string;
  tenant_id: string;
  name: string;
  scopes: string[];
  created_by: string;
  created_at: Date;
}

const COLUMNS = 'id, tenant_id, name, scopes, created_by, created_at';

/** The only SQL about API keys, which are known by SHA-256 only. */
export class ApiKeyStore implements ApiKeyBook {
  readonly #sql: Sql;
  readonly #tools: ApiKeyStoreTools;

  constructor(sql: Sql, tools: ApiKeyStoreTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  async add(key: ApiKey, sha256: Uint8Array): Promise<void> {
    await this.#sql.query(
      `INSERT INTO api_key (id, tenant_id, name, sha256, scopes, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [key.id, key.tenantId, key.name, Buffer.from(sha256), key.scopes, key.createdBy, key.createdAt],
    );
  }

  async revoke(tenantId: TenantId, id: ApiKeyId, at: Date): Promise<Uint8Array | undefined> {
    const { rows } = await this.#sql.query<{ sha256: Buffer }>(
      'UPDATE api_key SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING sha256',
      [tenantId, id, at],
    );
    const keySha256 = rows[0]?.sha256;
    if (keySha256 === undefined) return undefined;
    await this.#tools.revocations.record(this.#sql, { subjectKind: 'apiKey', subjectId: id, revokedAt: at });
    const payload = { apiKeyId: id, keySha256, revokedAt: at };
    await this.#tools.outbox.append(this.#sql, [
      outgoing({ type: events.apiKeyRevoked, key: id, tenantId, occurredAt: at, payload }),
    ]);
    return keySha256;
  }

  /** By digest, over all tenants: the key itself says whose it is. */
  async resolve(sha256: Uint8Array): Promise<ApiKey | undefined> {
    const { rows } = await this.#sql.query<ApiKeyRow>(
      `SELECT ${COLUMNS} FROM api_key WHERE sha256 = $1 AND revoked_at IS NULL`,
      [Buffer.from(sha256)],
    );
    return rows[0] && toApiKey(rows[0]);
  }

  /** Keys in use, newest first. */
  async list(of: { tenantId: TenantId; before: string | undefined; limit: number }): Promise<ApiKey[]> {
    const { rows } = await this.#sql.query<ApiKeyRow>(
      `SELECT ${COLUMNS} FROM api_key
       WHERE tenant_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [of.tenantId, of.before ?? null, of.limit],
    );
    return rows.map(toApiKey);
  }

  audit(entry: AuditEntry): Promise<void> {
    return appendAudit(this.#sql, entry, { id: this.#tools.newId(), at: this.#tools.clock.now() });
  }
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: asApiKeyId(row.id),
    tenantId: asTenantId(row.tenant_id),
    name: row.name,
    scopes: row.scopes,
    createdBy: asUserId(row.created_by),
    createdAt: row.created_at,
  };
}
