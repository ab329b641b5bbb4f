import type { Sql } from '@dailydoco/database';
import type { TenantId, UserId } from '../ids.js';

/** Who is suspended, and which tenants there are, as identity tells. */
export class StandingStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest word counts, in whatever order they come. */
  async set(person: { tenantId: TenantId; personId: UserId; suspended: boolean; at: Date }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO person_standing AS known (tenant_id, person_id, suspended, changed_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id, person_id)
       DO UPDATE SET suspended = EXCLUDED.suspended, changed_at = EXCLUDED.changed_at
       WHERE known.changed_at <= EXCLUDED.changed_at`,
      [person.tenantId, person.personId, person.suspended, person.at],
    );
  }

  async addTenant(tenantId: TenantId, since: Date): Promise<void> {
    await this.#sql.query('INSERT INTO known_tenant (tenant_id, known_since) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      tenantId,
      since,
    ]);
  }
}
