import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import {
  asPayoutId,
  asPayoutMethodId,
  asTenantId,
  asUserId,
  type PayoutId,
  type PayoutMethodId,
  type TenantId,
  type UserId,
} from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { Rhythm } from './calendar.js';
import type { Look } from './run-schedules.js';
import type { DueSchedule, Outcome, Schedule, ScheduleKey } from './schedule.js';
import type { ScheduleBook } from './schedules.js';

interface ScheduleRow {
  tenant_id: string;
  person_id: string;
  currency: string;
  interval: Rhythm['interval'];
  day: number | null;
  threshold_micros: bigint | null;
  method_id: string;
  changed_at: Date;
  due_on: string;
  look_at: Date;
  last_outcome: Outcome | null;
  last_payout_id: string | null;
  last_looked_at: Date | null;
}

// A date of Postgres has no zone; as text it cannot be taken for a midnight of the process's own.
const COLUMNS = `s.tenant_id, s.person_id, s.currency, s.interval, s.day, s.threshold_micros, s.method_id, s.changed_at,
  s.due_on::text AS due_on, s.look_at, s.last_outcome, s.last_payout_id, s.last_looked_at`;

/** Schedules, in a database transaction or outside. */
export class ScheduleStore implements ScheduleBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async railOf(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<RailKind | undefined> {
    const { rows } = await this.#sql.query<{ kind: RailKind }>(
      `SELECT kind FROM payout_method WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND deleted_at IS NULL`,
      [tenantId, personId, methodId],
    );
    return rows[0]?.kind;
  }

  async put({ tenantId, personId, currency, rhythm, ...schedule }: Schedule): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout_schedule (tenant_id, person_id, currency, interval, day, threshold_micros, method_id,
                                    changed_at, due_on, look_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (tenant_id, person_id, currency) DO UPDATE
       SET interval = EXCLUDED.interval, day = EXCLUDED.day, threshold_micros = EXCLUDED.threshold_micros,
           method_id = EXCLUDED.method_id, changed_at = EXCLUDED.changed_at, due_on = EXCLUDED.due_on,
           look_at = EXCLUDED.look_at, last_outcome = NULL, last_payout_id = NULL, last_looked_at = NULL`,
      [
        tenantId,
        personId,
        currency,
        rhythm.interval,
        'day' in rhythm ? rhythm.day : null,
        'thresholdMicros' in rhythm ? rhythm.thresholdMicros : null,
        schedule.methodId,
        schedule.changedAt,
        dateText(schedule.dueOn),
        schedule.lookAt,
      ],
    );
  }

  async delete({ tenantId, personId, currency }: ScheduleKey): Promise<void> {
    await this.#sql.query('DELETE FROM payout_schedule WHERE tenant_id = $1 AND person_id = $2 AND currency = $3', [
      tenantId,
      personId,
      currency,
    ]);
  }

  async list(tenantId: TenantId, personId: UserId): Promise<Schedule[]> {
    const { rows } = await this.#sql.query<ScheduleRow>(
      `SELECT ${COLUMNS} FROM payout_schedule s WHERE s.tenant_id = $1 AND s.person_id = $2 ORDER BY s.currency`,
      [tenantId, personId],
    );
    return rows.map(toSchedule);
  }

  async claimDay(due: DueSchedule, payoutId: PayoutId, at: Date): Promise<PayoutId> {
    await this.#sql.query(
      `INSERT INTO payout_schedule_run (tenant_id, person_id, currency, due_on, payout_id, ran_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
      [due.tenantId, due.personId, due.currency, dateText(due.dueOn), payoutId, at],
    );
    // A statement of its own: it sees the row that the insert has waited for.
    const { rows } = await this.#sql.query<{ payout_id: string }>(
      `SELECT payout_id FROM payout_schedule_run
       WHERE tenant_id = $1 AND person_id = $2 AND currency = $3 AND due_on = $4`,
      [due.tenantId, due.personId, due.currency, dateText(due.dueOn)],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('a day that was claimed has its payout');
    return asPayoutId(row.payout_id);
  }

  async saveLooks(looks: readonly Look[]): Promise<void> {
    await this.#sql.query(
      `UPDATE payout_schedule s
       SET last_outcome = new.outcome, last_payout_id = new.payout_id, last_looked_at = new.at, due_on = new.due_on,
           look_at = new.look_at
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::uuid[], $7::timestamptz[],
                   $8::date[], $9::timestamptz[])
         AS new (tenant_id, person_id, currency, changed_at, outcome, payout_id, at, due_on, look_at)
       WHERE s.tenant_id = new.tenant_id AND s.person_id = new.person_id AND s.currency = new.currency
         AND s.changed_at = new.changed_at`,
      [
        looks.map(({ due }) => due.tenantId),
        looks.map(({ due }) => due.personId),
        looks.map(({ due }) => due.currency),
        looks.map(({ due }) => due.changedAt),
        looks.map(({ outcome }) => outcome),
        looks.map(({ payoutId }) => payoutId ?? null),
        looks.map(({ at }) => at),
        looks.map(({ dueOn }) => dateText(dueOn)),
        looks.map(({ lookAt }) => lookAt),
      ],
    );
  }
}

/** Schedules of all tenants whose time has come, with what decides about them, in one statement. */
export async function readDueSchedules(sql: Sql, { now, limit }: { now: Date; limit: number }): Promise<DueSchedule[]> {
  const { rows } = await sql.query<
    ScheduleRow & {
      available_micros: string;
      rail: RailKind;
      method_deleted: boolean;
      held_until: Date | null;
      stopped: boolean;
      frozen: boolean;
      minimum_micros: bigint | null;
    }
  >(
    `SELECT ${COLUMNS}, coalesce(b.balance_micros, 0) AS available_micros, m.kind AS rail,
       m.deleted_at IS NOT NULL AS method_deleted, m.held_until, payouts_stopped(s.tenant_id) AS stopped,
       payouts_frozen(s.tenant_id, s.person_id) AS frozen,
       (SELECT l.minimum_micros FROM payout_policy_minimum l
        WHERE l.tenant_id = s.tenant_id AND l.rail = m.kind AND l.currency = s.currency
          AND l.version = (SELECT max(p.version) FROM payout_policy p WHERE p.tenant_id = s.tenant_id)) AS minimum_micros
     FROM (SELECT * FROM payout_schedule WHERE look_at <= $1 ORDER BY look_at LIMIT $2) AS s
     JOIN payout_method m ON m.tenant_id = s.tenant_id AND m.id = s.method_id
     LEFT JOIN account a ON a.tenant_id = s.tenant_id AND a.owner_id = s.person_id AND a.currency = s.currency
       AND a.kind = 'available'
     LEFT JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = 0
     ORDER BY s.look_at`,
    [now, limit],
  );
  return rows.map((row) => ({
    ...toSchedule(row),
    availableMicros: BigInt(row.available_micros),
    rail: row.rail,
    methodDeleted: row.method_deleted,
    heldUntil: row.held_until ?? undefined,
    stopped: row.stopped,
    frozen: row.frozen,
    minimumMicros: row.minimum_micros ?? undefined,
  }));
}

/** Seconds since the schedule that waits longest was to be looked at; 0 when none waits. */
export async function oldestDueSeconds(sql: Sql, now: Date): Promise<number> {
  const { rows } = await sql.query<{ seconds: number }>(
    `SELECT greatest(coalesce(extract(epoch FROM $1::timestamptz - min(look_at)), 0), 0)::float8 AS seconds
     FROM payout_schedule`,
    [now],
  );
  return rows[0]?.seconds ?? 0;
}

function dateText(day: Date): string {
  return day.toISOString().slice(0, 10);
}

function toSchedule(row: ScheduleRow): Schedule {
  const { last_outcome: outcome, last_looked_at: at, last_payout_id: payoutId } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    personId: asUserId(row.person_id),
    currency: currencyOf(row.currency),
    rhythm: rhythmOf(row),
    methodId: asPayoutMethodId(row.method_id),
    changedAt: row.changed_at,
    dueOn: new Date(`${row.due_on}T00:00:00.000Z`),
    lookAt: row.look_at,
    last:
      outcome === null || at === null
        ? undefined
        : { outcome, at, payoutId: payoutId === null ? undefined : asPayoutId(payoutId) },
  };
}

function rhythmOf({ interval, day, threshold_micros: thresholdMicros }: ScheduleRow): Rhythm {
  switch (interval) {
    case 'daily':
      return { interval };
    case 'weekly':
    case 'monthly':
      if (day === null) break;
      return { interval, day };
    case 'threshold':
      if (thresholdMicros === null) break;
      return { interval, thresholdMicros };
  }
  throw new Error('a check of the table keeps such schedules out');
}
