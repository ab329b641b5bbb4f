import type { Sql } from '@dailydoco/database';
import { asPurchaseId, type CommissionId, type TenantId, type UserId } from '../ids.js';
import type { PlanCatalogues } from '../plans/plan.store.js';
import { readBlindingKeys } from './blinding-key.store.js';
import { CHANGE_COLUMNS, type ChangeRow, plansOf, readByIds, toChange } from './loggable.store.js';
import type { LeafFacts, LeafReads } from './open-leaves.js';

/** What leaves are made once more from, outside any database transaction: nothing of it ever changes. */
export class LeafFactStore implements LeafReads {
  readonly #sql: Sql;
  readonly #catalogues: PlanCatalogues;

  constructor(sql: Sql, catalogues: PlanCatalogues) {
    this.#sql = sql;
    this.#catalogues = catalogues;
  }

  async facts(tenantId: TenantId, commissionIds: readonly CommissionId[]): Promise<LeafFacts> {
    const { rows } = await this.#sql.query<{ purchase_id: string }>(
      'SELECT DISTINCT purchase_id FROM commission WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
      [tenantId, commissionIds],
    );
    const purchases = await readByIds(
      this.#sql,
      tenantId,
      rows.map((row) => asPurchaseId(row.purchase_id)),
    );
    const { rows: changes } = await this.#sql.query<ChangeRow>(
      `SELECT ${CHANGE_COLUMNS} FROM commission_change g WHERE g.tenant_id = $1 AND g.commission_id = ANY ($2::uuid[])`,
      [tenantId, commissionIds],
    );
    const planOf = await plansOf(this.#sql, tenantId, this.#catalogues);
    return {
      purchases: purchases.map((purchase) => ({ purchase, plan: planOf(purchase) })),
      changes: changes.map(toChange),
    };
  }

  async blindingKey(tenantId: TenantId, person: UserId): Promise<Uint8Array | undefined> {
    return (await readBlindingKeys(this.#sql, tenantId, [person])).get(person);
  }
}
