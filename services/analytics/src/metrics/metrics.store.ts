import type { Sql } from '@dailydoco/database';
import type { FactKind } from '../facts/fact.js';
import type { TenantId } from '../ids.js';
import type { Sum, SumReads } from './viral-metrics.js';
import type { SplitWindow } from './window.js';

// One statement sees one state of the database, so that hours and single facts fit together.
const SUMS = `
  SELECT kind, currency, sum(facts)::text AS facts, sum(micros)::text AS micros FROM (
    SELECT kind, currency, facts, micros FROM metric_hour WHERE tenant_id = $1 AND hour >= $2 AND hour < $3
    UNION ALL
    SELECT kind, currency, 1, micros FROM metric_fact WHERE tenant_id = $1 AND at >= $4 AND at < $5
    UNION ALL
    SELECT kind, currency, 1, micros FROM metric_fact WHERE tenant_id = $1 AND at >= $6 AND at < $7
  ) AS parts
  GROUP BY kind, currency`;

export class MetricsStore implements SumReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async sums(tenantId: TenantId, { hours, before, after }: SplitWindow): Promise<Sum[]> {
    const bounds = [hours, before, after].flatMap(({ from, to }) => [from.toISOString(), to.toISOString()]);
    const { rows } = await this.#sql.query<{ kind: FactKind; currency: string; facts: string; micros: string }>(SUMS, [
      tenantId,
      ...bounds,
    ]);
    return rows.map((row) => ({ ...row, facts: Number(row.facts), micros: BigInt(row.micros) }));
  }
}
