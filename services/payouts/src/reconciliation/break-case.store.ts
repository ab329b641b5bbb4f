import type { Sql } from '@dailydoco/database';
import {
  asBreakId,
  asJournalId,
  asRunId,
  asTenantId,
  asUserId,
  type BreakId,
  type JournalId,
  type TenantId,
} from '../ids.js';
import type { BreakCase, BreakStatus, BreakStep, Invariant, SteppedBreak } from './break-case.js';
import type { BreakBook, BreakQuery } from './breaks.js';

interface CaseRow {
  tenant_id: string;
  id: string;
  invariant: Invariant;
  subject: string;
  detail: string;
  status: BreakStatus;
  opened_at: Date;
  last_seen_at: Date;
  times_seen: number;
  owner_id: string | null;
  answered_at: Date | null;
  resolved_at: Date | null;
  steps: number;
}

interface StepRow {
  position: number;
  kind: BreakStep['kind'];
  user_id: string | null;
  run_id: string | null;
  text: string | null;
  journal_ids: string[];
  taken_at: Date;
}

const COLUMNS = `tenant_id, id, invariant, subject, detail, status, opened_at, last_seen_at, times_seen, owner_id,
  answered_at, resolved_at, steps`;
/** Runs add a step only when a case opens, ends or is found again after an answer, so that more than this is a quarrel. */
const MOST_STEPS_SHOWN = 500;

/** The break queue: over a pool to read, over a database transaction to change. */
export class BreakCaseStore implements BreakBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list({ tenantId, status, ownerId, after, limit }: BreakQuery): Promise<BreakCase[]> {
    const { rows } = await this.#sql.query<CaseRow>(
      `SELECT ${COLUMNS} FROM break_case
       WHERE tenant_id = $1 AND CASE WHEN $2::text IS NULL THEN status <> 'resolved' ELSE status = $2 END
         AND ($3::uuid IS NULL OR owner_id = $3) AND ($4::uuid IS NULL OR id > $4)
       ORDER BY id LIMIT $5`,
      [tenantId, status ?? null, ownerId ?? null, after ?? null, limit],
    );
    return rows.map(toCase);
  }

  async find(tenantId: TenantId, id: BreakId): Promise<{ breakCase: BreakCase; steps: BreakStep[] } | undefined> {
    const { rows } = await this.#sql.query<CaseRow>(
      `SELECT ${COLUMNS} FROM break_case WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    );
    if (rows[0] === undefined) return undefined;
    const steps = await this.#sql.query<StepRow>(
      `SELECT position, kind, user_id, run_id, text, journal_ids, taken_at FROM break_step
       WHERE tenant_id = $1 AND break_id = $2 ORDER BY position LIMIT ${MOST_STEPS_SHOWN}`,
      [tenantId, id],
    );
    return { breakCase: toCase(rows[0]), steps: steps.rows.map(toStep) };
  }

  async lock(tenantId: TenantId, id: BreakId): Promise<BreakCase | undefined> {
    const { rows } = await this.#sql.query<CaseRow>(
      `SELECT ${COLUMNS} FROM break_case WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
      [tenantId, id],
    );
    return rows[0] && toCase(rows[0]);
  }

  async save({ breakCase, step }: SteppedBreak): Promise<void> {
    const { tenantId, id, status, ownerId, answeredAt, steps } = breakCase;
    await this.#sql.query(
      'UPDATE break_case SET status = $3, owner_id = $4, answered_at = $5, steps = $6 WHERE tenant_id = $1 AND id = $2',
      [tenantId, id, status, ownerId ?? null, answeredAt ?? null, steps],
    );
    await this.#sql.query(
      `INSERT INTO break_step (tenant_id, break_id, position, kind, user_id, run_id, text, journal_ids, taken_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8::uuid[], $9)`,
      [
        tenantId,
        id,
        step.position,
        step.kind,
        step.userId ?? null,
        step.runId ?? null,
        step.text ?? null,
        step.journalIds,
        step.takenAt,
      ],
    );
  }

  async knownJournals(tenantId: TenantId, ids: readonly JournalId[]): Promise<Set<JournalId>> {
    const { rows } = await this.#sql.query<{ id: string }>(
      'SELECT id FROM journal WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
      [tenantId, ids],
    );
    return new Set(rows.map(({ id }) => asJournalId(id)));
  }
}

/** The cases that stood when a run ended at this time, oldest first. */
export async function findStandingAt(sql: Sql, tenantId: TenantId, at: Date): Promise<BreakCase[]> {
  const { rows } = await sql.query<CaseRow>(
    `SELECT ${COLUMNS} FROM break_case
     WHERE tenant_id = $1 AND opened_at <= $2 AND (resolved_at IS NULL OR resolved_at > $2) ORDER BY opened_at, id`,
    [tenantId, at],
  );
  return rows.map(toCase);
}

/** How old the oldest case is, of all tenants, that nobody has accepted and that still stands; 0 when there is none. */
export async function oldestBreakSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `SELECT coalesce(extract(epoch FROM $1::timestamptz - min(opened_at)), 0)::float8 AS seconds
     FROM break_case WHERE status IN ('open', 'corrected')`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}

function toCase(row: CaseRow): BreakCase {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asBreakId(row.id),
    invariant: row.invariant,
    subject: row.subject,
    detail: row.detail,
    status: row.status,
    openedAt: row.opened_at,
    lastSeenAt: row.last_seen_at,
    timesSeen: row.times_seen,
    ownerId: row.owner_id === null ? undefined : asUserId(row.owner_id),
    answeredAt: row.answered_at ?? undefined,
    resolvedAt: row.resolved_at ?? undefined,
    steps: row.steps,
  };
}

function toStep(row: StepRow): BreakStep {
  return {
    position: row.position,
    kind: row.kind,
    userId: row.user_id === null ? undefined : asUserId(row.user_id),
    runId: row.run_id === null ? undefined : asRunId(row.run_id),
    text: row.text ?? undefined,
    journalIds: row.journal_ids.map(asJournalId),
    takenAt: row.taken_at,
  };
}
