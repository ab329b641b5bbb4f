import type { Sql } from '@dailydoco/database';
import { KEY_BYTES, keyFor, NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';
import type { TenantId, UserId } from '../ids.js';

interface Person {
  readonly tenantId: TenantId;
  readonly personId: UserId;
}

/** Something that belongs to a person; `boundTo` is what it belongs to, such as a method's id. */
export interface Sealed extends Person {
  readonly sealed: Uint8Array;
  readonly boundTo: string;
}

/**
 * Seals what persons gave, each under a key of their own for one use alone. The key is derived from the installation's
 * secret and the salt in `person_key`: the database alone tells nothing, and without the salt nobody reads it again.
 */
export class PersonSealer {
  readonly #given: { secret: Uint8Array; use: string; randomBytes: (size: number) => Uint8Array };

  /** `secret`: 32 bytes. `use` names the service and what is sealed, such as `payouts payout methods`. */
  constructor(given: { secret: Uint8Array; use: string; randomBytes: (size: number) => Uint8Array }) {
    this.#given = given;
  }

  /** A person's salt is made with the first thing that is sealed. */
  async seal(sql: Sql, owner: Person, given: { plain: string; boundTo: string }): Promise<Uint8Array> {
    const { secret, use, randomBytes } = this.#given;
    await sql.query(
      `INSERT INTO person_key (tenant_id, person_id, salt, created_at) VALUES ($1, $2, $3, now())
       ON CONFLICT (tenant_id, person_id) DO NOTHING`,
      [owner.tenantId, owner.personId, Buffer.from(randomBytes(KEY_BYTES))],
    );
    const salt = (await this.#salts(sql, [owner])).get(keyOf(owner));
    if (salt === undefined) throw new Error('a person has a key after it was made');
    const nonce = randomBytes(NONCE_BYTES);
    return seal(given.plain, { key: keyFor(use, secret, salt), nonce, boundTo: given.boundTo });
  }

  /** In the order of the items; undefined where the person's key is gone. Throws when something was changed. */
  async open(sql: Sql, items: readonly Sealed[]): Promise<(string | undefined)[]> {
    if (items.length === 0) return [];
    const salts = await this.#salts(sql, items);
    return items.map((item) => {
      const salt = salts.get(keyOf(item));
      if (salt === undefined) return undefined;
      const key = keyFor(this.#given.use, this.#given.secret, salt);
      return unseal(item.sealed, { key, boundTo: item.boundTo }).toString();
    });
  }

  async #salts(sql: Sql, people: readonly Person[]): Promise<Map<string, Uint8Array>> {
    const { rows } = await sql.query<{ tenant_id: string; person_id: string; salt: Uint8Array }>(
      `SELECT DISTINCT k.tenant_id, k.person_id, k.salt FROM person_key k
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, person_id) USING (tenant_id, person_id)`,
      [people.map(({ tenantId }) => tenantId), people.map(({ personId }) => personId)],
    );
    return new Map(rows.map((row) => [`${row.tenant_id} ${row.person_id}`, row.salt]));
  }
}

function keyOf({ tenantId, personId }: Person): string {
  return `${tenantId} ${personId}`;
}
