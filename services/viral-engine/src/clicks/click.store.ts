import type { Sql } from '@dailydoco/database';
import { asTenantId, asUserId } from '../ids.js';
import type { Click, CodeOwner } from './click.js';

/** The only SQL about clicks and about whom a code leads to. */
export class ClickStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Over all tenants: a link names none, and codes are unique over the installation. */
  async findOwner(code: string): Promise<CodeOwner | undefined> {
    const { rows } = await this.#sql.query<{ tenant_id: string; owner_id: string }>(
      'SELECT tenant_id, owner_id FROM referral_code WHERE code = $1',
      [code],
    );
    return rows[0] && { code, tenantId: asTenantId(rows[0].tenant_id), ownerId: asUserId(rows[0].owner_id) };
  }

  /** Two statements, whatever the number. A click that is stored already changes nothing. */
  async add(clicks: readonly Click[]): Promise<void> {
    const column = <Key extends keyof Click>(key: Key): Click[Key][] => clicks.map((click) => click[key]);
    const times = clicks.map(({ clickedAt }) => clickedAt.toISOString());
    await this.#sql.query(
      `INSERT INTO visitor (tenant_id, visitor_id, first_seen_at)
       SELECT tenant_id, visitor_id, min(seen_at) FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
         AS seen (tenant_id, visitor_id, seen_at)
       GROUP BY tenant_id, visitor_id ORDER BY tenant_id, visitor_id ON CONFLICT DO NOTHING`,
      [column('tenantId'), column('visitorId'), times],
    );
    await this.#sql.query(
      `INSERT INTO click (tenant_id, id, visitor_id, code, referrer_id, clicked_at)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[])
       ON CONFLICT DO NOTHING`,
      [column('tenantId'), column('id'), column('visitorId'), column('code'), column('ownerId'), times],
    );
  }
}
