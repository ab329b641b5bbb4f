import type { Sql } from '@dailydoco/database';
import { asTenantId, type TenantId } from '../ids.js';
import type { TuningBook, TuningChange } from './change-tuning.js';
import type { RuleRecord } from './risk-rules.js';
import { RULE_NAMES, type Tuning, type TuningChoice, tuningOf } from './tuning.js';

interface TuningRow {
  readonly tenant_id: string;
  readonly version: number;
  readonly choice: TuningChoice;
}

/** The tunings of those tenants who have one. */
export async function readTunings(sql: Sql, tenantIds: readonly TenantId[]): Promise<Map<TenantId, Tuning>> {
  const { rows } = await sql.query<TuningRow>(
    `SELECT last.* FROM unnest($1::uuid[]) AS asked (tenant_id)
     CROSS JOIN LATERAL (
       SELECT tenant_id, version, choice FROM risk_tuning t
       WHERE t.tenant_id = asked.tenant_id ORDER BY version DESC LIMIT 1
     ) AS last`,
    [tenantIds],
  );
  return new Map(rows.map((row) => [asTenantId(row.tenant_id), tuningOf(row.choice, row.version)]));
}

/** What people decided about the findings of each rule; of a payout that ended otherwise nothing was decided. */
export async function readRuleRecords(sql: Sql, tenantId: TenantId): Promise<RuleRecord[]> {
  const { rows } = await sql.query<{ code: string; decided: number; upheld: number }>(
    `SELECT code, count(*)::integer AS decided, (count(*) FILTER (WHERE decision = 'upheld'))::integer AS upheld
     FROM payout_finding WHERE tenant_id = $1 AND source = 'risk' AND decision IS NOT NULL GROUP BY code`,
    [tenantId],
  );
  return RULE_NAMES.flatMap((rule) =>
    rows.filter(({ code }) => code === rule).map(({ decided, upheld }) => ({ rule, decided, upheld })),
  );
}

/** The tuning of a tenant in an open database transaction. */
export class TuningStore implements TuningBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lock(tenantId: TenantId): Promise<Tuning | undefined> {
    await this.#sql.query("SELECT pg_advisory_xact_lock(hashtextextended('risk tuning ' || $1, 0))", [tenantId]);
    return (await readTunings(this.#sql, [tenantId])).get(tenantId);
  }

  async add({ tenantId, choice, changedBy, reason, changedAt }: TuningChange, version: number): Promise<void> {
    await this.#sql.query(
      `INSERT INTO risk_tuning (tenant_id, version, choice, changed_by, reason, changed_at)
       VALUES ($1, $2, $3::jsonb, $4, $5, $6)`,
      [tenantId, version, JSON.stringify(choice), changedBy, reason, changedAt],
    );
  }
}
