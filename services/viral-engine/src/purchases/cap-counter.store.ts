import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPlanId, asTenantId, asUserId } from '../ids.js';
import { COMPANY, type Counter, type CounterKey } from './cap-counters.js';

interface CounterRow {
  tenant_id: string;
  plan_id: string;
  holder: string;
  currency: string;
  period: string;
  /** numeric: the pool gives it as text. */
  paid_micros: string;
  closed_at_cap_micros: bigint | null;
}

/**
 * Locks counters in the order of their key and reads them; those that are missing begin at zero. One statement inserts
 * and locks, because two (insert what is missing, then lock all) would lock new rows out of order. It sets a counter
 * to itself: only an update gives back the row as it stands after the wait.
 */
export async function lockCounters(sql: Sql, keys: readonly CounterKey[]): Promise<Counter[]> {
  const { rows } = await sql.query<CounterRow>(
    `INSERT INTO cap_counter AS kept (tenant_id, plan_id, holder, currency, period, paid_micros)
     SELECT tenant_id, plan_id, holder, currency, period, 0
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
       AS wanted (tenant_id, plan_id, holder, currency, period)
     ORDER BY tenant_id, plan_id COLLATE "C", holder COLLATE "C", currency COLLATE "C", period COLLATE "C"
     ON CONFLICT (tenant_id, plan_id, holder, currency, period) DO UPDATE SET paid_micros = kept.paid_micros
     RETURNING tenant_id, plan_id, holder, currency, period, paid_micros, closed_at_cap_micros`,
    keyColumns(keys),
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    planId: asPlanId(row.plan_id),
    holder: row.holder === COMPANY ? COMPANY : asUserId(row.holder),
    currency: currencyOf(row.currency),
    period: row.period,
    paidMicros: BigInt(row.paid_micros),
    closedAtCapMicros: row.closed_at_cap_micros ?? undefined,
  }));
}

/** Writes counters whose rows are locked, each at most once in a call. */
export async function saveCounters(sql: Sql, counters: readonly Counter[]): Promise<void> {
  await sql.query(
    `UPDATE cap_counter c SET paid_micros = u.paid_micros, closed_at_cap_micros = u.closed_at_cap_micros
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::bigint[])
       AS u (tenant_id, plan_id, holder, currency, period, paid_micros, closed_at_cap_micros)
     WHERE c.tenant_id = u.tenant_id AND c.plan_id = u.plan_id AND c.holder = u.holder AND c.currency = u.currency
       AND c.period = u.period`,
    [
      ...keyColumns(counters),
      counters.map((counter) => counter.paidMicros),
      counters.map((counter) => counter.closedAtCapMicros ?? null),
    ],
  );
}

function keyColumns(keys: readonly CounterKey[]): string[][] {
  return [
    keys.map((key) => key.tenantId),
    keys.map((key) => key.planId),
    keys.map((key) => key.holder),
    keys.map((key) => key.currency),
    keys.map((key) => key.period),
  ];
}
