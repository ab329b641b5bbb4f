import type { Sql } from '@dailydoco/database';
import { asPurchaseId, asTenantId, asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';
import { UPLINE } from '../members/upline.store.js';
import type { MemberRef } from './fraud-book.js';
import { MAX_CHAIN, MAX_CLICKS } from './tuning.js';

/** Of how many others who share a trait with a member is looked at, for each trait. */
const MAX_ALIKE = 20;

export interface PersonRow {
  readonly tenant_id: string;
  readonly user_id: string;
  readonly joined_at: Date;
  /** The nearest referrers. */
  readonly chain: readonly string[];
  readonly email: Buffer | null;
  readonly email_disposable: boolean | null;
  readonly address: Buffer | null;
  readonly agent: Buffer | null;
  readonly device: Buffer | null;
}

/** Members with what is known of their registrations. */
export async function readPeople(sql: Sql, people: readonly MemberRef[]): Promise<PersonRow[]> {
  const { rows } = await sql.query<PersonRow>(
    `SELECT m.tenant_id, m.user_id, m.joined_at, (${UPLINE})[1:$3] AS chain, f.email, f.email_disposable, f.address,
            f.agent, f.device
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     JOIN member m ON m.tenant_id = asked.tenant_id AND m.user_id = asked.user_id
     LEFT JOIN member_fingerprint f ON f.tenant_id = m.tenant_id AND f.user_id = m.user_id`,
    [...columns(people, 'tenantId', 'userId'), MAX_CHAIN],
  );
  return rows;
}

/** When members joined. */
export async function readJoined(
  sql: Sql,
  people: readonly MemberRef[],
): Promise<{ tenant_id: string; user_id: string; joined_at: Date }[]> {
  if (people.length === 0) return [];
  const { rows } = await sql.query<{ tenant_id: string; user_id: string; joined_at: Date }>(
    `SELECT m.tenant_id, m.user_id, m.joined_at
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     JOIN member m ON m.tenant_id = asked.tenant_id AND m.user_id = asked.user_id`,
    columns(people, 'tenantId', 'userId'),
  );
  return rows;
}

/** Who stands above members. */
export async function readUplines(
  sql: Sql,
  people: readonly MemberRef[],
): Promise<{ tenant_id: string; user_id: string; upline: readonly string[] }[]> {
  if (people.length === 0) return [];
  const { rows } = await sql.query<{ tenant_id: string; user_id: string; upline: string[] }>(
    `SELECT m.tenant_id, m.user_id, ${UPLINE} AS upline
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     JOIN member m ON m.tenant_id = asked.tenant_id AND m.user_id = asked.user_id`,
    columns(people, 'tenantId', 'userId'),
  );
  return rows;
}

/** Who shares a mailbox, a device or a card with each of the members. */
export async function readAlike(
  sql: Sql,
  people: readonly MemberRef[],
): Promise<{ tenantId: TenantId; userId: UserId; alikeId: UserId }[]> {
  if (people.length === 0) return [];
  const { rows } = await sql.query<{ tenant_id: string; user_id: string; alike_id: string }>(
    `SELECT DISTINCT asked.tenant_id, asked.user_id, other.user_id AS alike_id
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     LEFT JOIN member_fingerprint f ON f.tenant_id = asked.tenant_id AND f.user_id = asked.user_id
     CROSS JOIN LATERAL (
       (SELECT o.user_id FROM member_fingerprint o
        WHERE o.tenant_id = f.tenant_id AND o.email = f.email LIMIT $3)
       UNION ALL
       (SELECT o.user_id FROM member_fingerprint o
        WHERE o.tenant_id = f.tenant_id AND o.device = f.device LIMIT $3)
       UNION ALL
       (SELECT o.buyer_id FROM buyer_payment p
        JOIN buyer_payment o ON o.tenant_id = p.tenant_id AND o.fingerprint = p.fingerprint
        WHERE p.tenant_id = asked.tenant_id AND p.buyer_id = asked.user_id LIMIT $3)
     ) AS other
     WHERE other.user_id <> asked.user_id`,
    [...columns(people, 'tenantId', 'userId'), MAX_ALIKE],
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    userId: asUserId(row.user_id),
    alikeId: asUserId(row.alike_id),
  }));
}

export interface Pair {
  readonly tenantId: TenantId;
  readonly buyerId: UserId;
  readonly beneficiaryId: UserId;
}

/** Those of the pairs who have paid with one card. */
export async function findSharedPayments(sql: Sql, pairs: readonly Pair[]): Promise<Pair[]> {
  const { rows } = await sql.query<{ tenant_id: string; buyer_id: string; beneficiary_id: string }>(
    `SELECT asked.tenant_id, asked.buyer_id, asked.beneficiary_id
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS asked (tenant_id, buyer_id, beneficiary_id)
     WHERE EXISTS (
       SELECT 1 FROM buyer_payment a
       JOIN buyer_payment b ON b.tenant_id = a.tenant_id AND b.buyer_id = asked.beneficiary_id AND b.fingerprint = a.fingerprint
       WHERE a.tenant_id = asked.tenant_id AND a.buyer_id = asked.buyer_id)`,
    columns(pairs, 'tenantId', 'buyerId', 'beneficiaryId'),
  );
  return rows.map((row) => ({
    tenantId: asTenantId(row.tenant_id),
    buyerId: asUserId(row.buyer_id),
    beneficiaryId: asUserId(row.beneficiary_id),
  }));
}

/** Money that may have come back: purchases of the payers, in the window, that paid one of the earners. */
export interface WayBack {
  readonly tenantId: TenantId;
  readonly payers: readonly UserId[];
  readonly earners: readonly UserId[];
  readonly since: Date;
  readonly until: Date;
}

/** The last purchases by which money came back, by the position of the way. */
export async function findReturned(sql: Sql, ways: readonly WayBack[]): Promise<Map<number, PurchaseId[]>> {
  const asked = ways.flatMap((way, index) =>
    way.payers.flatMap((payer) => way.earners.map((earner) => ({ ...way, index, payer, earner }))),
  );
  if (asked.length === 0) return new Map();
  const { rows } = await sql.query<{ way: number; purchase_id: string }>(
    `SELECT DISTINCT asked.way, w.purchase_id
     FROM unnest($1::integer[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
       AS asked (way, tenant_id, payer_id, earner_id, since, until)
     JOIN payment_way w ON w.tenant_id = asked.tenant_id AND w.buyer_id = asked.payer_id
       AND w.beneficiary_id = asked.earner_id AND w.paid_at BETWEEN asked.since AND asked.until
     ORDER BY asked.way, w.purchase_id`,
    [
      ...columns(asked, 'index', 'tenantId', 'payer', 'earner'),
      asked.map(({ since }) => since.toISOString()),
      asked.map(({ until }) => until.toISOString()),
    ],
  );
  return new Map(
    [...Map.groupBy(rows, ({ way }) => way)].map(([way, own]) => [
      way,
      own.map(({ purchase_id: id }) => asPurchaseId(id)),
    ]),
  );
}

/** Whose referrals are asked about, and the windows, whose beginnings are full hours. */
export interface ActivityQuery {
  readonly tenantId: TenantId;
  readonly referrerId: UserId;
  readonly until: Date;
  readonly velocitySince: Date;
  readonly refundsSince: Date;
  readonly clicksSince: Date;
}

export interface ActivityRow {
  readonly tenant_id: string;
  readonly referrer_id: string;
  readonly registrations: number;
  readonly purchases: number;
  readonly sold: number;
  readonly refunded: number;
  readonly clicks: number;
  readonly registrations_from_clicks: number;
}

export async function readActivity(sql: Sql, queries: readonly ActivityQuery[]): Promise<ActivityRow[]> {
  if (queries.length === 0) return [];
  const { rows } = await sql.query<ActivityRow>(
    `SELECT asked.tenant_id, asked.referrer_id, hours.*,
            (SELECT count(*)::integer FROM (
               SELECT 1 FROM click c
               WHERE c.tenant_id = asked.tenant_id AND c.referrer_id = asked.referrer_id
                 AND c.clicked_at BETWEEN asked.clicks_since AND asked.until LIMIT $7) AS clicked) AS clicks
     FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
       AS asked (tenant_id, referrer_id, until, velocity_since, refunds_since, clicks_since)
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(h.registrations) FILTER (WHERE h.hour >= asked.velocity_since), 0)::integer AS registrations,
              coalesce(sum(h.purchases) FILTER (WHERE h.hour >= asked.velocity_since), 0)::integer AS purchases,
              coalesce(sum(h.purchases) FILTER (WHERE h.hour >= asked.refunds_since), 0)::integer AS sold,
              coalesce(sum(h.refunded) FILTER (WHERE h.hour >= asked.refunds_since), 0)::integer AS refunded,
              coalesce(sum(h.registrations) FILTER (WHERE h.hour >= asked.clicks_since), 0)::integer
                AS registrations_from_clicks
       FROM referral_hour h
       WHERE h.tenant_id = asked.tenant_id AND h.referrer_id = asked.referrer_id AND h.hour <= asked.until
         AND h.hour >= least(asked.velocity_since, asked.refunds_since, asked.clicks_since)
     ) AS hours`,
    [
      ...columns(queries, 'tenantId', 'referrerId'),
      queries.map(({ until }) => until.toISOString()),
      queries.map(({ velocitySince }) => velocitySince.toISOString()),
      queries.map(({ refundsSince }) => refundsSince.toISOString()),
      queries.map(({ clicksSince }) => clicksSince.toISOString()),
      MAX_CLICKS,
    ],
  );
  return rows;
}

/** The members of rows as one array each, as `unnest` takes them. */
export function columns<Row, Key extends keyof Row>(rows: readonly Row[], ...keys: Key[]): Row[Key][][] {
  return keys.map((key) => rows.map((row) => row[key]));
}
