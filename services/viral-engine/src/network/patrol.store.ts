import type { Sql } from '@dailydoco/database';
import { asPurchaseId, asTenantId } from '../ids.js';
import type { PurchaseRef } from './count-purchases.js';
import { NetworkCountStore } from './network-count.store.js';
import type { PatrolBook, PatrolPost } from './patrol-purchases.js';

interface RefRow {
  tenant_id: string;
  purchase_id: string;
}

const toRef = (row: RefRow): PurchaseRef => ({
  tenantId: asTenantId(row.tenant_id),
  purchaseId: asPurchaseId(row.purchase_id),
});

const BEGINNING = '00000000-0000-0000-0000-000000000000';

/** The patrol over all purchases, in an open database transaction. */
export class PatrolStore extends NetworkCountStore implements PatrolBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    super(sql);
    this.#sql = sql;
  }

  async lockPost(): Promise<PatrolPost | undefined> {
    const { rows } = await this.#sql.query<RefRow & { rests_until: Date | null }>(
      'SELECT tenant_id, purchase_id, rests_until FROM network_patrol FOR NO KEY UPDATE SKIP LOCKED',
    );
    return rows.map((row) => ({ after: toRef(row), restsUntil: row.rests_until ?? undefined }))[0];
  }

  async purchasesAfter(ref: PurchaseRef, limit: number): Promise<(PurchaseRef & { recordedAt: Date })[]> {
    const { rows } = await this.#sql.query<RefRow & { recorded_at: Date }>(
      `SELECT tenant_id, id AS purchase_id, recorded_at FROM purchase
       WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT $3`,
      [ref.tenantId, ref.purchaseId, limit],
    );
    return rows.map((row) => ({ ...toRef(row), recordedAt: row.recorded_at }));
  }

  async savePost({ after, restsUntil }: PatrolPost): Promise<void> {
    await this.#sql.query('UPDATE network_patrol SET tenant_id = $1, purchase_id = $2, rests_until = $3', [
      after.tenantId,
      after.purchaseId,
      restsUntil ?? null,
    ]);
  }

  beginAnew(restsUntil: Date): Promise<void> {
    return this.savePost({ after: toRef({ tenant_id: BEGINNING, purchase_id: BEGINNING }), restsUntil });
  }

  async wonSince(moment: Date, limit: number): Promise<PurchaseRef[]> {
    const { rows } = await this.#sql.query<RefRow>(
      'SELECT DISTINCT tenant_id, purchase_id FROM chargeback_win WHERE won_at >= $1 LIMIT $2',
      [moment, limit],
    );
    return rows.map(toRef);
  }
}
