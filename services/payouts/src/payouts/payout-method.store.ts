import type { Sql } from '@dailydoco/database';
import { asPayoutMethodId, asTenantId, asUserId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import type { MethodBook, MethodStore, PayoutMethod } from './payout-method.js';

/** Payout methods, in a database transaction or outside. */
export class PayoutMethodStore implements MethodBook, MethodStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add({ tenantId, id, personId, kind, outcome, createdAt }: PayoutMethod): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout_method (tenant_id, id, person_id, kind, sandbox_outcome, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [tenantId, id, personId, kind, outcome, createdAt],
    );
  }

  async list(query: {
    tenantId: TenantId;
    personId: UserId;
    after: PayoutMethodId | undefined;
    limit: number;
  }): Promise<PayoutMethod[]> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      id: string;
      person_id: string;
      kind: PayoutMethod['kind'];
      sandbox_outcome: PayoutMethod['outcome'];
      created_at: Date;
    }>(
      `SELECT tenant_id, id, person_id, kind, sandbox_outcome, created_at FROM payout_method
       WHERE tenant_id = $1 AND person_id = $2 AND deleted_at IS NULL AND ($3::uuid IS NULL OR id > $3)
       ORDER BY id LIMIT $4`,
      [query.tenantId, query.personId, query.after ?? null, query.limit],
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      id: asPayoutMethodId(row.id),
      personId: asUserId(row.person_id),
      kind: row.kind,
      outcome: row.sandbox_outcome,
      createdAt: row.created_at,
    }));
  }

  async delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId, at: Date): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `UPDATE payout_method SET deleted_at = $4
       WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND deleted_at IS NULL`,
      [tenantId, personId, id, at],
    );
    return rowCount > 0;
  }
}
