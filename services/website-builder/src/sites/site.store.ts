import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import { z } from 'zod';
import type { PrismaClient, Site as SiteRow } from '../generated/client.js';
import { asSiteId, asSlug, asTemplateId, asTenantId, asUserId, type SiteId, type TenantId } from '../ids.js';
import type { SiteContent } from '../pages/page.js';
import type { SiteBook } from './create-site.js';
import type { Site } from './site.js';
import type { Owner, SiteReads } from './sites.js';

const contentSchema = z.strictObject({
  headline: z.string().exactOptional(),
  body: z.string().exactOptional(),
  buttonText: z.string().exactOptional(),
  points: z.array(z.string()).exactOptional(),
});

/** Reads of sites outside a database transaction. */
export class SiteReader implements SiteReads {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async findSite(tenantId: TenantId, id: SiteId): Promise<Site | undefined> {
    const row = await this.#prisma.site.findUnique({ where: { tenantId_id: { tenantId, id } } });
    return row === null ? undefined : toSite(row);
  }

  async listSites(
    { tenantId, ownerId }: Owner,
    { after, limit }: { after: SiteId | undefined; limit: number },
  ): Promise<Site[]> {
    const rows = await this.#prisma.site.findMany({
      where: { tenantId, ownerId, ...(after !== undefined && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(toSite);
  }
}

/** Sites as one open database transaction makes them. */
export class SiteStore implements SiteBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  async addSite(site: Site): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO site (tenant_id, id, owner_id, name, slug, template_id, content, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
       ON CONFLICT (slug) DO NOTHING`,
      [
        site.tenantId,
        site.id,
        site.ownerId,
        site.name,
        site.slug,
        site.templateId,
        JSON.stringify(site.content),
        site.createdAt,
      ],
    );
    return rowCount === 1;
  }

  async announceCreated({ id, tenantId, ownerId, slug, createdAt }: Site): Promise<void> {
    await this.#outbox.append(this.#sql, [
      outgoing({
        type: events.siteCreated,
        key: id,
        tenantId,
        payload: { siteId: id, ownerId, slug, createdAt },
        occurredAt: createdAt,
      }),
    ]);
  }
}

function toSite(row: SiteRow): Site {
  return {
    tenantId: asTenantId(row.tenantId),
    id: asSiteId(row.id),
    ownerId: asUserId(row.ownerId),
    name: row.name,
    slug: asSlug(row.slug),
    templateId: asTemplateId(row.templateId),
    content: contentSchema.parse(row.content) satisfies SiteContent,
    currentVersion: row.currentVersion,
    createdAt: row.createdAt,
  };
}
