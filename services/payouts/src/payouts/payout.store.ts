import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing, type OutgoingEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import {
  asPayoutId,
  asPayoutMethodId,
  asTenantId,
  asUserId,
  type PayoutId,
  type PayoutMethodId,
  type TenantId,
  type UserId,
} from '../ids.js';
import type { LedgerStore } from '../ledger/ledger.store.js';
import type { RequestTerms } from '../policies/request-terms.js';
import { readRequestTerms } from '../policies/request-terms.store.js';
import type { PayoutBook, PayoutOrder } from './change-payout.js';
import { journalOf, type Payout, type PayoutStatus } from './payout.js';
import type { PayoutReads } from './payouts.js';

interface PayoutRow {
  tenant_id: string;
  id: string;
  person_id: string;
  method_id: string;
  amount_micros: bigint;
  currency: string;
  requested_at: Date;
  status: PayoutStatus;
  reason: string | null;
  changed_at: Date;
}

const COLUMNS = `p.tenant_id, p.id, p.person_id, p.method_id, p.amount_micros, p.currency, p.requested_at, p.status,
  p.reason, p.changed_at`;

/** A claimed payout is nobody else's for this long; times the number of times it was asked about, up to ten. */
const CLAIM_SECONDS = 30;

/** Payouts, as one open database transaction sees them. */
export class PayoutStore implements PayoutBook {
  readonly #sql: Sql;
  readonly #ledger: LedgerStore;
  readonly #outbox: Outbox;

  constructor(sql: Sql, given: { ledger: LedgerStore; outbox: Outbox }) {
    this.#sql = sql;
    this.#ledger = given.ledger;
    this.#outbox = given.outbox;
  }

  async hasMethod(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `SELECT 1 FROM payout_method WHERE tenant_id = $1 AND id = $2 AND person_id = $3 AND deleted_at IS NULL`,
      [tenantId, methodId, personId],
    );
    return rowCount > 0;
  }

  terms({ amount: { currency }, ...of }: PayoutOrder): Promise<RequestTerms> {
    return readRequestTerms(this.#sql, { ...of, currency });
  }

  async lock(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p WHERE p.tenant_id = $1 AND p.id = $2 FOR NO KEY UPDATE`,
      [tenantId, id],
    );
    return rows[0] && toPayout(rows[0]);
  }

  async add(payout: Payout, askAt: Date): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout (tenant_id, id, person_id, method_id, amount_micros, currency, requested_at, status,
                           changed_at, ask_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9)`,
      [
        payout.tenantId,
        payout.id,
        payout.personId,
        payout.methodId,
        payout.amountMicros,
        payout.currency,
        payout.requestedAt,
        payout.status,
        askAt,
      ],
    );
    await this.#step(payout);
  }

  async take(payout: Payout, askAt: Date | undefined): Promise<void> {
    await this.#sql.query(
      `UPDATE payout SET status = $3, reason = $4, changed_at = $5, ask_at = $6 WHERE tenant_id = $1 AND id = $2`,
      [payout.tenantId, payout.id, payout.status, payout.reason ?? null, payout.changedAt, askAt ?? null],
    );
    await this.#step(payout);
  }

  async askAgain({ tenantId, id }: Payout, askAt: Date | undefined): Promise<void> {
    await this.#sql.query('UPDATE payout SET ask_at = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      id,
      askAt ?? null,
    ]);
  }

  /** The step, once for ever by its key, with its journal and its event. */
  async #step(payout: Payout): Promise<void> {
    const { tenantId, id, status, reason, changedAt } = payout;
    await this.#sql.query(
      'INSERT INTO payout_step (tenant_id, payout_id, step, reason, taken_at) VALUES ($1, $2, $3, $4, $5)',
      [tenantId, id, status, reason ?? null, changedAt],
    );
    const journal = journalOf(payout, status, changedAt);
    if (journal !== undefined) await this.#ledger.write([journal]);
    const event = eventOf(payout);
    if (event !== undefined) await this.#outbox.append(this.#sql, [event]);
  }
}

/** Payouts outside any database transaction. */
export class PayoutReadStore implements PayoutReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p WHERE p.tenant_id = $1 AND p.id = $2`,
      [tenantId, id],
    );
    return rows[0] && toPayout(rows[0]);
  }

  async list(query: {
    tenantId: TenantId;
    personId: UserId;
    before: PayoutId | undefined;
    limit: number;
  }): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.tenant_id = $1 AND p.person_id = $2 AND ($3::uuid IS NULL OR p.id < $3) ORDER BY p.id DESC LIMIT $4`,
      [query.tenantId, query.personId, query.before ?? null, query.limit],
    );
    return rows.map(toPayout);
  }
}

/**
 * Takes payouts that are due for the rail; see SubmitGiven.claim. Across tenants, as the worker serves all. One
 * statement after the other in the caller's database transaction.
 */
export async function claimPayouts(sql: Sql, { now, limit }: { now: Date; limit: number }): Promise<Payout[]> {
  const { rows } = await sql.query<PayoutRow>(
    `UPDATE payout p
     SET status = CASE p.status WHEN 'requested' THEN 'submitted' ELSE p.status END,
         changed_at = CASE p.status WHEN 'requested' THEN $1 ELSE p.changed_at END,
         times_asked = p.times_asked + 1,
         ask_at = $1::timestamptz + make_interval(secs => ${CLAIM_SECONDS} * least(p.times_asked + 1, 10))
     FROM (SELECT d.tenant_id, d.id FROM payout d
           WHERE d.ask_at <= $1 AND (d.status = 'settled' OR may_leave(d.tenant_id, d.person_id))
           ORDER BY d.ask_at LIMIT $2 FOR NO KEY UPDATE OF d SKIP LOCKED) AS due
     WHERE p.tenant_id = due.tenant_id AND p.id = due.id
     RETURNING ${COLUMNS}`,
    [now, limit],
  );
  const submitted = rows.filter(({ status }) => status === 'submitted');
  await sql.query(
    `INSERT INTO payout_step (tenant_id, payout_id, step, taken_at)
     SELECT *, 'submitted', $3::timestamptz FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING`,
    [submitted.map((row) => row.tenant_id), submitted.map(({ id }) => id), now],
  );
  return rows.map(toPayout);
}

/**
 * Seconds since the oldest payout was asked for that the rail has neither settled nor refused; 0 when there is none.
 * Across tenants. Those of frozen persons and stopped tenants wait on purpose.
 */
export async function oldestUnsettledSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `SELECT coalesce(extract(epoch FROM $1::timestamptz - min(p.requested_at)), 0)::float8 AS seconds FROM payout p
     WHERE p.ask_at IS NOT NULL AND p.status IN ('requested', 'submitted') AND may_leave(p.tenant_id, p.person_id)`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}

function toPayout(row: PayoutRow): Payout {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asPayoutId(row.id),
    personId: asUserId(row.person_id),
    methodId: asPayoutMethodId(row.method_id),
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    requestedAt: row.requested_at,
    status: row.status,
    reason: row.reason ?? undefined,
    changedAt: row.changed_at,
  };
}

function eventOf(payout: Payout): OutgoingEvent | undefined {
  const { tenantId, id: payoutId, personId, amountMicros: micros, currency: currencyCode, changedAt: at } = payout;
  const common = { payoutId, personId, amount: { micros, currencyCode } };
  const envelope = { key: payoutId, tenantId, occurredAt: at };
  const reason = payout.reason ?? '';
  switch (payout.status) {
    case 'requested':
      return outgoing({ ...envelope, type: events.payoutRequested, payload: { ...common, requestedAt: at } });
    case 'settled':
      return outgoing({ ...envelope, type: events.payoutSettled, payload: { ...common, settledAt: at } });
    case 'failed':
      return outgoing({ ...envelope, type: events.payoutFailed, payload: { ...common, reason, failedAt: at } });
    case 'returned':
      return outgoing({ ...envelope, type: events.payoutReturned, payload: { ...common, reason, returnedAt: at } });
    case 'cancelled':
      return outgoing({ ...envelope, type: events.payoutCancelled, payload: { ...common, cancelledAt: at } });
    case 'submitted':
      return undefined;
  }
}
