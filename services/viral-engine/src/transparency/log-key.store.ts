import type { Sql } from '@dailydoco/database';
import { keyFor, NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';
import { type Signer, signerFrom } from '@dailydoco/transparency';
import type { TenantId } from '../ids.js';
import type { Log, LogKey } from './log.js';

const SEED_BYTES = 32;

/** Makes signing keys and keeps them sealed under a key that is derived from the installation's, for this use alone. */
export class KeySealer {
  readonly #key: Uint8Array;
  readonly #randomBytes: (count: number) => Uint8Array;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array, randomBytes: (count: number) => Uint8Array) {
    this.#key = keyFor('viral-engine transparency log keys', secret);
    this.#randomBytes = randomBytes;
  }

  make(log: Pick<Log, 'tenantId' | 'origin'>, version: number): { signer: Signer; sealed: Uint8Array } {
    const seed = this.#randomBytes(SEED_BYTES);
    const given = { key: this.#key, nonce: this.#randomBytes(NONCE_BYTES), boundTo: boundTo(log.tenantId, version) };
    // The key of a log goes by the log's own name, as C2SP tlog-checkpoint asks.
    return { signer: signerFrom({ name: log.origin, seed }), sealed: seal(seed, given) };
  }

  open(sealed: Uint8Array, of: { tenantId: TenantId; version: number; name: string }): Signer {
    const seed = unseal(sealed, { key: this.#key, boundTo: boundTo(of.tenantId, of.version) });
    return signerFrom({ name: of.name, seed });
  }
}

function boundTo(tenantId: TenantId, version: number): string {
  return `${tenantId}/${version}`;
}

/** The key that signs a tenant's log now. */
export async function signerOf(
  sql: Sql,
  tenantId: TenantId,
  sealer: KeySealer,
): Promise<{ version: number; signer: Signer }> {
  const { rows } = await sql.query<{ version: number; sealed: Uint8Array; origin: string }>(
    `SELECT k.version, k.sealed, h.origin FROM log_key k JOIN log_head h ON h.tenant_id = k.tenant_id
     WHERE k.tenant_id = $1 ORDER BY k.version DESC LIMIT 1`,
    [tenantId],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('A log has a key from its begin');
  const { version, sealed, origin: name } = row;
  return { version, signer: sealer.open(sealed, { tenantId, version, name }) };
}

/** All keys of a log, the newest first. */
export async function readKeys(sql: Sql, tenantId: TenantId): Promise<LogKey[]> {
  const { rows } = await sql.query<{ version: number; vkey: string; created_by: string; created_at: Date }>(
    'SELECT version, vkey, created_by, created_at FROM log_key WHERE tenant_id = $1 ORDER BY version DESC',
    [tenantId],
  );
  return rows.map((row) => ({
    version: row.version,
    vkey: row.vkey,
    createdBy: row.created_by,
    createdAt: row.created_at,
  }));
}
