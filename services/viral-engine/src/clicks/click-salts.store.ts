import type { Sql } from '@dailydoco/database';
import type { TenantId } from '../ids.js';
import { dayOf, type IdentifiedClick, identify } from './click-identity.js';
import type { Click } from './click.js';
import { Hmac } from './hmac.js';

const SALT_BYTES = 32;

/**
 * The salts of identities: one per tenant and day, the same for all replicas, kept in memory no longer than the days of
 * the clicks at hand.
 */
export class ClickSalts {
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #known = new Map<string, Map<TenantId, Hmac>>();

  constructor(randomBytes: (count: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  /** Not within a database transaction: what is remembered here must stand. */
  async identify(sql: Sql, clicks: readonly Click[]): Promise<IdentifiedClick[]> {
    const firstDay = clicks.map(({ clickedAt }) => dayOf(clickedAt)).reduce((a, b) => (a < b ? a : b), '9999-12-31');
    for (const day of this.#known.keys()) if (day < firstDay) this.#known.delete(day);
    const identified: IdentifiedClick[] = [];
    for (const click of clicks) {
      const known = this.#known.get(dayOf(click.clickedAt))?.get(click.tenantId);
      identified.push(identify(click, known ?? (await this.#learn(sql, click))));
    }
    return identified;
  }

  async #learn(sql: Sql, { tenantId, clickedAt }: Click): Promise<Hmac> {
    const day = dayOf(clickedAt);
    const ofDay = this.#known.get(day) ?? new Map<TenantId, Hmac>();
    this.#known.set(day, ofDay);
    await sql.query('INSERT INTO click_salt (tenant_id, day, salt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      tenantId,
      day,
      this.#randomBytes(SALT_BYTES),
    ]);
    const { rows } = await sql.query<{ salt: Buffer }>(
      'SELECT salt FROM click_salt WHERE tenant_id = $1 AND day = $2',
      [tenantId, day],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('A salt that was just written is gone');
    const salt = new Hmac(row.salt);
    ofDay.set(tenantId, salt);
    return salt;
  }
}

/** Up to `limit` rows of days before, over all tenants: salts first, so that what is left leads nowhere. True: more is left. */
export async function destroyIdentities(
  sql: Sql,
  { before, limit }: { before: string; limit: number },
): Promise<boolean> {
  await sql.query('DELETE FROM click_salt WHERE day < $1', [before]);
  const { rowCount } = await sql.query(
    'DELETE FROM click_identity WHERE ctid = ANY (ARRAY(SELECT ctid FROM click_identity WHERE day < $1 LIMIT $2))',
    [before, limit],
  );
  return rowCount === limit;
}
