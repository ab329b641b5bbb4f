import type { Sql } from '@dailydoco/database';
import type { RailKind } from '../rails/rail.js';
import { COLUMNS, type PayoutRow, toPayout } from './payout-rows.store.js';
import type { Payout, PayoutStatus } from './payout.js';
import { PayoutStore } from './payout.store.js';
import type { ScreenBook } from './screen-payouts.js';
import type { Finding } from './screen.js';
import type { Claim, WorkBook } from './submit-payouts.js';

/** A claimed payout is nobody else's for this long; times the number of times it was claimed, up to ten. */
const CLAIM_SECONDS = 30;

const DUE: Readonly<Record<'approved' | 'sent', readonly PayoutStatus[]>> = {
  approved: ['approved'],
  // What has settled may still come back.
  sent: ['submitted', 'unknown', 'settled'],
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

  async lockForScreening(now: Date, limit: number): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.status = 'requested' AND p.ask_at <= $1 AND NOT payout_is_frozen(p.tenant_id, p.person_id)
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
      `INSERT INTO payout_finding (tenant_id, payout_id, position, source, code, detail, found_at)
       SELECT new.tenant_id, new.payout_id,
              new.n + (SELECT count(*) FROM payout_finding f
                       WHERE f.tenant_id = new.tenant_id AND f.payout_id = new.payout_id),
              new.source, new.code, new.detail, $7::timestamptz
       FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[])
         AS new (tenant_id, payout_id, n, source, code, detail)`,
      [
        rows.map(({ tenantId }) => tenantId),
        rows.map(({ id }) => id),
        rows.map(({ n }) => n),
        rows.map(({ finding }) => finding.source),
        rows.map(({ finding }) => finding.code),
        rows.map(({ finding }) => finding.detail),
        at,
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

  async frozenAmong(payouts: readonly Payout[]): Promise<ReadonlySet<Payout['id']>> {
    const { rows } = await this.#sql.query<{ id: Payout['id'] }>(
      `SELECT asked.id FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS asked (tenant_id, person_id, id)
       WHERE payout_is_frozen(asked.tenant_id, asked.person_id)`,
      [payouts.map(({ tenantId }) => tenantId), payouts.map(({ personId }) => personId), payouts.map(({ id }) => id)],
    );
    return new Set(rows.map(({ id }) => id));
  }
}

/** Takes payouts that are due for their rails; see SubmitGiven.claim. */
export async function claimPayouts(
  sql: Sql,
  { due, rails, now, limit }: { due: 'approved' | 'sent'; rails: readonly RailKind[]; now: Date; limit: number },
): Promise<Claim[]> {
  const { rows } = await sql.query<ClaimRow>(
    `UPDATE payout p
     SET times_asked = p.times_asked + 1,
         ask_at = $1::timestamptz + make_interval(secs => ${CLAIM_SECONDS} * least(p.times_asked + 1, 10))
     FROM (SELECT d.tenant_id, d.id FROM payout d
           WHERE d.status = ANY($3) AND d.ask_at <= $1 AND d.rail = ANY($4)
             AND ($5 OR NOT payout_is_frozen(d.tenant_id, d.person_id))
           ORDER BY d.ask_at LIMIT $2 FOR NO KEY UPDATE OF d SKIP LOCKED) AS due
     WHERE p.tenant_id = due.tenant_id AND p.id = due.id
     RETURNING ${COLUMNS}, p.times_asked`,
    [now, limit, DUE[due], rails, due === 'sent'],
  );
  return rows.map((row) => ({ payout: toPayout(row), number: row.times_asked }));
}

/**
 * Seconds since the oldest payout was asked for that no rail has settled or refused; 0 when there is none. Across
 * tenants. Those of frozen persons wait on purpose, those under review for a person's decision.
 */
export async function oldestUnsettledSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `SELECT coalesce(extract(epoch FROM $1::timestamptz - min(p.requested_at)), 0)::float8 AS seconds FROM payout p
     WHERE p.status IN ('requested', 'approved', 'submitted', 'unknown') AND p.ask_at IS NOT NULL
       AND NOT payout_is_frozen(p.tenant_id, p.person_id)`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}
