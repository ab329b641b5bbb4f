import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asRunId, type TenantId, type UserId } from '../ids.js';
import type { AccountKind } from '../ledger/account.js';
import { findStandingAt } from './break-case.store.js';
import type { Day } from './day.js';
import type { AccountMovement, DayFacts, DayReport, EventMovement, OpenPayouts, Source } from './day-report.js';
import type { ReportBook, ReportLine } from './day-reports.js';
import { outsideSources } from './outside-checks.store.js';
import type { PastRun } from './runs.js';

/** In the order of a report. */
const KIND_ORDER = `array_position(ARRAY['pending', 'held', 'available', 'in_transit', 'commission_expense', 'cash',
  'payout_fees', 'bad_debt', 'tax_payable'], a.kind)`;

/** Day reports, over a pool or a database transaction. */
export class DayReportStore implements ReportBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(query: { tenantId: TenantId; before: string | undefined; limit: number }): Promise<ReportLine[]> {
    const { rows } = await this.#sql.query<{
      day: string;
      outcome: DayReport['outcome'];
      breaks: number;
      made_at: Date;
    }>(
      `SELECT day::text, outcome, breaks, made_at FROM reconciliation_report
       WHERE tenant_id = $1 AND ($2::date IS NULL OR day < $2) ORDER BY day DESC LIMIT $3`,
      [query.tenantId, query.before ?? null, query.limit],
    );
    return rows.map(({ day, outcome, breaks, made_at: madeAt }) => ({ day, outcome, breaks, madeAt }));
  }

  async find(tenantId: TenantId, day: string): Promise<DayReport | undefined> {
    const { rows } = await this.#sql.query<{ body: DayReport }>(
      'SELECT body FROM reconciliation_report WHERE tenant_id = $1 AND day = $2',
      [tenantId, day],
    );
    return rows[0]?.body;
  }

  async firstRunSince(tenantId: TenantId, since: Date): Promise<PastRun | undefined> {
    const { rows } = await this.#sql.query<{
      id: string;
      outcome: PastRun['outcome'];
      purchases_compared: number;
      purchases_in_flight: number;
      breaks: number;
      started_at: Date;
      finished_at: Date;
    }>(
      `SELECT id, outcome, purchases_compared, purchases_in_flight, breaks, started_at, finished_at FROM reconciliation_run
       WHERE tenant_id = $1 AND started_at >= $2 AND outcome <> 'failed' ORDER BY started_at, id LIMIT 1`,
      [tenantId, since],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { outcome, breaks, started_at: startedAt, finished_at: finishedAt } = row;
    const counts = { compared: row.purchases_compared, inFlight: row.purchases_in_flight };
    return { id: asRunId(row.id), outcome, breaks, startedAt, finishedAt, ...counts };
  }

  async add(report: DayReport, madeBy: UserId | undefined): Promise<void> {
    await this.#sql.query(
      `INSERT INTO reconciliation_report (tenant_id, day, run_id, outcome, breaks, made_at, made_by, body)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
      [
        report.tenantId,
        report.day,
        report.run.id,
        report.outcome,
        report.breaks.length,
        report.madeAt,
        madeBy ?? null,
        JSON.stringify(report),
      ],
    );
  }

  async facts(tenantId: TenantId, day: Day, run: PastRun): Promise<DayFacts> {
    const sql = this.#sql;
    return {
      accounts: await accountMovements(sql, tenantId, day),
      events: await eventMovements(sql, tenantId, day),
      openPayouts: await openPayouts(sql, tenantId),
      eventsSetAside: await eventsSetAside(sql, tenantId),
      sources: [viralEngine(run), ...(await outsideSources(sql, tenantId))],
      breaks: await findStandingAt(sql, tenantId, run.finishedAt),
      ...(await breaksOf(sql, tenantId, day)),
    };
  }
}

/**
 * By kind of account. The closing balance is today's less what was recorded since the day, so that it needs no other
 * report to be right, and may be compared with the next one's opening balance. One statement, hence one snapshot: journals
 * go on meanwhile.
 */
async function accountMovements(sql: Sql, tenantId: TenantId, day: Day): Promise<AccountMovement[]> {
  const { rows } = await sql.query<{
    currency: string;
    kind: AccountKind;
    closing: string;
    credit: string;
    debit: string;
  }>(
    `WITH moved AS (
       SELECT p.account_id,
              sum(p.amount_micros) FILTER (WHERE j.recorded_at >= $3) AS since,
              sum(p.amount_micros) FILTER (WHERE j.recorded_at < $3 AND p.amount_micros > 0) AS credit,
              sum(p.amount_micros) FILTER (WHERE j.recorded_at < $3 AND p.amount_micros < 0) AS debit
       FROM journal j JOIN posting p ON p.tenant_id = j.tenant_id AND p.journal_id = j.id
       WHERE j.tenant_id = $1 AND j.recorded_at >= $2 GROUP BY p.account_id),
     balance AS (
       SELECT account_id, sum(balance_micros) AS now FROM account_balance WHERE tenant_id = $1 GROUP BY account_id)
     SELECT a.currency, a.kind, sum(coalesce(b.now, 0) - coalesce(m.since, 0)) AS closing,
            sum(coalesce(m.credit, 0)) AS credit, sum(coalesce(m.debit, 0)) AS debit
     FROM account a LEFT JOIN balance b ON b.account_id = a.id LEFT JOIN moved m ON m.account_id = a.id
     WHERE a.tenant_id = $1 GROUP BY a.currency, a.kind ORDER BY a.currency, ${KIND_ORDER}`,
    [tenantId, day.startsAt, day.endsAt],
  );
  return rows.map((row) => ({
    currency: currencyOf(row.currency),
    kind: row.kind,
    closingMicros: BigInt(row.closing),
    creditMicros: BigInt(row.credit),
    debitMicros: BigInt(row.debit),
  }));
}

async function eventMovements(sql: Sql, tenantId: TenantId, day: Day): Promise<EventMovement[]> {
  const { rows } = await sql.query<{ currency: string; event_type: string; journals: number; amount: string }>(
    `SELECT j.currency, j.event_type, count(*)::integer AS journals, sum(p.credit) AS amount
     FROM journal j, LATERAL (SELECT coalesce(sum(amount_micros), 0) AS credit FROM posting
                              WHERE tenant_id = j.tenant_id AND journal_id = j.id AND amount_micros > 0) AS p
     WHERE j.tenant_id = $1 AND j.recorded_at >= $2 AND j.recorded_at < $3
     GROUP BY j.currency, j.event_type ORDER BY j.currency, j.event_type`,
    [tenantId, day.startsAt, day.endsAt],
  );
  return rows.map((row) => ({
    currency: currencyOf(row.currency),
    event: row.event_type,
    journals: row.journals,
    amountMicros: BigInt(row.amount),
  }));
}

async function openPayouts(sql: Sql, tenantId: TenantId): Promise<OpenPayouts[]> {
  const { rows } = await sql.query<{ currency: string; status: string; payouts: number; amount: string }>(
    `SELECT currency, status, count(*)::integer AS payouts, sum(amount_micros) AS amount FROM payout
     WHERE tenant_id = $1 AND status NOT IN ('settled', 'failed', 'returned', 'cancelled')
     GROUP BY currency, status ORDER BY currency, status`,
    [tenantId],
  );
  return rows.map(({ currency, status, payouts, amount }) => ({
    currency: currencyOf(currency),
    status,
    payouts,
    amountMicros: BigInt(amount),
  }));
}

async function eventsSetAside(sql: Sql, tenantId: TenantId): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM set_aside_event WHERE tenant_id = $1',
    [tenantId],
  );
  return rows[0]?.count ?? 0;
}

function viralEngine(run: PastRun): Source {
  return { name: 'viral-engine', compared: run.compared, upTo: run.startedAt };
}

async function breaksOf(sql: Sql, tenantId: TenantId, day: Day): Promise<{ opened: number; resolved: number }> {
  const { rows } = await sql.query<{ opened: number; resolved: number }>(
    `SELECT count(*) FILTER (WHERE opened_at >= $2 AND opened_at < $3)::integer AS opened,
            count(*) FILTER (WHERE resolved_at >= $2 AND resolved_at < $3)::integer AS resolved
     FROM break_case WHERE tenant_id = $1`,
    [tenantId, day.startsAt, day.endsAt],
  );
  return rows[0] ?? { opened: 0, resolved: 0 };
}
