import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { DecisionBook } from '../commissions/decide-commissions.js';
import { DecisionStore } from '../commissions/decision.store.js';
import {
  asCommissionId,
  asPurchaseId,
  asReviewId,
  asTenantId,
  asUserId,
  type CommissionId,
  type ReviewId,
  type TenantId,
} from '../ids.js';
import { readPurchase } from '../purchases/purchase-rows.store.js';
import type { ReviewBook } from './decide-review.js';
import type { PurchaseRef } from './fraud-book.js';
import type { Review, ReviewCase, ReviewDecision, ReviewStatus, RuleRecord } from './review.js';
import type { ReviewReads } from './reviews.js';
import { type SignalRow, toSignal } from './signal-rows.store.js';
import type { RuleName, Tuning } from './tuning.js';
import { readTunings } from './tuning.store.js';

interface ReviewRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly purchase_id: string;
  readonly buyer_id: string;
  readonly beneficiary_id: string;
  readonly score: number;
  readonly threshold: number;
  readonly status: ReviewStatus;
  readonly opened_at: Date;
  readonly decision: ReviewDecision['decision'] | null;
  readonly reason: string | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
}

const SELECT_REVIEWS = `
  SELECT r.tenant_id, r.id, r.purchase_id, r.buyer_id, r.beneficiary_id, r.score, r.threshold, r.status, r.opened_at,
         d.decision, d.reason, d.decided_by, d.decided_at
  FROM fraud_review r LEFT JOIN fraud_decision d ON d.tenant_id = r.tenant_id AND d.review_id = r.id`;

/** Reviews as they stand, outside any database transaction. */
export class ReviewReadStore implements ReviewReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(query: Parameters<ReviewReads['list']>[0]): Promise<Review[]> {
    const { rows } = await this.#sql.query<ReviewRow>(
      `${SELECT_REVIEWS} WHERE r.tenant_id = $1 AND r.status = $2 AND ($3::uuid IS NULL OR r.id > $3)
       ORDER BY r.id LIMIT $4`,
      [query.tenantId, query.status, query.after ?? null, query.limit],
    );
    return rows.map(toReview);
  }

  read(tenantId: TenantId, id: ReviewId): Promise<ReviewCase | undefined> {
    return readCase(this.#sql, tenantId, id);
  }

  async records(tenantId: TenantId): Promise<RuleRecord[]> {
    // From the decisions of people on, which are few, to the signals.
    const { rows } = await this.#sql.query<{ rule: string; decided: number; confirmed: number }>(
      `SELECT f.rule, count(*)::integer AS decided,
              (count(*) FILTER (WHERE d.decision = 'confirmed'))::integer AS confirmed
       FROM fraud_decision d
       JOIN fraud_review r ON r.tenant_id = d.tenant_id AND r.id = d.review_id
       JOIN fraud_signal f ON f.tenant_id = r.tenant_id AND f.purchase_id = r.purchase_id
         AND f.beneficiary_id = r.beneficiary_id
       WHERE d.tenant_id = $1 AND d.decision <> 'moot' GROUP BY f.rule`,
      [tenantId],
    );
    // Written by this service alone, which knows no other rules.
    return rows.map(({ rule, decided, confirmed }) => ({ rule: rule as RuleName, decided, confirmed }));
  }

  async tuning(tenantId: TenantId): Promise<Tuning | undefined> {
    return (await readTunings(this.#sql, [tenantId])).get(tenantId);
  }
}

/** Reviews, as one open database transaction sees them. */
export class ReviewStore implements ReviewBook {
  readonly decisions: DecisionBook;
  readonly #sql: Sql;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.decisions = new DecisionStore(sql, outbox);
  }

  async lock(tenantId: TenantId, id: ReviewId): Promise<Review | undefined> {
    // The lock first: the statement that waited for it would still see what stood before.
    await this.#sql.query('SELECT 1 FROM fraud_review WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [tenantId, id]);
    const { rows } = await this.#sql.query<ReviewRow>(`${SELECT_REVIEWS} WHERE r.tenant_id = $1 AND r.id = $2`, [
      tenantId,
      id,
    ]);
    return rows[0] && toReview(rows[0]);
  }

  async commissionsOf({ tenantId, purchaseId, beneficiaryId }: Review): Promise<CommissionId[]> {
    const { rows } = await this.#sql.query<{ id: string }>(
      'SELECT id FROM commission WHERE tenant_id = $1 AND purchase_id = $2 AND beneficiary_id = $3 ORDER BY id',
      [tenantId, purchaseId, beneficiaryId],
    );
    return rows.map(({ id }) => asCommissionId(id));
  }

  async close({ tenantId, id }: Review, { decision, reason, decidedBy, decidedAt }: ReviewDecision): Promise<void> {
    await this.#sql.query('UPDATE fraud_review SET status = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      id,
      decision,
    ]);
    await this.#sql.query(
      `INSERT INTO fraud_decision (tenant_id, review_id, decision, reason, decided_by, decided_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [tenantId, id, decision, reason, decidedBy, decidedAt],
    );
  }

  read(tenantId: TenantId, id: ReviewId): Promise<ReviewCase | undefined> {
    return readCase(this.#sql, tenantId, id);
  }
}

/** Closes open reviews whose entries are held for them no longer. One that somebody is deciding is left to them. */
export async function closeMoot(
  sql: Sql,
  { refs, at, limit }: { refs?: readonly PurchaseRef[] | undefined; at: Date; limit: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `WITH moot AS (
       SELECT r.tenant_id, r.id FROM fraud_review r
       WHERE r.status = 'open'
         AND ($1::uuid[] IS NULL OR (r.tenant_id, r.purchase_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])))
         AND NOT EXISTS (
           SELECT 1 FROM commission c
           WHERE c.tenant_id = r.tenant_id AND c.purchase_id = r.purchase_id AND c.beneficiary_id = r.beneficiary_id
             AND 'fraud_review' = ANY (c.hold_causes))
       LIMIT $3 FOR UPDATE OF r SKIP LOCKED
     ), closed AS (
       UPDATE fraud_review r SET status = 'moot' FROM moot
       WHERE r.tenant_id = moot.tenant_id AND r.id = moot.id RETURNING r.tenant_id, r.id
     )
     INSERT INTO fraud_decision (tenant_id, review_id, decision, reason, decided_by, decided_at)
     SELECT tenant_id, id, 'moot', $4, 'fraud', $5 FROM closed`,
    [
      refs?.map(({ tenantId }) => tenantId) ?? null,
      refs?.map(({ purchaseId }) => purchaseId) ?? null,
      limit,
      'There is nothing left to decide: the entries are held for it no longer.',
      at,
    ],
  );
  return rowCount ?? 0;
}

/** Seconds since the oldest open review of any tenant was opened; 0 when there is none. */
export async function oldestOpenSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ opened_at: Date | null }>(
    `SELECT min(opened_at) AS opened_at FROM fraud_review WHERE status = 'open'`,
  );
  const openedAt = rows[0]?.opened_at ?? now;
  return Math.max(0, (now.getTime() - openedAt.getTime()) / 1_000);
}

async function readCase(sql: Sql, tenantId: TenantId, id: ReviewId): Promise<ReviewCase | undefined> {
  const { rows } = await sql.query<ReviewRow>(`${SELECT_REVIEWS} WHERE r.tenant_id = $1 AND r.id = $2`, [tenantId, id]);
  const review = rows[0] && toReview(rows[0]);
  if (review === undefined) return undefined;
  const { purchaseId, beneficiaryId } = review;
  const signals = await sql.query<SignalRow>(
    `SELECT tenant_id, purchase_id, beneficiary_id, rule, points, reason, evidence, tuning_version, found_at
     FROM fraud_signal WHERE tenant_id = $1 AND purchase_id = $2 AND beneficiary_id = $3 ORDER BY points DESC, rule`,
    [tenantId, purchaseId, beneficiaryId],
  );
  const purchase = await readPurchase(sql, tenantId, purchaseId);
  if (purchase === undefined) throw new Error('A review is about a purchase');
  return { review, signals: signals.rows.map(toSignal), purchase };
}

function toReview(row: ReviewRow): Review {
  const { decision, reason, decided_by: decidedBy, decided_at: decidedAt } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asReviewId(row.id),
    purchaseId: asPurchaseId(row.purchase_id),
    buyerId: asUserId(row.buyer_id),
    beneficiaryId: asUserId(row.beneficiary_id),
    score: row.score,
    threshold: row.threshold,
    status: row.status,
    openedAt: row.opened_at,
    decision:
      decision === null || reason === null || decidedBy === null || decidedAt === null
        ? undefined
        : { decision, reason, decidedBy, decidedAt },
  };
}
