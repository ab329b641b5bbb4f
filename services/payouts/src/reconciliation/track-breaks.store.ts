import type { Sql } from '@dailydoco/database';
import type { Reconciliation } from './reconcile-tenant.js';

/** A case that ends names at most this many journals that were written about its subject while it stood. */
const MOST_JOURNALS_NAMED = 20;

/**
 * Brings the break queue to what a run found, in a fixed number of statements: cases that are found again, that are
 * new, and that are gone. A run that saw only a part of what breaks an invariant ends no case of it, and one that began
 * before another that is written down already changes nothing. The caller's database transaction holds the tenant's
 * lock (lockQueue).
 */
export async function trackBreaks(sql: Sql, run: Reconciliation, newId: () => string): Promise<void> {
  if (run.outcome === 'failed' || (await isOutdated(sql, run))) return;
  await seeAgain(sql, run);
  await open(sql, run, newId);
  await resolveGone(sql, run);
}

/** One run at a time writes into a tenant's queue. */
export async function lockQueue(sql: Sql, tenantId: string): Promise<void> {
  await sql.query("SELECT pg_advisory_xact_lock(hashtextextended('break queue ' || $1, 0))", [tenantId]);
}

async function isOutdated(sql: Sql, { tenantId, id, startedAt }: Reconciliation): Promise<boolean> {
  const { rowCount } = await sql.query(
    `SELECT 1 FROM reconciliation_run WHERE tenant_id = $1 AND id <> $2 AND started_at > $3 AND outcome <> 'failed' LIMIT 1`,
    [tenantId, id, startedAt],
  );
  return rowCount > 0;
}

function foundColumns({ tenantId, breaks }: Reconciliation): unknown[] {
  return [
    tenantId,
    breaks.map(({ invariant }) => invariant),
    breaks.map(({ subject }) => subject),
    breaks.map(({ detail }) => detail),
  ];
}

async function seeAgain(sql: Sql, run: Reconciliation): Promise<void> {
  // What was answered for by journals and is found by a run that began later is open again.
  await sql.query(
    `WITH before AS (
       SELECT id, status = 'corrected' AND answered_at < $7 AS again FROM break_case
       WHERE tenant_id = $1 AND status <> 'resolved' FOR NO KEY UPDATE),
     seen AS (
       UPDATE break_case c
       SET detail = found.detail, last_seen_at = $6, last_run = $5, times_seen = c.times_seen + 1,
           status = CASE WHEN before.again THEN 'open' ELSE c.status END,
           answered_at = CASE WHEN before.again THEN NULL ELSE c.answered_at END,
           steps = c.steps + before.again::integer
       FROM unnest($2::text[], $3::text[], $4::text[]) AS found (invariant, subject, detail), before
       WHERE c.tenant_id = $1 AND c.invariant = found.invariant AND c.subject = found.subject AND c.id = before.id
       RETURNING c.id, c.steps, c.detail, before.again)
     INSERT INTO break_step (tenant_id, break_id, position, kind, run_id, text, taken_at)
     SELECT $1, id, steps, 'found_again', $5, detail, $6 FROM seen WHERE again`,
    [...foundColumns(run), run.id, run.finishedAt, run.startedAt],
  );
}

async function open(sql: Sql, run: Reconciliation, newId: () => string): Promise<void> {
  await sql.query(
    `WITH opened AS (
       INSERT INTO break_case (tenant_id, id, invariant, subject, detail, opened_at, opened_by_run, last_seen_at, last_run)
       SELECT $1, found.id, found.invariant, found.subject, found.detail, $7, $6, $7, $6
       FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) AS found (invariant, subject, detail, id)
       ON CONFLICT (tenant_id, invariant, subject) WHERE status <> 'resolved' DO NOTHING
       RETURNING id, detail)
     INSERT INTO break_step (tenant_id, break_id, position, kind, run_id, text, taken_at)
     SELECT $1, id, 1, 'opened', $6, detail, $7 FROM opened`,
    [...foundColumns(run), run.breaks.map(() => newId()), run.id, run.finishedAt],
  );
}

async function resolveGone(sql: Sql, run: Reconciliation): Promise<void> {
  await sql.query(
    `WITH gone AS (
       UPDATE break_case SET status = 'resolved', resolved_at = $3, steps = steps + 1
       WHERE tenant_id = $1 AND status <> 'resolved' AND last_run <> $2 AND invariant <> ALL ($4::text[])
       RETURNING id, steps, subject, opened_at)
     INSERT INTO break_step (tenant_id, break_id, position, kind, run_id, journal_ids, taken_at)
     SELECT $1, gone.id, gone.steps, 'resolved', $2, coalesce(${JOURNALS_SINCE}, '{}'), $3 FROM gone`,
    [run.tenantId, run.id, run.finishedAt, [...run.incomplete]],
  );
}

/** The journals about a case's subject that were written since the case was opened, the first of the newest. */
const JOURNALS_SINCE = `(
  SELECT array_agg(about.id ORDER BY about.id) FROM (
    SELECT DISTINCT j.id
    FROM (SELECT split_part(gone.subject, ' ', 1) AS kind, split_part(gone.subject, ' ', 2) AS thing) AS subject,
      LATERAL (
        SELECT id, recorded_at FROM journal
        WHERE tenant_id = $1 AND purchase_id = CASE subject.kind WHEN 'purchase' THEN subject.thing::uuid END
        UNION ALL
        SELECT id, recorded_at FROM journal
        WHERE tenant_id = $1 AND payout_id = CASE subject.kind WHEN 'payout' THEN subject.thing::uuid END
        UNION ALL
        SELECT w.id, w.recorded_at
        FROM (SELECT id FROM account
              WHERE tenant_id = $1 AND id = CASE subject.kind WHEN 'account' THEN subject.thing::uuid END
              UNION ALL
              SELECT id FROM account
              WHERE tenant_id = $1 AND owner_id = CASE subject.kind WHEN 'person' THEN subject.thing::uuid END) AS a,
          LATERAL (SELECT journal_id FROM posting WHERE tenant_id = $1 AND account_id = a.id
                   ORDER BY position DESC LIMIT ${MOST_JOURNALS_NAMED}) AS p
        JOIN journal w ON w.tenant_id = $1 AND w.id = p.journal_id) AS j
    WHERE j.recorded_at >= gone.opened_at
    ORDER BY j.id LIMIT ${MOST_JOURNALS_NAMED}) AS about)`;
