import type { Sql } from '@dailydoco/database';
import type { RailKind } from '../rails/rail.js';
import { COLUMNS, MAY_BE_SENT, MAY_LEAVE, type PayoutRow, toPayout } from './payout-rows.store.js';
import type { Payout } from './payout.js';
import { PayoutStore } from './payout.store.js';
import { readApprovalsAbove, readAskedLately } from './review.store.js';
import type { ScreenBook } from './screen-payouts.js';
import type { Finding } from './screen.js';
import type { Claim, WorkBook } from './submit-payouts.js';

/** A claimed payout is nobody else's for this long; times the number of times it was claimed, up to ten. */
const CLAIM_SECONDS = 30;

/** In the words of the partial indexes, so that the heads of the queues are read and nothing behind them. */
const DUE: Readonly<Record<'approved' | 'sent', string>> = {
  approved: `p.status = 'approved' AND ${MAY_BE_SENT}`,
  // What has settled may still come back.
  sent: `p.status IN ('submitted', 'unknown', 'settled')`,
};

interface ClaimRow extends PayoutRow {
  times_asked: number;
}

/** Payouts as the worker sees them in one open database transaction; across tenants, as it serves all. */
export class WorkStore extends PayoutStore implements WorkBook, ScreenBook {
  readonly #sql: Sql;

  constructor(sql: Sql, given: ConstructorParameters<typeof PayoutStore>[1]) {
    super(sql, given);
    this.#sql = sql;
  }

  approvalsAbove(payouts: readonly Payout[]): Promise<ReadonlyMap<string, bigint>> {
    return readApprovalsAbove(this.#sql, payouts);
  }

  askedLately(payouts: readonly Payout[]): Promise<ReadonlyMap<Payout['id'], bigint>> {
    return readAskedLately(this.#sql, payouts);
  }

  async lockForScreening(now: Date, limit: number): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.status = 'requested' AND p.ask_at <= $1 AND ${MAY_LEAVE}
       ORDER BY p.ask_at, p.tenant_id, p.id LIMIT $2 FOR NO KEY UPDATE OF p SKIP LOCKED`,
      [now, limit],
    );
    return rows.map(toPayout);
  }

  async addFindings(found: readonly { payout: Payout; findings: readonly Finding[] }[], at: Date): Promise<void> {
    const rows = found.flatMap(({ payout: { tenantId, id }, findings }) =>
      findings.map((finding, n) => ({ tenantId, id, n: n + 1, finding })),
    );
    if (rows.length === 0) return;
    await this.#sql.query(
      `INSERT INTO payout_finding (tenant_id, payout_id, position, source, code, detail, found_at, hit_id)
       SELECT new.tenant_id, new.payout_id,
              new.n + (SELECT count(*) FROM payout_finding f
                       WHERE f.tenant_id = new.tenant_id AND f.payout_id = new.payout_id),
              new.source, new.code, new.detail, $7::timestamptz, new.hit_id
       FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[], $8::uuid[])
         AS new (tenant_id, payout_id, n, source, code, detail, hit_id)`,
      [
        rows.map(({ tenantId }) => tenantId),
        rows.map(({ id }) => id),
        rows.map(({ n }) => n),
        rows.map(({ finding }) => finding.source),
        rows.map(({ finding }) => finding.code),
        rows.map(({ finding }) => finding.detail),
        at,
        rows.map(({ finding }) => finding.hitId ?? null),
      ],
    );
  }

  async lockClaimed(claims: readonly Claim[]): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE (p.tenant_id, p.id, p.times_asked) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[]))
       ORDER BY p.tenant_id, p.id FOR NO KEY UPDATE`,
      [
        claims.map(({ payout }) => payout.tenantId),
        claims.map(({ payout }) => payout.id),
        claims.map(({ number }) => number),
      ],
    );
    return rows.map(toPayout);
  }
}

/** Takes payouts that are due for their rails; see SubmitGiven.claim. */
export async function claimPayouts(
  sql: Sql,
  { due, rails, now, limit }: { due: 'approved' | 'sent'; rails: readonly RailKind[]; now: Date; limit: number },
): Promise<Claim[]> {
  const { rows } = await sql.query<ClaimRow>(
    `WITH due AS (
       SELECT p.tenant_id, p.id FROM payout p WHERE p.ask_at <= $1 AND p.rail = ANY($3) AND ${DUE[due]}
       ORDER BY p.ask_at LIMIT $2 FOR NO KEY UPDATE OF p SKIP LOCKED)
     UPDATE payout p
     SET times_asked = p.times_asked + 1,
         ask_at = $1::timestamptz + make_interval(secs => ${CLAIM_SECONDS} * least(p.times_asked + 1, 10))
     FROM due WHERE p.tenant_id = due.tenant_id AND p.id = due.id
     RETURNING ${COLUMNS}, p.times_asked`,
    [now, limit, rails],
  );
  return rows.map((row) => ({ payout: toPayout(row), number: row.times_asked }));
}

/** What waits on payouts, across tenants. */
export interface PayoutMeasures {
  /**
   * Since the oldest payout was asked for that no rail has settled or refused; 0 when there is none. Those of frozen
   * persons and stopped tenants wait on purpose, those under review or whose person matches a list for a decision.
   */
  readonly oldestUnsettledSeconds: number;
  /** Since the oldest payout became unknown that still is; 0 when there is none. */
  readonly oldestUnknownSeconds: number;
  /** How many stand in each status that is not an end. */
  readonly waiting: ReadonlyMap<OpenStatus, number>;
}

const OPEN_STATUSES = ['requested', 'screened', 'approved', 'submitted', 'unknown'] as const;
export type OpenStatus = (typeof OPEN_STATUSES)[number];

export async function measurePayouts(sql: Sql, now: Date): Promise<PayoutMeasures> {
  const { rows } = await sql.query<{
    status: OpenStatus;
    count: number;
    unsettled: number | null;
    unknown: number | null;
  }>(
    `SELECT p.status, count(*)::int AS count,
            extract(epoch FROM $1::timestamptz - min(p.requested_at) FILTER (
              WHERE p.status <> 'screened' AND p.ask_at IS NOT NULL AND ${MAY_BE_SENT}))::float8
              AS unsettled,
            extract(epoch FROM $1::timestamptz - min(p.changed_at) FILTER (WHERE p.status = 'unknown'))::float8 AS unknown
     FROM payout p WHERE p.status IN ('requested', 'screened', 'approved', 'submitted', 'unknown') GROUP BY p.status`,
    [now],
  );
  const counts = new Map(rows.map(({ status, count }) => [status, count]));
  return {
    oldestUnsettledSeconds: Math.max(0, ...rows.map(({ unsettled }) => unsettled ?? 0)),
    oldestUnknownSeconds: Math.max(0, ...rows.map(({ unknown }) => unknown ?? 0)),
    waiting: new Map(OPEN_STATUSES.map((status) => [status, counts.get(status) ?? 0])),
  };
}
