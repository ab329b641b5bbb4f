import type { DatabaseTransaction, Sql } from '@dailydoco/database';
import { asCustomerId, asPurchaseId, asTenantId, asUserId, type PurchaseId, type TenantId } from '../ids.js';
import type { PurchaseGroup } from '../purchases/purchase-group.js';
import { PurchaseGroupStore, type PurchaseGroupTools } from '../purchases/purchase-group.store.js';
import type { AttributionBook, DueCustomer, WaitingPurchase } from './attribute-purchases.js';
import { toUnattributed, UNATTRIBUTED_COLUMNS, type UnattributedRow } from './unattributed-rows.store.js';

/** Attribution, as one open database transaction sees it. */
export class AttributionStore implements AttributionBook {
  readonly group: PurchaseGroup;
  readonly #sql: Sql;

  constructor(sql: DatabaseTransaction, tools: PurchaseGroupTools) {
    this.#sql = sql;
    this.group = new AttributionGroupStore(sql, tools);
  }

  async lockDueCustomer(now: Date): Promise<DueCustomer | undefined> {
    const { rows } = await this.#sql.query<{ tenant_id: string; customer_id: string; user_id: string }>(
      `SELECT tenant_id, customer_id, user_id FROM customer
       WHERE attribute_after <= $1 ORDER BY attribute_after LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
      [now],
    );
    const [row] = rows;
    return (
      row && {
        tenantId: asTenantId(row.tenant_id),
        customerId: asCustomerId(row.customer_id),
        userId: asUserId(row.user_id),
      }
    );
  }

  async readWaiting({ tenantId, customerId }: DueCustomer, limit: number): Promise<WaitingPurchase[]> {
    const { rows } = await this.#sql.query<
      UnattributedRow & { metadata: Record<string, unknown> | null; payment_fingerprint: Buffer | null }
    >(
      `SELECT ${UNATTRIBUTED_COLUMNS}, w.metadata, w.payment_fingerprint FROM waiting_purchase w
       JOIN unattributed_purchase u ON u.tenant_id = w.tenant_id AND u.id = w.purchase_id
       WHERE w.tenant_id = $1 AND w.customer_id = $2 ORDER BY w.purchase_id LIMIT $3`,
      [tenantId, customerId, limit],
    );
    return rows.map((row) => ({
      purchase: toUnattributed(row),
      metadata: row.metadata ?? undefined,
      paymentFingerprint: row.payment_fingerprint ?? undefined,
    }));
  }

  async lookAgain({ tenantId, customerId }: DueCustomer, at: Date | undefined): Promise<void> {
    await this.#sql.query('UPDATE customer SET attribute_after = $3 WHERE tenant_id = $1 AND customer_id = $2', [
      tenantId,
      customerId,
      at ?? null,
    ]);
  }
}

/** The group writer's statements, but that what is claimed is a purchase's place among those that wait. */
class AttributionGroupStore extends PurchaseGroupStore {
  readonly #sql: Sql;

  constructor(sql: DatabaseTransaction, tools: PurchaseGroupTools) {
    super(sql, tools);
    this.#sql = sql;
  }

  override async claimExternalIds(
    purchases: readonly { tenantId: TenantId; purchaseId: PurchaseId }[],
  ): Promise<Set<PurchaseId>> {
    const { rows } = await this.#sql.query<{ purchase_id: string }>(
      `DELETE FROM waiting_purchase WHERE (tenant_id, purchase_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
       RETURNING purchase_id`,
      [purchases.map(({ tenantId }) => tenantId), purchases.map(({ purchaseId }) => purchaseId)],
    );
    return new Set(rows.map((row) => asPurchaseId(row.purchase_id)));
  }
}
