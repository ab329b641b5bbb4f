import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPayoutBatchId, asTenantId, asUserId, type PayoutBatchId, type TenantId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { BatchBook, PayoutBatch, WaitingGroup } from './batch-payouts.js';
import type { BatchReads } from './batches.js';
import { COLUMNS, MAY_BE_SENT, type PayoutRow, toPayout } from './payout-rows.store.js';
import type { Payout } from './payout.js';
import { PayoutStore } from './payout.store.js';

interface BatchRow {
  tenant_id: string;
  id: string;
  rail: RailKind;
  currency: string;
  payments: number;
  amount_micros: string;
  created_at: Date;
  file_name: string | null;
  file_sha256: Uint8Array | null;
  made_at: Date | null;
  sent_at: Date | null;
  sent_by: string | null;
}

const BATCH_COLUMNS = `tenant_id, id, rail, currency, payments, amount_micros, created_at, file_name, file_sha256, made_at,
  sent_at, sent_by`;

/** Batches in an open database transaction. */
export class BatchStore extends PayoutStore implements BatchBook {
  readonly #sql: Sql;

  constructor(sql: Sql, given: ConstructorParameters<typeof PayoutStore>[1]) {
    super(sql, given);
    this.#sql = sql;
  }

  async addBatch({ tenantId, id, rail, currency, payments, amountMicros, createdAt }: PayoutBatch): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout_batch (tenant_id, id, rail, currency, payments, amount_micros, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, id, rail, currency, payments, amountMicros, createdAt],
    );
  }
}

/** Batches outside any database transaction. */
export class BatchReadStore implements BatchReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async findBatch(tenantId: TenantId, id: PayoutBatchId): Promise<PayoutBatch | undefined> {
    const { rows } = await this.#sql.query<BatchRow>(
      `SELECT ${BATCH_COLUMNS} FROM payout_batch WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    );
    return rows[0] && toBatch(rows[0]);
  }

  async listBatches(query: {
    tenantId: TenantId;
    before: PayoutBatchId | undefined;
    limit: number;
  }): Promise<PayoutBatch[]> {
    const { rows } = await this.#sql.query<BatchRow>(
      `SELECT ${BATCH_COLUMNS} FROM payout_batch
       WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [query.tenantId, query.before ?? null, query.limit],
    );
    return rows.map(toBatch);
  }

  async payoutsOf(tenantId: TenantId, id: PayoutBatchId): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p WHERE p.tenant_id = $1 AND p.batch_id = $2 ORDER BY p.id`,
      [tenantId, id],
    );
    return rows.map(toPayout);
  }

  async isStopped(tenantId: TenantId): Promise<boolean> {
    const { rows } = await this.#sql.query<{ stopped: boolean }>('SELECT payouts_stopped($1) AS stopped', [tenantId]);
    return rows[0]?.stopped !== false;
  }

  keepFile(batch: PayoutBatch, file: NonNullable<PayoutBatch['file']>): Promise<PayoutBatch> {
    return this.#once(batch, 'file_name = $3, file_sha256 = $4, made_at = $5 WHERE made_at IS NULL', [
      file.name,
      file.sha256,
      file.madeAt,
    ]);
  }

  markSent(batch: PayoutBatch, { at, by }: NonNullable<PayoutBatch['sent']>): Promise<PayoutBatch> {
    return this.#once(batch, 'sent_at = $3, sent_by = $4 WHERE sent_at IS NULL', [at, by]);
  }

  /** Sets what is not set yet, and reads what stands afterwards. */
  async #once({ tenantId, id }: PayoutBatch, change: string, values: readonly unknown[]): Promise<PayoutBatch> {
    await this.#sql.query(`UPDATE payout_batch SET ${change} AND tenant_id = $1 AND id = $2`, [
      tenantId,
      id,
      ...values,
    ]);
    const batch = await this.findBatch(tenantId, id);
    if (batch === undefined) throw new Error('a batch is never gone');
    return batch;
  }
}

/** See BatchGiven.waiting. */
export async function readWaitingGroups(sql: Sql, rails: readonly RailKind[], now: Date): Promise<WaitingGroup[]> {
  const { rows } = await sql.query<{
    tenant_id: string;
    rail: RailKind;
    currency: string;
    payments: number;
    since: Date;
  }>(
    `SELECT p.tenant_id, p.rail, p.currency, count(*)::int AS payments, min(p.changed_at) AS since FROM payout p
     WHERE p.status = 'approved' AND p.ask_at <= $2 AND p.rail = ANY($1) AND ${MAY_BE_SENT}
     GROUP BY p.tenant_id, p.rail, p.currency ORDER BY since`,
    [rails, now],
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    rail: row.rail,
    currency: currencyOf(row.currency),
    payments: row.payments,
    since: row.since,
  }));
}

/** See BatchGiven.candidates. */
export async function readCandidates(
  sql: Sql,
  { tenantId, rail, currency }: WaitingGroup,
  { now, limit }: { now: Date; limit: number },
): Promise<Payout[]> {
  const { rows } = await sql.query<PayoutRow>(
    `SELECT ${COLUMNS} FROM payout p
     WHERE p.tenant_id = $1 AND p.status = 'approved' AND p.rail = $2 AND p.currency = $3 AND p.ask_at <= $4
       AND ${MAY_BE_SENT}
     ORDER BY p.id LIMIT $5`,
    [tenantId, rail, currency, now, limit],
  );
  return rows.map(toPayout);
}

function toBatch(row: BatchRow): PayoutBatch {
  const { file_name: name, file_sha256: sha256, made_at: madeAt, sent_at: at, sent_by: by } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asPayoutBatchId(row.id),
    rail: row.rail,
    currency: currencyOf(row.currency),
    payments: row.payments,
    amountMicros: BigInt(row.amount_micros),
    createdAt: row.created_at,
    file: name === null || sha256 === null || madeAt === null ? undefined : { name, sha256, madeAt },
    sent: at === null || by === null ? undefined : { at, by: asUserId(by) },
  };
}
