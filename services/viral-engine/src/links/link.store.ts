import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asLinkId, asTenantId, asUserId, type LinkId, type TenantId, type UserId } from '../ids.js';
import type { LinkBook, OwnerChange } from './change-links.js';
import type { Utm } from './landing.js';
import type { Link, LinkConversions, LinkCounts } from './link.js';
import type { LinkReads, LinkReport, OriginsChange } from './links.js';

interface LinkRow {
  tenant_id: string;
  id: string;
  owner_id: string;
  name: string;
  campaign: string | null;
  code: string;
  landing_url: string | null;
  utm: Utm;
  sub_ids: string[];
  created_at: Date;
  archived_at: Date | null;
}

interface ReportRow extends LinkRow {
  codes: string[];
  clicks: number;
  unique_clicks: number;
  registrations: number;
}

interface RevenueRow {
  currency: string;
  purchases: number;
  buyers: number;
  amount: string;
  refunded: string;
}

const COLUMNS = `l.tenant_id, l.id, l.owner_id, l.name, l.campaign, l.code, l.landing_url, l.utm, l.sub_ids, l.created_at,
  l.archived_at`;

/** A link with its codes and counts; to be followed by WHERE. */
const REPORTS = `SELECT ${COLUMNS}, k.codes, d.clicks, d.unique_clicks, r.registrations FROM link l
  CROSS JOIN LATERAL (
    SELECT array_agg(code ORDER BY created_at, code) AS codes FROM referral_code
    WHERE tenant_id = l.tenant_id AND link_id = l.id
  ) k
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(clicks), 0)::integer AS clicks, coalesce(sum(unique_clicks), 0)::integer AS unique_clicks
    FROM link_click_day WHERE tenant_id = l.tenant_id AND link_id = l.id
  ) d
  CROSS JOIN LATERAL (
    SELECT count(*)::integer AS registrations FROM registration_source
    WHERE tenant_id = l.tenant_id AND link_id = l.id AND converted_by = 'sign_up'
  ) r`;

/** The only SQL about links as their owners see them: over a pool to read, over a database transaction to change. */
export class LinkStore implements LinkBook, LinkReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async isMember(tenantId: TenantId, userId: UserId): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
    ]);
    return rowCount === 1;
  }

  async list(query: Parameters<LinkReads['list']>[0]): Promise<LinkReport[]> {
    const { rows } = await this.#sql.query<ReportRow>(
      `${REPORTS} WHERE l.tenant_id = $1 AND l.owner_id = $2 AND ($3::text IS NULL OR l.campaign = $3)
         AND ($4::uuid IS NULL OR l.id < $4)
       ORDER BY l.id DESC LIMIT $5`,
      [query.tenantId, query.ownerId, query.campaign ?? null, query.before ?? null, query.limit],
    );
    return rows.map(toReport);
  }

  async find(tenantId: TenantId, linkId: LinkId): Promise<LinkReport | undefined> {
    const { rows } = await this.#sql.query<ReportRow>(`${REPORTS} WHERE l.tenant_id = $1 AND l.id = $2`, [
      tenantId,
      linkId,
    ]);
    return rows[0] && toReport(rows[0]);
  }

  async conversions(tenantId: TenantId, linkId: LinkId): Promise<LinkConversions> {
    const { rows: people } = await this.#sql.query<{ registrations: number; first_purchases: number }>(
      `SELECT count(*) FILTER (WHERE converted_by = 'sign_up')::integer AS registrations,
              count(*) FILTER (WHERE converted_by = 'first_purchase')::integer AS first_purchases
       FROM registration_source WHERE tenant_id = $1 AND link_id = $2`,
      [tenantId, linkId],
    );
    const { rows: revenue } = await this.#sql.query<RevenueRow>(
      `SELECT p.currency, count(*)::integer AS purchases, count(DISTINCT p.buyer_id)::integer AS buyers,
              sum(p.amount_micros)::text AS amount, sum(s.refunded_micros)::text AS refunded
       FROM registration_source r
       JOIN purchase p ON p.tenant_id = r.tenant_id AND p.buyer_id = r.user_id
       JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
       WHERE r.tenant_id = $1 AND r.link_id = $2
       GROUP BY p.currency ORDER BY p.currency COLLATE "C"`,
      [tenantId, linkId],
    );
    return {
      registrations: people[0]?.registrations ?? 0,
      firstPurchases: people[0]?.first_purchases ?? 0,
      revenue: revenue.map(({ currency, purchases, buyers, amount, refunded }) => ({
        currency: currencyOf(currency),
        purchases,
        buyers,
        amountMicros: BigInt(amount),
        refundedMicros: BigInt(refunded),
      })),
    };
  }

  async origins(tenantId: TenantId): Promise<string[]> {
    const { rows } = await this.#sql.query<{ origins: string[] }>(
      'SELECT origins FROM tenant_landing WHERE tenant_id = $1',
      [tenantId],
    );
    return rows[0]?.origins ?? [];
  }

  async saveOrigins({ tenantId, origins, changedBy, at }: OriginsChange & { at: Date }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO tenant_landing (tenant_id, origins, changed_by, changed_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id) DO UPDATE
       SET origins = excluded.origins, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
      [tenantId, origins, changedBy, at],
    );
  }

  async lockOwner(tenantId: TenantId, ownerId: UserId): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      'SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2 FOR NO KEY UPDATE',
      [tenantId, ownerId],
    );
    return rowCount === 1;
  }

  async countLinks(tenantId: TenantId, ownerId: UserId): Promise<number> {
    const { rows } = await this.#sql.query<{ count: number }>(
      'SELECT count(*)::integer AS count FROM link WHERE tenant_id = $1 AND owner_id = $2',
      [tenantId, ownerId],
    );
    return rows[0]?.count ?? 0;
  }

  async codesOf(tenantId: TenantId, linkId: LinkId): Promise<string[]> {
    const { rows } = await this.#sql.query<{ code: string }>(
      'SELECT code FROM referral_code WHERE tenant_id = $1 AND link_id = $2 ORDER BY created_at, code',
      [tenantId, linkId],
    );
    return rows.map(({ code }) => code);
  }

  async addCode(code: { code: string; tenantId: TenantId; linkId: LinkId; createdAt: Date }): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO referral_code (code, tenant_id, link_id, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (code) DO NOTHING`,
      [code.code, code.tenantId, code.linkId, code.createdAt],
    );
    return rowCount === 1;
  }

  async addLink(link: Link): Promise<void> {
    await this.#sql.query(
      `INSERT INTO link (tenant_id, id, owner_id, name, campaign, code, landing_url, utm, sub_ids, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        link.tenantId,
        link.id,
        link.ownerId,
        link.name,
        link.campaign ?? null,
        link.code,
        link.landingUrl ?? null,
        JSON.stringify(link.utm),
        link.subIds,
        link.createdAt,
      ],
    );
  }

  async lockLink(tenantId: TenantId, linkId: LinkId): Promise<Link | undefined> {
    const { rows } = await this.#sql.query<LinkRow>(
      `SELECT ${COLUMNS} FROM link l WHERE l.tenant_id = $1 AND l.id = $2 FOR NO KEY UPDATE`,
      [tenantId, linkId],
    );
    return rows[0] && toLink(rows[0]);
  }

  async saveCode({ tenantId, id }: Link, code: string): Promise<void> {
    await this.#sql.query('UPDATE link SET code = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, id, code]);
  }

  async saveArchived({ tenantId, id }: Link, at: Date): Promise<void> {
    await this.#sql.query('UPDATE link SET archived_at = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, id, at]);
  }

  async saveOwner(link: Link, change: OwnerChange & { id: string; at: Date }): Promise<void> {
    const { tenantId, linkId, ownerId, changedBy, reason, id, at } = change;
    await this.#sql.query('UPDATE link SET owner_id = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      linkId,
      ownerId,
    ]);
    await this.#sql.query(
      `INSERT INTO link_owner_change
         (tenant_id, id, link_id, from_owner_id, to_owner_id, changed_by, reason, changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [tenantId, id, linkId, link.ownerId, ownerId, changedBy, reason, at],
    );
  }
}

function toReport(row: ReportRow): LinkReport {
  const { codes, clicks, unique_clicks: uniqueClicks, registrations } = row;
  const counts: LinkCounts = { clicks, uniqueClicks, registrations };
  return { link: toLink(row), codes, counts };
}

function toLink(row: LinkRow): Link {
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asLinkId(row.id),
    ownerId: asUserId(row.owner_id),
    name: row.name,
    campaign: row.campaign ?? undefined,
    code: row.code,
    landingUrl: row.landing_url ?? undefined,
    utm: row.utm,
    subIds: row.sub_ids,
    createdAt: row.created_at,
    archivedAt: row.archived_at ?? undefined,
  };
}
