import type { Sql } from '@dailydoco/database';
import type { ChargebackWin, Fact } from './fact.js';

// Grouped before it is added to the sums: an upsert may touch each row of the target once only. Rows are taken in the
// order of their key, so that writers wait for each other and never in a circle.
const ADD_TO_HOURS = `
  INSERT INTO metric_hour AS h (tenant_id, hour, kind, currency, facts, micros)
  SELECT tenant_id, date_trunc('hour', at, 'UTC') AS hour, kind, currency, count(*), sum(micros)
  FROM added GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (tenant_id, hour, kind, currency)
    DO UPDATE SET facts = h.facts + excluded.facts, micros = h.micros + excluded.micros`;

const ADD_FACTS = `
  WITH added AS (
    INSERT INTO metric_fact (tenant_id, kind, source_id, sequence, at, currency, micros)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::text[], $7::bigint[])
      AS f (tenant_id, kind, source_id, sequence, at, currency, micros)
    ORDER BY tenant_id, kind, source_id, sequence
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, kind, at, currency, micros
  )
  ${ADD_TO_HOURS}`;

const ADD_WINS = `
  INSERT INTO chargeback_win (tenant_id, refund_id, won_at)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (tenant_id, refund_id, won_at)
  ORDER BY tenant_id, refund_id
  ON CONFLICT DO NOTHING`;

const MATCH_WINS = `
  WITH touched AS (
    SELECT DISTINCT tenant_id, refund_id FROM unnest($1::uuid[], $2::uuid[]) AS t (tenant_id, refund_id)
  ), added AS (
    INSERT INTO metric_fact (tenant_id, kind, source_id, sequence, at, currency, micros)
    SELECT w.tenant_id, 'chargeback_win', w.refund_id, 0, w.won_at, f.currency, f.micros
    FROM touched t
    JOIN chargeback_win w ON w.tenant_id = t.tenant_id AND w.refund_id = t.refund_id
    JOIN metric_fact f ON f.tenant_id = t.tenant_id AND f.kind = 'refund' AND f.source_id = t.refund_id
    ORDER BY w.tenant_id, w.refund_id
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, kind, at, currency, micros
  )
  ${ADD_TO_HOURS}`;

/** Writes facts and the sums of their hours, in the database transaction that it is given. */
export class FactStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Facts that are known already change nothing. Any order leads to the same sums. */
  async add(facts: readonly Fact[], wins: readonly ChargebackWin[] = []): Promise<void> {
    if (facts.length > 0) await this.#sql.query(ADD_FACTS, columnsOf(facts));
    if (wins.length > 0) {
      await this.#sql.query(ADD_WINS, [
        wins.map(({ tenantId }) => tenantId),
        wins.map(({ refundId }) => refundId),
        wins.map(({ wonAt }) => wonAt.toISOString()),
      ]);
    }
    const refunds = facts.filter(({ kind }) => kind === 'refund');
    if (refunds.length + wins.length === 0) return;
    await this.#sql.query(MATCH_WINS, [
      [...refunds, ...wins].map(({ tenantId }) => tenantId),
      [...refunds.map(({ sourceId }) => sourceId), ...wins.map(({ refundId }) => refundId)],
    ]);
  }
}

function columnsOf(facts: readonly Fact[]): unknown[] {
  return [
    facts.map(({ tenantId }) => tenantId),
    facts.map(({ kind }) => kind),
    facts.map(({ sourceId }) => sourceId),
    facts.map(({ sequence }) => sequence.toString()),
    facts.map(({ at }) => at.toISOString()),
    facts.map(({ money }) => money?.currency ?? ''),
    facts.map(({ money }) => (money?.micros ?? 0n).toString()),
  ];
}
