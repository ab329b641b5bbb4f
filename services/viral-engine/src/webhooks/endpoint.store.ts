import type { Sql } from '@dailydoco/database';
import { keyFor, NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';
import { asEndpointId, asTenantId, type EndpointId, type TenantId } from '../ids.js';
import type { Endpoint, EndpointBook, EndpointReads, SigningSecret } from './endpoints.js';

/** Seals signing secrets under a key that is derived from the installation's, for this use alone. */
export class SecretSealer {
  readonly #key: Uint8Array;
  readonly #randomBytes: (count: number) => Uint8Array;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array, randomBytes: (count: number) => Uint8Array) {
    this.#key = keyFor('viral-engine webhook secrets', secret);
    this.#randomBytes = randomBytes;
  }

  /** The endpoint's id is bound in, so that a sealed secret cannot be moved to another endpoint. */
  seal(plain: string, endpointId: EndpointId): Buffer {
    return seal(plain, { key: this.#key, nonce: this.#randomBytes(NONCE_BYTES), boundTo: endpointId });
  }

  open(sealed: Uint8Array, endpointId: EndpointId): string {
    return unseal(sealed, { key: this.#key, boundTo: endpointId }).toString();
  }
}

interface EndpointRow {
  tenant_id: string;
  id: string;
  kind: 'stripe';
  stream: string;
  created_by: string;
  created_at: Date;
  secret_set_at: Date | null;
}

const SELECT_ENDPOINTS = `
  SELECT e.tenant_id, e.id, e.kind, e.stream, e.created_by, e.created_at,
    (SELECT max(s.set_at) FROM webhook_secret s WHERE s.tenant_id = e.tenant_id AND s.endpoint_id = e.id) AS secret_set_at
  FROM webhook_endpoint e`;

/** Endpoints and their secrets, inside a database transaction or outside of any. */
export class EndpointStore implements EndpointBook, EndpointReads {
  readonly #sql: Sql;
  readonly #sealer: SecretSealer;

  constructor(sql: Sql, sealer: SecretSealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  async add(endpoint: Omit<Endpoint, 'secretSetAt'>): Promise<void> {
    await this.#sql.query(
      `INSERT INTO webhook_endpoint (tenant_id, id, kind, stream, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [endpoint.tenantId, endpoint.id, endpoint.kind, endpoint.stream, endpoint.createdBy, endpoint.createdAt],
    );
  }

  async lock(tenantId: TenantId, id: EndpointId): Promise<Endpoint | undefined> {
    // The row never changes, so nobody may lock it for a change; two who set a secret wait for each other here.
    await this.#sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`webhook_endpoint ${id}`]);
    const { rows } = await this.#sql.query<EndpointRow>(`${SELECT_ENDPOINTS} WHERE e.tenant_id = $1 AND e.id = $2`, [
      tenantId,
      id,
    ]);
    return rows[0] && toEndpoint(rows[0]);
  }

  async addSecret({ tenantId, id }: Endpoint, secret: SigningSecret & { setBy: string }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO webhook_secret (tenant_id, endpoint_id, version, sealed, set_by, set_at)
       SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 FROM webhook_secret
       WHERE tenant_id = $1 AND endpoint_id = $2`,
      [tenantId, id, this.#sealer.seal(secret.secret, id), secret.setBy, secret.setAt],
    );
  }

  async list(query: { tenantId: TenantId; after: EndpointId | undefined; limit: number }): Promise<Endpoint[]> {
    const { rows } = await this.#sql.query<EndpointRow>(
      `${SELECT_ENDPOINTS} WHERE e.tenant_id = $1 AND ($2::uuid IS NULL OR e.id > $2) ORDER BY e.id LIMIT $3`,
      [query.tenantId, query.after ?? null, query.limit],
    );
    return rows.map(toEndpoint);
  }

  /** By its id alone, which the sender's address names; whose it is follows from that. */
  async find(id: EndpointId): Promise<{ endpoint: Endpoint; secrets: SigningSecret[] } | undefined> {
    const { rows } = await this.#sql.query<EndpointRow & { sealed: Uint8Array | null; set_at: Date | null }>(
      `SELECT e.*, s.sealed, s.set_at FROM (${SELECT_ENDPOINTS}) AS e
       LEFT JOIN LATERAL (SELECT sealed, set_at, version FROM webhook_secret s
         WHERE s.tenant_id = e.tenant_id AND s.endpoint_id = e.id ORDER BY version DESC LIMIT 2) AS s ON true
       WHERE e.id = $1 ORDER BY s.version DESC`,
      [id],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const secrets = rows.flatMap(({ sealed, set_at: setAt }) =>
      sealed === null || setAt === null ? [] : [{ secret: this.#sealer.open(sealed, id), setAt }],
    );
    return { endpoint: toEndpoint(row), secrets };
  }
}

function toEndpoint(row: EndpointRow): Endpoint {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asEndpointId(row.id),
    kind: row.kind,
    stream: row.stream,
    createdBy: row.created_by,
    createdAt: row.created_at,
    secretSetAt: row.secret_set_at ?? undefined,
  };
}
