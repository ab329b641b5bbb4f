import type { Sql } from '@dailydoco/database';
import type { NetworkChange } from './spread.js';

/**
 * Adds to counts, row by row in the order of the keys: the only place that writes them but a recount. Whoever stands
 * above many is written by many; so this comes last before the commit, and once for a whole batch.
 */
export async function addToNetwork(sql: Sql, change: NetworkChange): Promise<void> {
  if (change.levels.length > 0) await addLevels(sql, change.levels);
  if (change.money.length > 0) await addMoney(sql, change.money);
  if (change.scores.length > 0) await addScores(sql, change.scores);
}

async function addLevels(sql: Sql, rows: NetworkChange['levels']): Promise<void> {
  await sql.query(
    `INSERT INTO network_level AS kept (tenant_id, user_id, level, people, points)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[], $5::numeric[])
       AS more (tenant_id, user_id, level, people, points)
     ORDER BY tenant_id, user_id, level
     ON CONFLICT (tenant_id, user_id, level)
     DO UPDATE SET people = kept.people + excluded.people, points = kept.points + excluded.points`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.userId),
      rows.map((row) => row.level),
      rows.map((row) => row.people),
      rows.map((row) => row.points),
    ],
  );
}

async function addMoney(sql: Sql, rows: NetworkChange['money']): Promise<void> {
  await sql.query(
    `INSERT INTO network_money AS kept (tenant_id, user_id, currency, level, revenue_micros, commission_micros, points)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::numeric[], $6::numeric[], $7::numeric[])
       AS more (tenant_id, user_id, currency, level, revenue_micros, commission_micros, points)
     ORDER BY tenant_id, user_id, currency COLLATE "C", level
     ON CONFLICT (tenant_id, user_id, currency, level)
     DO UPDATE SET revenue_micros = kept.revenue_micros + excluded.revenue_micros,
                   commission_micros = kept.commission_micros + excluded.commission_micros,
                   points = kept.points + excluded.points`,
    [
      rows.map((row) => row.tenantId),
      rows.map((row) => row.userId),
      rows.map((row) => row.currency),
      rows.map((row) => row.level),
      rows.map((row) => row.revenueMicros),
      rows.map((row) => row.commissionMicros),
      rows.map((row) => row.points),
    ],
  );
}

async function addScores(sql: Sql, rows: NetworkChange['scores']): Promise<void> {
  await sql.query(
    `INSERT INTO network_score AS kept (tenant_id, user_id, points)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::numeric[]) AS more (tenant_id, user_id, points)
     ORDER BY tenant_id, user_id
     ON CONFLICT (tenant_id, user_id) DO UPDATE SET points = kept.points + excluded.points`,
    [rows.map((row) => row.tenantId), rows.map((row) => row.userId), rows.map((row) => row.points)],
  );
}
