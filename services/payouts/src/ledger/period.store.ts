import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asTenantId, asUserId, type TenantId } from '../ids.js';
import type { PeriodBook, PeriodReads } from './close-period.js';
import { asPeriod, type ClosedPeriod, type Period } from './period.js';

/** How long a close waits for the journals under way; writers stand behind it meanwhile. */
const LOCK_TIMEOUT = '5s';
/** Summing a month up may take longer than what callers wait for. */
const SNAPSHOT_TIMEOUT = '15min';

/** Periods in one open database transaction. */
export class PeriodStore implements PeriodBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lock(tenantId: TenantId): Promise<void> {
    await this.#sql.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await this.#sql.query('SELECT pg_advisory_xact_lock(period_lock_key($1))', [tenantId]);
  }

  async lastClosed(tenantId: TenantId): Promise<Period | undefined> {
    const { rows } = await this.#sql.query<{ period: string | null }>(
      'SELECT max(period) AS period FROM ledger_period WHERE tenant_id = $1',
      [tenantId],
    );
    const period = rows[0]?.period;
    return period === null || period === undefined ? undefined : asPeriod(period);
  }

  async oldestOpen(tenantId: TenantId): Promise<Date | undefined> {
    const { rows } = await this.#sql.query<{ recorded_at: Date }>(
      `SELECT recorded_at FROM journal WHERE tenant_id = $1 AND recorded_at >= coalesce(
         (SELECT max(ends_at) FROM ledger_period WHERE tenant_id = $1), '-infinity') ORDER BY recorded_at LIMIT 1`,
      [tenantId],
    );
    return rows[0]?.recorded_at;
  }

  async close({ tenantId, period, endsAt, closedBy, closedAt }: ClosedPeriod): Promise<void> {
    await this.#sql.query(
      'INSERT INTO ledger_period (tenant_id, period, ends_at, closed_by, closed_at) VALUES ($1, $2, $3, $4, $5)',
      [tenantId, period, endsAt, closedBy, closedAt],
    );
  }
}

interface PeriodRow {
  tenant_id: string;
  period: string;
  ends_at: Date;
  closed_by: string;
  closed_at: Date;
  journals: bigint | null;
  totals: [currency: string, debit: string, credit: string][] | null;
}

export class PeriodReadStore implements PeriodReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async closed({ tenantId, before, limit }: Parameters<PeriodReads['closed']>[0]): Promise<ClosedPeriod[]> {
    const { rows } = await this.#sql.query<PeriodRow>(
      `SELECT p.*, s.journals,
              (SELECT jsonb_agg(jsonb_build_array(t.currency, t.debit_micros::text, t.credit_micros::text)
                                ORDER BY t.currency)
               FROM period_total t WHERE t.tenant_id = p.tenant_id AND t.period = p.period) AS totals
       FROM ledger_period p LEFT JOIN period_snapshot s USING (tenant_id, period)
       WHERE p.tenant_id = $1 AND ($2::text IS NULL OR p.period < $2) ORDER BY p.period DESC LIMIT $3`,
      [tenantId, before ?? null, limit],
    );
    return rows.map(toClosed);
  }
}

/**
 * Sums up the oldest closed period that has not been, across tenants, in the caller's database transaction; false when
 * there is none. Nothing is locked: what lies in a closed period stands still. A second one at the same time fails on
 * the keys.
 */
export async function takeSnapshot(sql: Sql, now: Date): Promise<boolean> {
  const { rows } = await sql.query<{ tenant_id: string; period: string; starts_at: Date | null; ends_at: Date }>(
    `SELECT p.tenant_id, p.period, p.ends_at,
            (SELECT max(e.ends_at) FROM ledger_period e WHERE e.tenant_id = p.tenant_id AND e.period < p.period) AS starts_at
     FROM ledger_period p LEFT JOIN period_snapshot s USING (tenant_id, period)
     WHERE s.period IS NULL ORDER BY p.ends_at, p.tenant_id LIMIT 1`,
  );
  const [due] = rows;
  if (due === undefined) return false;
  await sql.query(`SET LOCAL statement_timeout = '${SNAPSHOT_TIMEOUT}'`);
  const range = [due.tenant_id, due.period, due.starts_at, due.ends_at];
  await sql.query(
    `INSERT INTO period_balance (tenant_id, account_id, period, balance_micros, open_from)
     SELECT $1::uuid, moved.account_id, $2::text, moved.sum + coalesce(last.balance_micros, 0),
            least(moved.last + 1, later.first)
     FROM (SELECT g.account_id, sum(g.amount_micros) AS sum, max(g.position) AS last
           FROM journal j JOIN posting g ON g.tenant_id = j.tenant_id AND g.journal_id = j.id
           WHERE j.tenant_id = $1 AND j.recorded_at >= coalesce($3::timestamptz, '-infinity') AND j.recorded_at < $4
           GROUP BY g.account_id) AS moved
     LEFT JOIN (SELECT g.account_id, min(g.position) AS first
                FROM journal j JOIN posting g ON g.tenant_id = j.tenant_id AND g.journal_id = j.id
                WHERE j.tenant_id = $1 AND j.recorded_at >= $4 GROUP BY g.account_id) AS later USING (account_id)
     LEFT JOIN LATERAL (SELECT b.balance_micros FROM period_balance b
                        WHERE b.tenant_id = $1 AND b.account_id = moved.account_id AND b.period < $2
                        ORDER BY b.period DESC LIMIT 1) AS last ON true`,
    range,
  );
  await sql.query(
    `INSERT INTO period_total (tenant_id, period, currency, debit_micros, credit_micros)
     SELECT $1::uuid, $2::text, a.currency, sum(greatest(-last.balance_micros, 0)), sum(greatest(last.balance_micros, 0))
     FROM (SELECT DISTINCT ON (account_id) account_id, balance_micros FROM period_balance
           WHERE tenant_id = $1 AND period <= $2 ORDER BY account_id, period DESC) AS last
     JOIN account a ON a.tenant_id = $1 AND a.id = last.account_id GROUP BY a.currency`,
    range.slice(0, 2),
  );
  await sql.query(
    `INSERT INTO period_snapshot (tenant_id, period, journals, taken_at)
     SELECT $1, $2, count(*), $5 FROM journal
     WHERE tenant_id = $1 AND recorded_at >= coalesce($3::timestamptz, '-infinity') AND recorded_at < $4`,
    [...range, now],
  );
  return true;
}

function toClosed(row: PeriodRow): ClosedPeriod {
  const { journals, totals } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    period: asPeriod(row.period),
    endsAt: row.ends_at,
    closedBy: asUserId(row.closed_by),
    closedAt: row.closed_at,
    outcome:
      journals === null
        ? undefined
        : {
            journals,
            totals: (totals ?? []).map(([currency, debit, credit]) => ({
              currency: currencyOf(currency),
              debitMicros: BigInt(debit),
              creditMicros: BigInt(credit),
            })),
          },
  };
}
