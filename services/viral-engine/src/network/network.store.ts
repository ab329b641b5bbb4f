import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import type { Member, MemberStatus } from '../members/member.js';
import { UPLINE } from '../members/upline.store.js';
import type { ChildrenQuery, ChildReport, NetworkReads, NetworkReport } from './networks.js';
import type { CountedNetwork } from './spread.js';

/**
 * How many people stand on each level below a member; levels without anybody are left out. Members whom nobody has
 * counted yet are looked at one by one: one statement sees each of them as counted or as uncounted, never as both.
 */
export async function readPeople(sql: Sql, tenantId: TenantId, userId: UserId): Promise<Map<number, number>> {
  const { rows } = await sql.query<{ level: number; count: number }>(
    `SELECT level, sum(people)::integer AS count FROM (
       SELECT level, people FROM network_level WHERE tenant_id = $1 AND user_id = $2 AND level > 0
       UNION ALL
       SELECT array_position(place.upline, $2), 1 FROM member m CROSS JOIN LATERAL (SELECT ${UPLINE} AS upline) AS place
       WHERE m.tenant_id = $1 AND NOT m.network_counted AND $2 = ANY (place.upline)) AS counts
     GROUP BY level HAVING sum(people) > 0 ORDER BY level`,
    [tenantId, userId],
  );
  return new Map(rows.map(({ level, count }) => [level, count]));
}

/** What is counted for a member, level by level, from the member down. */
export async function readCounted(sql: Sql, tenantId: TenantId, userId: UserId): Promise<CountedNetwork> {
  const { rows: levels } = await sql.query<{ level: number; people: bigint; points: string }>(
    'SELECT level, people, points FROM network_level WHERE tenant_id = $1 AND user_id = $2',
    [tenantId, userId],
  );
  return {
    levels: levels.map(({ level, people, points }) => ({ level, people, points: BigInt(points) })),
    money: await readMoney(sql, tenantId, userId),
  };
}

async function readMoney(sql: Sql, tenantId: TenantId, userId: UserId): Promise<CountedNetwork['money']> {
  const { rows } = await sql.query<{
    level: number;
    currency: string;
    revenue_micros: string;
    commission_micros: string;
    points: string;
  }>(
    `SELECT level, currency, revenue_micros, commission_micros, points FROM network_money
     WHERE tenant_id = $1 AND user_id = $2 AND (revenue_micros <> 0 OR commission_micros <> 0 OR points <> 0)
     ORDER BY currency, level`,
    [tenantId, userId],
  );
  return rows.map((row) => ({
    level: row.level,
    currency: currencyOf(row.currency),
    revenueMicros: BigInt(row.revenue_micros),
    commissionMicros: BigInt(row.commission_micros),
    points: BigInt(row.points),
  }));
}

/** Reads of what stands below members. */
export class NetworkStore implements NetworkReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async findUpline(tenantId: TenantId, userId: UserId): Promise<Member['upline'] | undefined> {
    const { rows } = await this.#sql.query<{ upline: string[] }>(
      `SELECT ${UPLINE} AS upline FROM member m WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    return rows[0]?.upline.map(asUserId);
  }

  async find(tenantId: TenantId, userId: UserId): Promise<NetworkReport | undefined> {
    const { rows } = await this.#sql.query<{
      referrer_id: string | null;
      status: MemberStatus;
      joined_at: Date;
      points: string;
    }>(
      `SELECT m.referrer_id, m.status, m.joined_at, coalesce(s.points, 0) AS points FROM member m
       LEFT JOIN network_score s ON s.tenant_id = m.tenant_id AND s.user_id = m.user_id
       WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      userId,
      referrerId: row.referrer_id === null ? undefined : asUserId(row.referrer_id),
      status: row.status,
      joinedAt: row.joined_at,
      peopleByLevel: await readPeople(this.#sql, tenantId, userId),
      money: await readMoney(this.#sql, tenantId, userId),
      weightedPoints: BigInt(row.points),
    };
  }

  async children({ tenantId, userId, after, limit }: ChildrenQuery): Promise<ChildReport[]> {
    const { rows } = await this.#sql.query<{
      user_id: string;
      status: MemberStatus;
      joined_at: Date;
      direct: number;
      size: number;
      points: string;
    }>(
      `WITH fresh AS (
         SELECT above.user_id, count(*) AS size, count(*) FILTER (WHERE above.level = 1) AS direct
         FROM member m CROSS JOIN LATERAL (SELECT ${UPLINE} AS upline) AS place
         CROSS JOIN LATERAL unnest(place.upline) WITH ORDINALITY AS above (user_id, level)
         WHERE m.tenant_id = $1 AND NOT m.network_counted AND $2 = ANY (place.upline) GROUP BY above.user_id
       )
       SELECT m.user_id, m.status, m.joined_at, coalesce(s.points, 0) AS points,
              (coalesce(counted.direct, 0) + coalesce(fresh.direct, 0))::integer AS direct,
              (coalesce(counted.size, 0) + coalesce(fresh.size, 0))::integer AS size
       FROM (SELECT tenant_id, user_id, status, joined_at FROM member
             WHERE tenant_id = $1 AND referrer_id = $2 AND ($3::uuid IS NULL OR user_id > $3)
             ORDER BY user_id LIMIT $4) AS m
       CROSS JOIN LATERAL (
         SELECT sum(people) AS size, sum(people) FILTER (WHERE level = 1) AS direct FROM network_level l
         WHERE l.tenant_id = m.tenant_id AND l.user_id = m.user_id AND l.level > 0) AS counted
       LEFT JOIN fresh ON fresh.user_id = m.user_id
       LEFT JOIN network_score s ON s.tenant_id = m.tenant_id AND s.user_id = m.user_id
       ORDER BY m.user_id`,
      [tenantId, userId, after ?? null, limit],
    );
    return rows.map((row) => ({
      userId: asUserId(row.user_id),
      status: row.status,
      joinedAt: row.joined_at,
      directCount: row.direct,
      networkSize: row.size,
      weightedPoints: BigInt(row.points),
    }));
  }
}
