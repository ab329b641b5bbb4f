import type { Sql } from '@dailydoco/database';
import type { IdempotencyStore } from '@dailydoco/http';
import { asUserId, type CustomerId, type PurchaseId, type TenantId, type UserId, type WebsiteId } from '../ids.js';
import type { ClaimOutcome, KeyClaim } from '../purchases/purchase-group.js';
import { rememberCustomer } from './customer.store.js';
import type { UnattributedBook } from './record-unattributed.js';
import type { CustomerOrder, UnattributedPurchase } from './unattributed-purchase.js';
import { readUnattributed } from './unattributed-rows.store.js';

/** Unattributed purchases, as one open database transaction sees them. */
export class UnattributedStore implements UnattributedBook {
  readonly #sql: Sql;
  readonly #idempotency: IdempotencyStore;

  constructor(sql: Sql, idempotency: IdempotencyStore) {
    this.#sql = sql;
    this.#idempotency = idempotency;
  }

  async holdCustomer(tenantId: TenantId, customerId: CustomerId): Promise<UserId | undefined> {
    await rememberCustomer(this.#sql, tenantId, customerId);
    // A mapping changes the row, so it waits for those that share it, and they for it.
    const { rows } = await this.#sql.query<{ user_id: string | null }>(
      'SELECT user_id FROM customer WHERE tenant_id = $1 AND customer_id = $2 FOR SHARE',
      [tenantId, customerId],
    );
    const userId = rows[0]?.user_id;
    return userId === null || userId === undefined ? undefined : asUserId(userId);
  }

  async isWebsiteKnown(tenantId: TenantId, websiteId: WebsiteId): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM website WHERE tenant_id = $1 AND website_id = $2', [
      tenantId,
      websiteId,
    ]);
    return rowCount === 1;
  }

  async claimKey(claim: KeyClaim | undefined): Promise<ClaimOutcome> {
    const [outcome] = await this.#idempotency.claimKeys(this.#sql, [claim]);
    return outcome ?? { kind: 'claimed' };
  }

  async claimExternalId({ tenantId, externalId, id }: UnattributedPurchase): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO purchase_key (tenant_id, external_id, purchase_id) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, external_id) DO NOTHING`,
      [tenantId, externalId, id],
    );
    return rowCount === 1;
  }

  find(tenantId: TenantId, externalId: string): Promise<UnattributedPurchase | undefined> {
    return readUnattributed(this.#sql, tenantId, { externalId });
  }

  async add(
    purchase: UnattributedPurchase,
    { metadata, paymentFingerprint }: Pick<CustomerOrder, 'metadata' | 'paymentFingerprint'>,
  ): Promise<void> {
    const { tenantId, id, customerId } = purchase;
    await this.#sql.query(
      `INSERT INTO unattributed_purchase (tenant_id, id, external_id, customer_id, amount_micros, currency, stream,
         product_tag, website_id, occurred_at, occurred_at_given, received_at, coupon_code, click_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        tenantId,
        id,
        purchase.externalId,
        customerId,
        purchase.amountMicros,
        purchase.currency,
        purchase.stream,
        purchase.productTag ?? null,
        purchase.websiteId ?? null,
        purchase.occurredAt,
        purchase.occurredAtGiven,
        purchase.receivedAt,
        purchase.referral?.couponCode ?? null,
        purchase.referral?.clickId ?? null,
      ],
    );
    await this.#sql.query(
      `INSERT INTO waiting_purchase (tenant_id, purchase_id, customer_id, metadata, payment_fingerprint)
       VALUES ($1, $2, $3, $4::jsonb, $5)`,
      [
        tenantId,
        id,
        customerId,
        metadata === undefined ? null : JSON.stringify(metadata),
        paymentFingerprint === undefined ? null : Buffer.from(paymentFingerprint),
      ],
    );
  }

  saveAnswer(answer: { claim: KeyClaim; status: number; body: unknown }): Promise<void> {
    return this.#idempotency.saveAnswers(this.#sql, [answer]);
  }
}

/** Unattributed purchases as they stand, outside any database transaction. */
export class UnattributedReadStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  byId(tenantId: TenantId, id: PurchaseId): Promise<UnattributedPurchase | undefined> {
    return readUnattributed(this.#sql, tenantId, { id });
  }

  byExternalId(tenantId: TenantId, externalId: string): Promise<UnattributedPurchase | undefined> {
    return readUnattributed(this.#sql, tenantId, { externalId });
  }

  /** What the client wanted to remember of a sale that still waits. */
  async metadataOf({ tenantId, id }: Pick<UnattributedPurchase, 'tenantId' | 'id'>): Promise<unknown> {
    const { rows } = await this.#sql.query<{ metadata: unknown }>(
      'SELECT metadata FROM waiting_purchase WHERE tenant_id = $1 AND purchase_id = $2',
      [tenantId, id],
    );
    return rows[0]?.metadata ?? undefined;
  }
}
