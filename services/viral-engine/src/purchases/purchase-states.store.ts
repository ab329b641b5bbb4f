import type { Sql } from '@dailydoco/database';
import type { CommissionStatus } from '../commissions/entry-life.js';
import { asCommissionId, asPurchaseId, asUserId, type PurchaseId, type TenantId } from '../ids.js';
import type { PurchaseState, StateReads } from './list-states.js';

interface StateRow {
  purchase_id: string;
  sequence: bigint;
  currency: string;
  changed_at: Date;
  commission_id: string | null;
  beneficiary_id: string;
  status: CommissionStatus;
  net_micros: bigint;
}

/** What reconciliation reads: sequence and nets come from one statement, so they belong together. */
export class PurchaseStateStore implements StateReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(query: { tenantId: TenantId; after: PurchaseId | undefined; limit: number }): Promise<PurchaseState[]> {
    const { rows } = await this.#sql.query<StateRow>(
      `SELECT s.purchase_id, s.sequence, p.currency, s.changed_at, c.id AS commission_id, c.beneficiary_id, c.status,
              c.net_micros
       FROM (SELECT tenant_id, purchase_id, sequence, changed_at FROM purchase_state
             WHERE tenant_id = $1 AND ($2::uuid IS NULL OR purchase_id > $2) ORDER BY purchase_id LIMIT $3) AS s
       JOIN purchase p ON p.tenant_id = s.tenant_id AND p.id = s.purchase_id
       LEFT JOIN commission c ON c.tenant_id = s.tenant_id AND c.purchase_id = s.purchase_id
       ORDER BY s.purchase_id, c.level`,
      [query.tenantId, query.after ?? null, query.limit],
    );
    return [...Map.groupBy(rows, (row) => row.purchase_id).values()].flatMap(toState);
  }
}

function toState(rows: StateRow[]): PurchaseState[] {
  const [row] = rows;
  if (row === undefined) return [];
  return [
    {
      purchaseId: asPurchaseId(row.purchase_id),
      sequence: row.sequence,
      currency: row.currency,
      changedAt: row.changed_at,
      entries: rows.flatMap(({ commission_id, beneficiary_id, status, net_micros: netMicros }) =>
        commission_id === null
          ? []
          : [
              {
                commissionId: asCommissionId(commission_id),
                beneficiaryId: asUserId(beneficiary_id),
                status,
                netMicros,
              },
            ],
      ),
    },
  ];
}
