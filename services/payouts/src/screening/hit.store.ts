import type { Sql } from '@dailydoco/database';
import { asUserId, type TenantId } from '../ids.js';
import type { StoppedBook } from '../payouts/carry-out-hit.js';
import type { HitBook } from './decide-hit.js';
import type { HitCase, HitOrder, HitStatus } from './hit-case.js';
import type { HitReads } from './hits.js';
import { readLists } from './list.store.js';
import type { ListVersion } from './lists.js';
import type { ListKind } from './sanctions-list.js';
import { LAST_DECISION } from './screening.store.js';

interface CaseRow {
  id: string;
  person_id: string;
  kind: ListKind;
  list: string;
  entry_name: string;
  program: string | null;
  score: number;
  found_at: Date;
  is_current: boolean;
  decision: 'cleared' | 'confirmed' | null;
  reason: string | null;
  decided_by: string | null;
  decided_at: Date | null;
}

const CASE = `SELECT h.id, h.person_id, h.kind, h.list, h.entry_name, h.program, h.score, h.found_at, last.*,
    EXISTS (SELECT 1 FROM screened_person s WHERE s.tenant_id = h.tenant_id AND s.person_id = h.person_id
      AND h.id = ANY (s.hit_ids)) AS is_current
  FROM screening_hit h ${LAST_DECISION}`;

/** Hits to be looked at. */
export class HitReadStore implements HitReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  lists(tenantId: TenantId): Promise<ListVersion[]> {
    return readLists(this.#sql, tenantId);
  }

  async list(query: {
    tenantId: TenantId;
    status: HitStatus;
    after: string | undefined;
    limit: number;
  }): Promise<HitCase[]> {
    const { rows } = await this.#sql.query<CaseRow>(
      `${CASE} WHERE h.tenant_id = $1 AND coalesce(last.decision, 'open') = $2 AND ($3::uuid IS NULL OR h.id > $3)
       ORDER BY h.id LIMIT $4`,
      [query.tenantId, query.status, query.after ?? null, query.limit],
    );
    return rows.map(toCase);
  }
}

/** Hits in an open database transaction. */
export class HitStore implements HitBook {
  readonly payouts: StoppedBook;
  readonly #sql: Sql;

  constructor(sql: Sql, payouts: StoppedBook) {
    this.#sql = sql;
    this.payouts = payouts;
  }

  async holdPerson(tenantId: TenantId, { personId }: HitCase): Promise<void> {
    await this.#sql.query('SELECT 1 FROM screened_person WHERE tenant_id = $1 AND person_id = $2 FOR NO KEY UPDATE', [
      tenantId,
      personId,
    ]);
  }

  async lock(tenantId: TenantId, hitId: string): Promise<HitCase | undefined> {
    await this.#sql.query("SELECT pg_advisory_xact_lock(hashtextextended('screening hit ' || $1 || ' ' || $2, 0))", [
      tenantId,
      hitId,
    ]);
    const { rows } = await this.#sql.query<CaseRow>(`${CASE} WHERE h.tenant_id = $1 AND h.id = $2`, [tenantId, hitId]);
    return rows[0] && toCase(rows[0]);
  }

  async decide({ tenantId, hitId, decision, reason, decidedBy }: HitOrder, at: Date): Promise<void> {
    await this.#sql.query(
      `INSERT INTO screening_decision (tenant_id, hit_id, position, decision, reason, decided_by, decided_at)
       SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6 FROM screening_decision
       WHERE tenant_id = $1 AND hit_id = $2`,
      [tenantId, hitId, decision, reason, decidedBy.callerId, at],
    );
  }
}

function toCase(row: CaseRow): HitCase {
  const { decision, reason, decided_by: by, decided_at: at } = row;
  return {
    id: row.id,
    personId: asUserId(row.person_id),
    kind: row.kind,
    list: row.list,
    entryName: row.entry_name,
    program: row.program ?? undefined,
    score: row.score,
    status: decision ?? 'open',
    foundAt: row.found_at,
    isCurrent: row.is_current,
    decided: reason === null || by === null || at === null ? undefined : { reason, by, at },
  };
}
