import type { Sql } from '@dailydoco/database';
import type { JWK } from 'jose';
import type { Sealer } from '../secrets/sealer.js';
import type { RotaKey } from './key-rota.js';

export interface StoredSigningKey extends RotaKey {
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

interface KeyRow {
  kid: string;
  public_jwk: JWK;
  sealed_private_jwk: Buffer;
  created_at: Date;
  signs_from: Date;
}

/** One at a time decides whether a new key is due. */
const ROTATION_LOCK = 4_127_001;

/** The only SQL about signing keys; private parts are sealed under the installation's secret. */
export class SigningKeyStore {
  readonly #sql: Sql;
  readonly #sealer: Sealer;

  constructor(sql: Sql, sealer: Sealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  async lockRotation(): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock($1)', [ROTATION_LOCK]);
  }

  async list(): Promise<StoredSigningKey[]> {
    const { rows } = await this.#sql.query<KeyRow>('SELECT * FROM signing_key ORDER BY signs_from, kid');
    return rows.map((row) => ({
      kid: row.kid,
      publicJwk: row.public_jwk,
      privateJwk: JSON.parse(this.#sealer.open(row.sealed_private_jwk, `signing key ${row.kid}`).toString()) as JWK,
      createdAt: row.created_at,
      signsFrom: row.signs_from,
    }));
  }

  async add(key: StoredSigningKey): Promise<void> {
    await this.#sql.query(
      `INSERT INTO signing_key (kid, public_jwk, sealed_private_jwk, created_at, signs_from) VALUES ($1, $2, $3, $4, $5)`,
      [
        key.kid,
        JSON.stringify(key.publicJwk),
        this.#sealer.seal(JSON.stringify(key.privateJwk), `signing key ${key.kid}`),
        key.createdAt,
        key.signsFrom,
      ],
    );
  }

  async drop(kids: readonly string[]): Promise<void> {
    await this.#sql.query('DELETE FROM signing_key WHERE kid = ANY ($1)', [kids]);
  }
}
