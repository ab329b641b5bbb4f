import type { Sql } from '@dailydoco/database';
import { asRunId, asTenantId, asUserId, type RunId, type TenantId } from '../ids.js';
import type { PastRun, RunReads, RunRequest, RunRequests } from './runs.js';

/** A request whose run has not ended after this long is taken over: its worker is gone. */
const CLAIM_SECONDS = 900;

/** Past runs, and requests for new ones. */
export class RunStore implements RunReads, RunRequests {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async listRuns(query: { tenantId: TenantId; before: RunId | undefined; limit: number }): Promise<PastRun[]> {
    const { rows } = await this.#sql.query<{
      id: string;
      outcome: PastRun['outcome'];
      purchases_compared: number;
      purchases_in_flight: number;
      breaks: number;
      started_at: Date;
      finished_at: Date;
    }>(
      `SELECT id, outcome, purchases_compared, purchases_in_flight, breaks, started_at, finished_at
       FROM reconciliation_run WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [query.tenantId, query.before ?? null, query.limit],
    );
    return rows.map((row) => ({
      id: asRunId(row.id),
      outcome: row.outcome,
      compared: row.purchases_compared,
      inFlight: row.purchases_in_flight,
      breaks: row.breaks,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
    }));
  }

  async ask({ tenantId, id, askedBy, askedAt }: RunRequest): Promise<RunRequest> {
    await this.#sql.query(
      `INSERT INTO reconciliation_request (tenant_id, id, asked_by, asked_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id) WHERE run_id IS NULL DO NOTHING`,
      [tenantId, id, askedBy, askedAt],
    );
    const { rows } = await this.#sql.query<{ id: string; asked_by: string; asked_at: Date }>(
      `SELECT id, asked_by, asked_at FROM reconciliation_request
       WHERE tenant_id = $1 AND (id = $2 OR run_id IS NULL) ORDER BY id = $2 DESC LIMIT 1`,
      [tenantId, id],
    );
    const [row] = rows;
    // The one that waited may have been run between the two statements; the caller's own try is as good then.
    if (row === undefined) return this.ask({ tenantId, id, askedBy, askedAt });
    return { tenantId, id: row.id, askedBy: asUserId(row.asked_by), askedAt: row.asked_at };
  }
}

/** Takes the oldest request that nobody runs, of any tenant. */
export async function claimRequest(sql: Sql, now: Date): Promise<{ tenantId: TenantId; id: string } | undefined> {
  const { rows } = await sql.query<{ tenant_id: string; id: string }>(
    `UPDATE reconciliation_request r SET claimed_at = $1
     FROM (SELECT tenant_id, id FROM reconciliation_request
           WHERE run_id IS NULL AND (claimed_at IS NULL OR claimed_at < $1::timestamptz - make_interval(secs => ${CLAIM_SECONDS}))
           ORDER BY asked_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS next
     WHERE r.tenant_id = next.tenant_id AND r.id = next.id RETURNING r.tenant_id, r.id`,
    [now],
  );
  return rows[0] && { tenantId: asTenantId(rows[0].tenant_id), id: rows[0].id };
}

/** The request was run. */
export async function endRequest(sql: Sql, request: { tenantId: TenantId; id: string }, runId: RunId): Promise<void> {
  await sql.query('UPDATE reconciliation_request SET run_id = $3 WHERE tenant_id = $1 AND id = $2', [
    request.tenantId,
    request.id,
    runId,
  ]);
}
