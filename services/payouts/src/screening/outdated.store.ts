import type { Sql } from '@dailydoco/database';
import { asTenantId, asUserId, type TenantId } from '../ids.js';
import type { Outdated } from './rescreen-people.js';
import type { Person } from './screen-people.js';

/** Who was screened by lists that are not in force any more, in an open database transaction. */
export class OutdatedStore implements Outdated {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async tenants(): Promise<readonly TenantId[]> {
    // One look into the primary key per tenant, however many people there are.
    const { rows } = await this.#sql.query<{ tenant_id: string }>(
      `WITH RECURSIVE tenant AS (
         (SELECT tenant_id FROM screened_person ORDER BY tenant_id LIMIT 1)
         UNION ALL
         SELECT (SELECT s.tenant_id FROM screened_person s WHERE s.tenant_id > t.tenant_id ORDER BY s.tenant_id LIMIT 1)
         FROM tenant t WHERE t.tenant_id IS NOT NULL
       ) SELECT tenant_id FROM tenant WHERE tenant_id IS NOT NULL`,
    );
    return rows.map(({ tenant_id }) => asTenantId(tenant_id));
  }

  async people(tenantId: TenantId, state: string, limit: number): Promise<readonly Person[]> {
    const { rows } = await this.#sql.query<{ person_id: string }>(
      `SELECT person_id FROM screened_person WHERE tenant_id = $1 AND lists_digest <> $2
       ORDER BY person_id LIMIT $3 FOR UPDATE SKIP LOCKED`,
      [tenantId, state, limit],
    );
    return rows.map(({ person_id }) => ({ tenantId, personId: asUserId(person_id) }));
  }
}

/** Age in seconds of the oldest hit that is current and undecided; 0 when there is none. */
export async function oldestOpenHitSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number | null }>(
    `SELECT extract(epoch FROM $1::timestamptz - min(h.found_at))::float8 AS seconds
     FROM screened_person s
     JOIN screening_hit h ON h.tenant_id = s.tenant_id AND h.id = ANY (s.hit_ids)
     WHERE s.hit_ids <> '{}'
       AND NOT EXISTS (SELECT 1 FROM screening_decision d WHERE d.tenant_id = h.tenant_id AND d.hit_id = h.id)`,
    [now],
  );
  return Math.max(0, rows[0]?.seconds ?? 0);
}
