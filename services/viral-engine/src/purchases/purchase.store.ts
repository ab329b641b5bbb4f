import type { Sql } from '@dailydoco/database';
import type { PurchaseId, TenantId } from '../ids.js';
import type { PlanCatalogues } from '../plans/plan.store.js';
import type { LostGroupReads } from './commit-purchase-group.js';
import type { PurchaseReads } from './find-purchase.js';
import { readMetadata } from './metadata.store.js';
import type { PurchaseRecord } from './purchase.js';
import { readPurchase, readPurchasesByExternalId } from './purchase-rows.store.js';

/** Purchases as they stand, outside any database transaction. */
export class PurchaseStore implements PurchaseReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  byId(tenantId: TenantId, id: PurchaseId): Promise<PurchaseRecord | undefined> {
    return readPurchase(this.#sql, tenantId, id);
  }

  async byExternalId(tenantId: TenantId, externalId: string): Promise<PurchaseRecord | undefined> {
    const [purchase] = await readPurchasesByExternalId(this.#sql, [{ tenantId, externalId }]);
    return purchase;
  }

  async isRecorded(tenantId: TenantId, externalId: string): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM purchase_key WHERE tenant_id = $1 AND external_id = $2', [
      tenantId,
      externalId,
    ]);
    return rowCount === 1;
  }

  metadataOf({ tenantId, id }: PurchaseRecord): Promise<unknown> {
    return readMetadata(this.#sql, tenantId, id);
  }
}

/** What a group that may have been committed is looked up by. */
export function lostGroupReads(sql: Sql, catalogues: PlanCatalogues): LostGroupReads {
  return {
    byExternalIds: (keys) => readPurchasesByExternalId(sql, keys),
    readCatalogues: (tenantIds) => catalogues.read(sql, tenantIds),
  };
}
