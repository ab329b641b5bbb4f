import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import { asPurchaseId, type PurchaseId } from '../ids.js';
import { RefundStore } from '../refunds/refund.store.js';
import type { BillingBook, ChargebackExcess } from './apply-events.js';
import type { ReceivedEvent } from './billing-fact.js';
import type { ChargeHistory, ChargeSum, FailedRefund, RefundPart } from './charge-refunds.js';

/** What a billing system's events did, as one open database transaction sees it. */
export class BillingStore extends RefundStore implements BillingBook {
  readonly #sql: Sql;

  constructor(sql: Sql, outbox: Outbox) {
    super(sql, outbox);
    this.#sql = sql;
  }

  async linkPayments(
    { tenantId, endpointId }: ReceivedEvent,
    { invoiceId, paymentIds }: { invoiceId: string; paymentIds: readonly string[] },
  ): Promise<void> {
    if (paymentIds.length === 0) return;
    await this.#sql.query(
      `INSERT INTO invoice_payment (tenant_id, endpoint_id, payment_id, invoice_id)
       SELECT $1, $2, payment_id, $4 FROM unnest($3::text[]) AS paid (payment_id) ORDER BY payment_id COLLATE "C"
       ON CONFLICT DO NOTHING`,
      [tenantId, endpointId, paymentIds, invoiceId],
    );
  }

  async findPurchaseOf(
    { tenantId, endpointId }: ReceivedEvent,
    { invoiceId, paymentIds }: { invoiceId: string | undefined; paymentIds: readonly string[] },
  ): Promise<PurchaseId | undefined> {
    // A purchase has its invoice's id as its external id.
    const { rows } = await this.#sql.query<{ purchase_id: string }>(
      `SELECT k.purchase_id FROM purchase_key k
       WHERE k.tenant_id = $1 AND k.external_id = coalesce($3::text,
         (SELECT l.invoice_id FROM invoice_payment l
          WHERE l.tenant_id = $1 AND l.endpoint_id = $2 AND l.payment_id = ANY ($4::text[]) LIMIT 1))`,
      [tenantId, endpointId, invoiceId ?? null, paymentIds],
    );
    return rows[0] && asPurchaseId(rows[0].purchase_id);
  }

  async addChargeSum(
    { tenantId, endpointId, eventId }: ReceivedEvent,
    chargeId: string,
    { toldAt, refundedMicros }: ChargeSum,
  ): Promise<void> {
    await this.#sql.query(
      `INSERT INTO charge_sum (tenant_id, endpoint_id, charge_id, event_id, told_at, refunded_micros)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [tenantId, endpointId, chargeId, eventId, toldAt, refundedMicros],
    );
  }

  async addFailedRefund(
    { tenantId, endpointId }: ReceivedEvent,
    chargeId: string,
    { externalId, amountMicros, toldAt }: FailedRefund,
  ): Promise<void> {
    await this.#sql.query(
      `INSERT INTO charge_refund_failure (tenant_id, endpoint_id, charge_id, external_id, told_at, amount_micros)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [tenantId, endpointId, chargeId, externalId, toldAt, amountMicros],
    );
  }

  async readCharge({ tenantId, endpointId }: ReceivedEvent, chargeId: string): Promise<Omit<ChargeHistory, 'refunds'>> {
    const charge = [tenantId, endpointId, chargeId];
    const sums = await this.#sql.query<{ told_at: Date; refunded_micros: bigint }>(
      'SELECT told_at, refunded_micros FROM charge_sum WHERE tenant_id = $1 AND endpoint_id = $2 AND charge_id = $3',
      charge,
    );
    const failures = await this.#sql.query<PartRow & { told_at: Date }>(
      `SELECT external_id, amount_micros, told_at FROM charge_refund_failure
       WHERE tenant_id = $1 AND endpoint_id = $2 AND charge_id = $3`,
      charge,
    );
    const parts = await this.#sql.query<PartRow & { undone: boolean }>(
      `SELECT c.external_id, c.amount_micros, f.refund_id IS NOT NULL AS undone
       FROM charge_refund c
       JOIN refund r ON r.tenant_id = c.tenant_id AND r.external_id = c.external_id
       LEFT JOIN refund_failure f ON f.tenant_id = r.tenant_id AND f.refund_id = r.id
       WHERE c.tenant_id = $1 AND c.endpoint_id = $2 AND c.charge_id = $3 ORDER BY r.id`,
      charge,
    );
    return {
      chargeId,
      sums: sums.rows.map((row) => ({ toldAt: row.told_at, refundedMicros: row.refunded_micros })),
      failures: failures.rows.map((row) => ({ ...toPart(row), toldAt: row.told_at })),
      parts: parts.rows.map((row) => ({ ...toPart(row), undone: row.undone })),
    };
  }

  async addChargeRefund(
    { tenantId, endpointId }: ReceivedEvent,
    chargeId: string,
    { externalId, amountMicros }: RefundPart,
  ): Promise<void> {
    await this.#sql.query(
      `INSERT INTO charge_refund (tenant_id, endpoint_id, charge_id, external_id, amount_micros)
       VALUES ($1, $2, $3, $4, $5)`,
      [tenantId, endpointId, chargeId, externalId, amountMicros],
    );
  }

  async hasExcess({ tenantId, endpointId }: ReceivedEvent, disputeId: string): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      'SELECT 1 FROM chargeback_excess WHERE tenant_id = $1 AND endpoint_id = $2 AND dispute_id = $3',
      [tenantId, endpointId, disputeId],
    );
    return rowCount === 1;
  }

  async addExcess({ tenantId, endpointId }: ReceivedEvent, excess: ChargebackExcess): Promise<void> {
    await this.#sql.query(
      `INSERT INTO chargeback_excess (tenant_id, endpoint_id, dispute_id, purchase_id, taken_micros, excess_micros,
         currency, recorded_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        tenantId,
        endpointId,
        excess.disputeId,
        excess.purchaseId,
        excess.takenMicros,
        excess.excessMicros,
        excess.currency,
        excess.recordedAt,
      ],
    );
  }
}

interface PartRow {
  external_id: string;
  amount_micros: bigint;
}

function toPart(row: PartRow): RefundPart {
  return { externalId: row.external_id, amountMicros: row.amount_micros };
}
