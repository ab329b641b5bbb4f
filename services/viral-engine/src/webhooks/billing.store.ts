import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import { asPurchaseId, type PurchaseId } from '../ids.js';
import { RefundStore } from '../refunds/refund.store.js';
import type { BillingBook, ChargebackExcess, ReceivedEvent } from './apply-events.js';
import type { RefundPart } from './billing-fact.js';

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

  async readChargeRefunds({ tenantId, endpointId }: ReceivedEvent, chargeId: string): Promise<RefundPart[]> {
    const { rows } = await this.#sql.query<{ external_id: string; amount_micros: bigint }>(
      `SELECT external_id, amount_micros FROM charge_refund
       WHERE tenant_id = $1 AND endpoint_id = $2 AND charge_id = $3`,
      [tenantId, endpointId, chargeId],
    );
    return rows.map((row) => ({ externalId: row.external_id, amountMicros: row.amount_micros }));
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
