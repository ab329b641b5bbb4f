import type { Sql } from '@dailydoco/database';

/** One change of somebody's access; ids only, nothing personal. */
export interface AuditEntry {
  readonly tenantId: string;
  /** `user:<id>`, `apiKey:<id>`, `anonymous`, or `installation` for what the boot does. */
  readonly actor: string;
  readonly action: string;
  readonly subjectId: string;
  readonly detail?: object;
}

/** Adds a row that nobody can change afterwards. */
export async function appendAudit(sql: Sql, entry: AuditEntry, row: { id: string; at: Date }): Promise<void> {
  const { tenantId, actor, action, subjectId, detail = {} } = entry;
  await sql.query(
    `INSERT INTO access_audit (tenant_id, id, occurred_at, actor, action, subject_id, detail)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tenantId, row.id, row.at, actor, action, subjectId, JSON.stringify(detail)],
  );
}
