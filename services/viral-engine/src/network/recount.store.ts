import type { Sql } from '@dailydoco/database';
import type { TenantId } from '../ids.js';
import { MAX_UPLINE } from '../members/member.js';
import { lockTree } from '../members/tree-lock.store.js';
import type { Difference, RecountBook, RecountTerms } from './recount.js';

const dayOfColumn = (column: string) =>
  `greatest(0, floor(extract(epoch FROM ${column} - timestamptz '2020-01-01Z') / 86400))::integer`;

/**
 * What each member's network comes to, found by walking down from everybody: $1 the tenant, $2 the growths, $3 the points
 * of somebody who joined. Only what is counted for its own person is taken, so that what is still on its way is no
 * difference.
 */
const FOUND = `
  WITH RECURSIVE walk (above, user_id, level) AS (
    SELECT user_id, user_id, 0 FROM member WHERE tenant_id = $1
    UNION ALL
    SELECT w.above, m.user_id, w.level + 1 FROM walk w
    JOIN member m ON m.tenant_id = $1 AND m.referrer_id = w.user_id WHERE w.level < ${MAX_UPLINE}
  ),
  growth AS (SELECT day - 1 AS day, growth FROM unnest($2::numeric[]) WITH ORDINALITY AS g (growth, day)),
  bought AS (
    SELECT p.buyer_id AS user_id, p.currency, n.revenue_micros, n.commission_micros, n.points * g.growth AS points
    FROM network_purchase n JOIN purchase p ON p.tenant_id = n.tenant_id AND p.id = n.purchase_id
    JOIN growth g ON g.day = ${dayOfColumn('p.occurred_at')} WHERE n.tenant_id = $1
  ),
  own AS (
    SELECT m.user_id, $3::integer * g.growth AS points FROM member m
    JOIN growth g ON g.day = ${dayOfColumn('m.joined_at')} WHERE m.tenant_id = $1 AND m.network_counted
  ),
  own_money AS (
    SELECT user_id, currency, sum(revenue_micros) AS revenue, sum(commission_micros) AS commission,
           sum(points) AS points
    FROM bought GROUP BY user_id, currency
  ),
  found_level AS (
    SELECT w.above AS user_id, w.level, count(*) AS people, sum(o.points) AS points
    FROM walk w JOIN own o ON o.user_id = w.user_id GROUP BY w.above, w.level
  ),
  found_money AS (
    SELECT w.above AS user_id, o.currency, w.level, sum(o.revenue) AS revenue, sum(o.commission) AS commission,
           sum(o.points) AS points
    FROM walk w JOIN own_money o ON o.user_id = w.user_id GROUP BY w.above, o.currency, w.level
  )`;

const FOUND_SCORE = `
  SELECT f.user_id, sum(f.points * weighted.weight) AS points
  FROM (SELECT user_id, level, points FROM found_level UNION ALL SELECT user_id, level, points FROM found_money) AS f
  JOIN unnest($4::numeric[]) WITH ORDINALITY AS weighted (weight, level) ON weighted.level = f.level GROUP BY f.user_id`;

/** Recounts of one tenant, in an open database transaction. */
export class RecountStore implements RecountBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  lockTree(): Promise<void> {
    return lockTree(this.#sql);
  }

  async differences(tenantId: TenantId, terms: RecountTerms, most: number): Promise<Difference[]> {
    const { rows } = await this.#sql.query<{ table: string; row: string; counted: string; found: string }>(
      `${FOUND}, found_score AS (${FOUND_SCORE}),
       pairs AS (
         SELECT 'network_level' AS "table", concat_ws(' ', user_id, 'level', level) AS row,
                coalesce(l.people, 0) AS a, coalesce(f.people, 0) AS b, coalesce(l.points, 0) AS c, coalesce(f.points, 0) AS d
         FROM (SELECT * FROM network_level WHERE tenant_id = $1) AS l FULL JOIN found_level f USING (user_id, level)
         UNION ALL
         SELECT 'network_money', concat_ws(' ', user_id, currency, 'level', level),
                coalesce(m.revenue_micros, 0), coalesce(f.revenue, 0), coalesce(m.commission_micros, 0), coalesce(f.commission, 0)
         FROM (SELECT * FROM network_money WHERE tenant_id = $1) AS m FULL JOIN found_money f USING (user_id, currency, level)
         UNION ALL
         SELECT 'network_money points', concat_ws(' ', user_id, currency, 'level', level), 0, 0, coalesce(m.points, 0), coalesce(f.points, 0)
         FROM (SELECT * FROM network_money WHERE tenant_id = $1) AS m FULL JOIN found_money f USING (user_id, currency, level)
         UNION ALL
         SELECT 'network_score', user_id::text, 0, 0, coalesce(s.points, 0), coalesce(f.points, 0)
         FROM (SELECT * FROM network_score WHERE tenant_id = $1) AS s FULL JOIN found_score f USING (user_id)
         UNION ALL
         SELECT 'network_purchase', p.id::text, coalesce(n.revenue_micros, 0), p.amount_micros - t.refunded_micros,
                coalesce(n.commission_micros, 0), coalesce(c.net, 0)
         FROM purchase p JOIN purchase_state t ON t.tenant_id = p.tenant_id AND t.purchase_id = p.id
         LEFT JOIN (SELECT purchase_id, sum(net_micros) AS net FROM commission WHERE tenant_id = $1 GROUP BY purchase_id) AS c
           ON c.purchase_id = p.id
         LEFT JOIN network_purchase n ON n.tenant_id = p.tenant_id AND n.purchase_id = p.id
         WHERE p.tenant_id = $1)
       SELECT "table", row, concat(a, ', ', c) AS counted, concat(b, ', ', d) AS found
       FROM pairs WHERE a <> b OR c <> d ORDER BY "table", row LIMIT $5`,
      [tenantId, terms.growths, terms.joinPoints, terms.weights, most],
    );
    return rows;
  }

  async rewrite(tenantId: TenantId, { growths, joinPoints, weights }: RecountTerms): Promise<void> {
    const given = [tenantId, growths, joinPoints];
    for (const table of ['network_level', 'network_money', 'network_score']) {
      await this.#sql.query(`DELETE FROM ${table} WHERE tenant_id = $1`, [tenantId]);
    }
    await this.#sql.query(
      `${FOUND} INSERT INTO network_level (tenant_id, user_id, level, people, points)
       SELECT $1, user_id, level, people, points FROM found_level`,
      given,
    );
    await this.#sql.query(
      `${FOUND} INSERT INTO network_money (tenant_id, user_id, currency, level, revenue_micros, commission_micros, points)
       SELECT $1, user_id, currency, level, revenue, commission, points FROM found_money`,
      given,
    );
    await this.#sql.query(
      `INSERT INTO network_score (tenant_id, user_id, points)
       SELECT $1, f.user_id, sum(f.points * weighted.weight)
       FROM (SELECT user_id, level, points FROM network_level WHERE tenant_id = $1
             UNION ALL SELECT user_id, level, points FROM network_money WHERE tenant_id = $1) AS f
       JOIN unnest($2::numeric[]) WITH ORDINALITY AS weighted (weight, level) ON weighted.level = f.level
       GROUP BY f.user_id`,
      [tenantId, weights],
    );
  }
}
