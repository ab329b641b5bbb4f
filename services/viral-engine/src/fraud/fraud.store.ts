import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { DecisionBook } from '../commissions/decide-commissions.js';
import { DecisionStore } from '../commissions/decision.store.js';
import { asPurchaseId, asTenantId, asUserId, type TenantId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchases } from '../purchases/purchase-rows.store.js';
import type {
  FoundSignal,
  MemberFingerprint,
  MemberRef,
  NewReview,
  PaidPurchase,
  PurchaseRef,
  ReferralActivity,
  ScoreBook,
} from './fraud-book.js';
import type { EntryFacts } from './fraud-facts.js';
import { readFacts } from './fraud-facts.store.js';
import { columns } from './fraud-queries.store.js';
import { signalKey, type SignalRow, toSignal } from './signal-rows.store.js';
import { closeMoot } from './review.store.js';
import { readTunings } from './tuning.store.js';
import type { Tuning } from './tuning.js';

const HOUR_MS = 3_600_000;
/** So many of a member's newest commissions are looked through for what they still earn from. */
const NEWEST_ENTRIES = 1_000;

/** What scoring reads and writes, in one open database transaction. */
export class FraudStore implements ScoreBook {
  readonly decisions: DecisionBook;
  readonly #sql: Sql;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.decisions = new DecisionStore(sql, outbox);
  }

  async addFingerprints(fingerprints: readonly MemberFingerprint[]): Promise<MemberRef[]> {
    const hex = (print: Uint8Array | undefined) => (print === undefined ? null : Buffer.from(print).toString('hex'));
    const { rows } = await this.#sql.query<{ tenant_id: string; user_id: string }>(
      `INSERT INTO member_fingerprint (tenant_id, user_id, email, email_disposable, address, agent, device, learnt_at)
       SELECT tenant_id, user_id, decode(email, 'hex'), disposable, decode(address, 'hex'), decode(agent, 'hex'),
              decode(device, 'hex'), now()
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[])
         AS told (tenant_id, user_id, email, disposable, address, agent, device)
       ORDER BY tenant_id, user_id ON CONFLICT DO NOTHING
       RETURNING tenant_id, user_id`,
      [
        ...columns(fingerprints, 'tenantId', 'userId'),
        fingerprints.map(({ email }) => hex(email)),
        fingerprints.map(({ isEmailDisposable }) => isEmailDisposable),
        fingerprints.map(({ address }) => hex(address)),
        fingerprints.map(({ agent }) => hex(agent)),
        fingerprints.map(({ device }) => hex(device)),
      ],
    );
    return rows.map((row) => ({ tenantId: asTenantId(row.tenant_id), userId: asUserId(row.user_id) }));
  }

  async countActivity(activity: readonly ReferralActivity[]): Promise<void> {
    const hours = activity.map(({ at }) => new Date(Math.floor(at.getTime() / HOUR_MS) * HOUR_MS).toISOString());
    await this.#sql.query(
      `INSERT INTO referral_hour (tenant_id, referrer_id, hour, registrations, purchases, refunded)
       SELECT tenant_id, referrer_id, hour, count(*) FILTER (WHERE kind = 'registration'),
              count(*) FILTER (WHERE kind = 'purchase'), count(*) FILTER (WHERE kind = 'refund')
       FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) AS told (tenant_id, referrer_id, hour, kind)
       GROUP BY tenant_id, referrer_id, hour ORDER BY tenant_id, referrer_id, hour
       ON CONFLICT (tenant_id, referrer_id, hour) DO UPDATE SET
         registrations = referral_hour.registrations + excluded.registrations,
         purchases = referral_hour.purchases + excluded.purchases,
         refunded = referral_hour.refunded + excluded.refunded`,
      [...columns(activity, 'tenantId', 'referrerId'), hours, activity.map(({ kind }) => kind)],
    );
  }

  async findPurchasesOf(members: readonly MemberRef[], limit: number): Promise<PurchaseRef[]> {
    const { rows } = await this.#sql.query<{ tenant_id: string; purchase_id: string }>(
      `SELECT DISTINCT asked.tenant_id, own.purchase_id
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
       CROSS JOIN LATERAL (
         (SELECT p.id AS purchase_id FROM purchase p
          WHERE p.tenant_id = asked.tenant_id AND p.buyer_id = asked.user_id ORDER BY p.recorded_at DESC LIMIT $3)
         UNION ALL
         (SELECT newest.purchase_id FROM (
            SELECT c.id, c.purchase_id, c.status FROM commission c
            WHERE c.tenant_id = asked.tenant_id AND c.beneficiary_id = asked.user_id ORDER BY c.id DESC LIMIT $4) AS newest
          WHERE newest.status IN ('pending', 'held') ORDER BY newest.id DESC LIMIT $3)
       ) AS own
       ORDER BY asked.tenant_id, own.purchase_id`,
      [...columns(members, 'tenantId', 'userId'), limit, NEWEST_ENTRIES],
    );
    return rows.map(toPurchaseRef);
  }

  readPurchases(refs: readonly PurchaseRef[]): Promise<PurchaseRecord[]> {
    return readPurchases(this.#sql, refs);
  }

  readTunings(tenantIds: readonly TenantId[]): Promise<Map<TenantId, Tuning>> {
    return readTunings(this.#sql, tenantIds);
  }

  async addPaymentWays(purchases: readonly PaidPurchase[]): Promise<void> {
    const ways = purchases.flatMap(({ earners, ...purchase }) =>
      earners.map(({ beneficiaryId }) => ({ ...purchase, beneficiaryId })),
    );
    // A way that is used all the time is written once an hour.
    await this.#sql.query(
      `INSERT INTO payment_way (tenant_id, buyer_id, beneficiary_id, purchase_id, paid_at)
       SELECT DISTINCT ON (tenant_id, buyer_id, beneficiary_id) *
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[])
         AS told (tenant_id, buyer_id, beneficiary_id, purchase_id, paid_at)
       ORDER BY tenant_id, buyer_id, beneficiary_id, paid_at DESC
       ON CONFLICT (tenant_id, buyer_id, beneficiary_id) DO UPDATE
         SET purchase_id = excluded.purchase_id, paid_at = excluded.paid_at
         WHERE payment_way.paid_at < excluded.paid_at - interval '1 hour'`,
      [...columns(ways, 'tenantId', 'buyerId', 'beneficiaryId', 'purchaseId'), ways.map(({ at }) => at.toISOString())],
    );
  }

  readFacts(purchases: readonly PaidPurchase[], tunings: ReadonlyMap<TenantId, Tuning>): Promise<EntryFacts[]> {
    return readFacts(this.#sql, purchases, tunings);
  }

  async addSignals(signals: readonly FoundSignal[], at: Date): Promise<FoundSignal[]> {
    const { rows } = await this.#sql.query<Pick<SignalRow, 'tenant_id' | 'purchase_id' | 'beneficiary_id' | 'rule'>>(
      `INSERT INTO fraud_signal (tenant_id, purchase_id, beneficiary_id, rule, points, reason, evidence, tuning_version, found_at)
       SELECT *, $9::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::text[],
         $7::jsonb[], $8::integer[]) AS found (tenant_id, purchase_id, beneficiary_id, rule, points, reason, evidence, version)
       ORDER BY tenant_id, purchase_id, beneficiary_id, rule ON CONFLICT DO NOTHING
       RETURNING tenant_id, purchase_id, beneficiary_id, rule`,
      [
        ...columns(signals, 'tenantId', 'purchaseId', 'beneficiaryId', 'rule', 'points', 'reason'),
        signals.map(({ evidence }) => JSON.stringify(evidence)),
        signals.map(({ tuningVersion }) => tuningVersion),
        at,
      ],
    );
    const added = new Set(rows.map(signalKey));
    return signals.filter(({ tenantId, purchaseId, beneficiaryId, rule }) =>
      added.has(signalKey({ tenant_id: tenantId, purchase_id: purchaseId, beneficiary_id: beneficiaryId, rule })),
    );
  }

  async readSignals(refs: readonly PurchaseRef[]): Promise<FoundSignal[]> {
    const { rows } = await this.#sql.query<SignalRow>(
      `SELECT f.tenant_id, f.purchase_id, f.beneficiary_id, f.rule, f.points, f.reason, f.evidence, f.tuning_version,
              f.found_at
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id)
       JOIN fraud_signal f ON f.tenant_id = asked.tenant_id AND f.purchase_id = asked.purchase_id`,
      columns(refs, 'tenantId', 'purchaseId'),
    );
    return rows.map(toSignal);
  }

  async addReviews(reviews: readonly NewReview[], at: Date): Promise<NewReview[]> {
    if (reviews.length === 0) return [];
    const { rows } = await this.#sql.query<{ id: string }>(
      `INSERT INTO fraud_review (tenant_id, id, purchase_id, buyer_id, beneficiary_id, score, threshold, opened_at)
       SELECT *, $8::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::smallint[],
         $7::smallint[]) AS wanted (tenant_id, id, purchase_id, buyer_id, beneficiary_id, score, threshold)
       ORDER BY tenant_id, purchase_id, beneficiary_id
       ON CONFLICT (tenant_id, purchase_id, beneficiary_id) DO NOTHING RETURNING id`,
      [...columns(reviews, 'tenantId', 'id', 'purchaseId', 'buyerId', 'beneficiaryId', 'score', 'threshold'), at],
    );
    const opened = new Set(rows.map(({ id }) => id));
    return reviews.filter(({ id }) => opened.has(id));
  }

  closeMoot(query: { refs?: readonly PurchaseRef[] | undefined; at: Date; limit: number }): Promise<number> {
    return closeMoot(this.#sql, query);
  }
}

function toPurchaseRef(row: { tenant_id: string; purchase_id: string }): PurchaseRef {
  return { tenantId: asTenantId(row.tenant_id), purchaseId: asPurchaseId(row.purchase_id) };
}

/** Deletes hours and ways that no window reaches any more; true: more is left. */
export async function deleteOld(sql: Sql, { before, limit }: { before: Date; limit: number }): Promise<boolean> {
  const hours = await sql.query(
    'DELETE FROM referral_hour WHERE ctid = ANY (ARRAY(SELECT ctid FROM referral_hour WHERE hour < $1 LIMIT $2))',
    [before, limit],
  );
  const ways = await sql.query(
    'DELETE FROM payment_way WHERE ctid = ANY (ARRAY(SELECT ctid FROM payment_way WHERE paid_at < $1 LIMIT $2))',
    [before, limit],
  );
  return hours.rowCount === limit || ways.rowCount === limit;
}
