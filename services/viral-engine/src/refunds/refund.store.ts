import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import type { CommissionKind } from '../commissions/split.js';
import { findDisputed } from '../disputes/dispute-rows.store.js';
import {
  asCommissionId,
  asPurchaseId,
  asRefundId,
  asTenantId,
  asUserId,
  type CommissionId,
  type PurchaseId,
  type RefundId,
  type TenantId,
  type UserId,
} from '../ids.js';
import { shareSplitLock } from '../purchases/split-lock.store.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { PurchaseUpdate } from '../purchases/purchase-update.js';
import { findSuspended, lockPurchase, saveUpdates } from '../purchases/purchase-update.store.js';
import type { Refund, RefundBook, Reversal } from './record-refund.js';
import type { RefundReason } from './refund.js';
import type { RefundReads } from './refunds.js';
import type { ChargebackBook } from './restore-chargeback.js';

interface RefundRow {
  tenant_id: string;
  id: string;
  external_id: string;
  purchase_id: string;
  reason: RefundReason;
  requested_micros: bigint | null;
  requested_currency: string | null;
  amount_micros: bigint;
  currency: string;
  purchase_sequence: bigint;
  last_sequence: bigint;
  recorded_at: Date;
}

const REFUND_COLUMNS = `tenant_id, id, external_id, purchase_id, reason, requested_micros, requested_currency,
  amount_micros, currency, purchase_sequence, last_sequence, recorded_at`;

/** Refunds and chargebacks, as one open database transaction sees them. */
export class RefundStore implements RefundBook, ChargebackBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  shareSplitLock(): Promise<void> {
    return shareSplitLock(this.#sql);
  }

  lockPurchase(tenantId: TenantId, purchaseId: PurchaseId): Promise<PurchaseRecord | undefined> {
    return lockPurchase(this.#sql, tenantId, purchaseId);
  }

  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>> {
    return findSuspended(this.#sql, tenantId, people);
  }

  findDisputed(tenantId: TenantId, purchaseId: PurchaseId): Promise<Set<CommissionId>> {
    return findDisputed(this.#sql, tenantId, purchaseId);
  }

  save(update: PurchaseUpdate): Promise<void> {
    return saveUpdates(this.#sql, this.#outbox, [update]);
  }

  isUnattributed(tenantId: TenantId, purchaseId: PurchaseId): Promise<boolean> {
    return isUnattributed(this.#sql, tenantId, purchaseId);
  }

  async findByExternalId(tenantId: TenantId, externalId: string): Promise<Refund | undefined> {
    const { rows } = await this.#sql.query<RefundRow>(
      `SELECT ${REFUND_COLUMNS} FROM refund WHERE tenant_id = $1 AND external_id = $2`,
      [tenantId, externalId],
    );
    return rows[0] && toRefund(rows[0]);
  }

  async findById(tenantId: TenantId, refundId: RefundId): Promise<Refund | undefined> {
    const { rows } = await this.#sql.query<RefundRow>(
      `SELECT ${REFUND_COLUMNS} FROM refund WHERE tenant_id = $1 AND id = $2`,
      [tenantId, refundId],
    );
    return rows[0] && toRefund(rows[0]);
  }

  async add(refund: Refund): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO refund (${REFUND_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (tenant_id, external_id) DO NOTHING`,
      [
        refund.tenantId,
        refund.id,
        refund.externalId,
        refund.purchaseId,
        refund.reason,
        refund.requested?.amountMicros ?? null,
        refund.requested?.currency ?? null,
        refund.amountMicros,
        refund.currency,
        refund.purchaseSequence,
        refund.lastSequence,
        refund.recordedAt,
      ],
    );
    return rowCount === 1;
  }

  async addWin(refund: Refund, wonAt: Date): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO chargeback_win (tenant_id, refund_id, purchase_id, won_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [refund.tenantId, refund.id, refund.purchaseId, wonAt],
    );
    return rowCount === 1;
  }

  async addFailure(refund: Refund, failedAt: Date): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO refund_failure (tenant_id, refund_id, purchase_id, failed_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [refund.tenantId, refund.id, refund.purchaseId, failedAt],
    );
    return rowCount === 1;
  }

  async readReversals(refund: Refund): Promise<Reversal[]> {
    return (await readReversals(this.#sql, [refund])).get(refund.id) ?? [];
  }
}

async function isUnattributed(sql: Sql, tenantId: TenantId, purchaseId: PurchaseId): Promise<boolean> {
  const { rowCount } = await sql.query('SELECT 1 FROM unattributed_purchase WHERE tenant_id = $1 AND id = $2', [
    tenantId,
    purchaseId,
  ]);
  return rowCount === 1;
}

interface ReversalRow {
  refund_id: string;
  id: string;
  kind: CommissionKind;
  level: number;
  beneficiary_id: string;
  currency: string;
  reversed_micros: bigint;
  net_micros: bigint;
}

/**
 * What each refund took from every commission of its purchase, and what stood right after it: recomputed from the
 * gross and the changes up to the refund's last event, because later changes are none of its business.
 */
async function readReversals(sql: Sql, refunds: readonly Refund[]): Promise<Map<RefundId, Reversal[]>> {
  const { rows } = await sql.query<ReversalRow>(
    `SELECT r.id AS refund_id, c.id, c.kind, c.level, c.beneficiary_id, c.currency,
            (-coalesce(sum(h.delta_micros) FILTER (WHERE h.purchase_sequence > r.purchase_sequence), 0))::bigint
              AS reversed_micros,
            (c.gross_micros + coalesce(sum(h.delta_micros), 0))::bigint AS net_micros
     FROM refund r
     JOIN commission c ON c.tenant_id = r.tenant_id AND c.purchase_id = r.purchase_id
     LEFT JOIN commission_change h ON h.tenant_id = c.tenant_id AND h.commission_id = c.id
       AND h.purchase_sequence <= r.last_sequence
     WHERE (r.tenant_id, r.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
     GROUP BY r.tenant_id, r.id, c.tenant_id, c.id
     ORDER BY r.id, c.level`,
    [refunds.map(({ tenantId }) => tenantId), refunds.map(({ id }) => id)],
  );
  const byRefund = Map.groupBy(rows, (row) => asRefundId(row.refund_id));
  return new Map([...byRefund].map(([refundId, own]) => [refundId, own.map(toReversal)]));
}

function toReversal(row: ReversalRow): Reversal {
  return {
    commission: {
      id: asCommissionId(row.id),
      kind: row.kind,
      level: row.level,
      beneficiaryId: asUserId(row.beneficiary_id),
      currency: currencyOf(row.currency),
    },
    reversedMicros: row.reversed_micros,
    netMicros: row.net_micros,
  };
}

function toRefund(row: RefundRow): Refund {
  const { requested_micros: amountMicros, requested_currency: currency } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asRefundId(row.id),
    externalId: row.external_id,
    purchaseId: asPurchaseId(row.purchase_id),
    reason: row.reason,
    requested:
      amountMicros === null || currency === null ? undefined : { amountMicros, currency: currencyOf(currency) },
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    purchaseSequence: row.purchase_sequence,
    lastSequence: row.last_sequence,
    recordedAt: row.recorded_at,
  };
}

/** Refunds as they stand, outside any database transaction. */
export class RefundReadStore implements RefundReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async isRecorded(tenantId: TenantId, purchaseId: PurchaseId): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM purchase WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      purchaseId,
    ]);
    return rowCount === 1 || isUnattributed(this.#sql, tenantId, purchaseId);
  }

  async list(query: {
    tenantId: TenantId;
    purchaseId: PurchaseId;
    after: RefundId | undefined;
    limit: number;
  }): Promise<{ refund: Refund; reversals: Reversal[] }[]> {
    const { rows } = await this.#sql.query<RefundRow>(
      `SELECT ${REFUND_COLUMNS} FROM refund
       WHERE tenant_id = $1 AND purchase_id = $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4`,
      [query.tenantId, query.purchaseId, query.after ?? null, query.limit],
    );
    const refunds = rows.map(toRefund);
    const reversals = await readReversals(this.#sql, refunds);
    return refunds.map((refund) => ({ refund, reversals: reversals.get(refund.id) ?? [] }));
  }
}
