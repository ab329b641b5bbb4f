import type { Sql } from '@dailydoco/database';
import { readUnattributedByExternalId } from '../customers/unattributed-rows.store.js';
import type { UnattributedPurchase } from '../customers/unattributed-purchase.js';
import { asCustomerId, asUserId, type CustomerId, type TenantId, type UserId, type WebsiteId } from '../ids.js';
import type { UserDirectory } from '../members/ensure-member.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { readPurchasesByExternalId } from '../purchases/purchase-rows.store.js';
import type { WebsiteDirectory } from '../websites/learn-website.js';
import type { ImportReads } from './check-lines.js';

/** What an import finds there already. The neighbours are asked for what this service does not know. */
export class KnownStore implements ImportReads {
  readonly #sql: Sql;
  readonly #users: UserDirectory;
  readonly #sites: WebsiteDirectory;

  constructor(sql: Sql, { users, sites }: { users: UserDirectory; sites: WebsiteDirectory }) {
    this.#sql = sql;
    this.#users = users;
    this.#sites = sites;
  }

  findPurchases(tenantId: TenantId, externalIds: readonly string[]): Promise<PurchaseRecord[]> {
    return readPurchasesByExternalId(
      this.#sql,
      externalIds.map((externalId) => ({ tenantId, externalId })),
    );
  }

  findUnattributed(tenantId: TenantId, externalIds: readonly string[]): Promise<UnattributedPurchase[]> {
    return readUnattributedByExternalId(this.#sql, tenantId, externalIds);
  }

  async usersOf(tenantId: TenantId, customerIds: readonly CustomerId[]): Promise<Map<CustomerId, UserId>> {
    const { rows } = await this.#sql.query<{ customer_id: string; user_id: string }>(
      `SELECT customer_id, user_id FROM customer
       WHERE tenant_id = $1 AND customer_id = ANY ($2::text[]) AND user_id IS NOT NULL`,
      [tenantId, customerIds],
    );
    return new Map(rows.map((row) => [asCustomerId(row.customer_id), asUserId(row.user_id)]));
  }

  async unknownUsers(tenantId: TenantId, userIds: readonly UserId[]): Promise<Set<UserId>> {
    const { rows } = await this.#sql.query<{ user_id: string }>(
      'SELECT user_id FROM member WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])',
      [tenantId, userIds],
    );
    const known = new Set(rows.map((row) => row.user_id));
    const unknown = new Set<UserId>();
    for (const userId of userIds.filter((each) => !known.has(each))) {
      if ((await this.#users.findUser(userId))?.tenantId !== tenantId) unknown.add(userId);
    }
    return unknown;
  }

  async unknownWebsites(tenantId: TenantId, websiteIds: readonly WebsiteId[]): Promise<Set<WebsiteId>> {
    const { rows } = await this.#sql.query<{ website_id: string }>(
      'SELECT website_id FROM website WHERE tenant_id = $1 AND website_id = ANY ($2::uuid[])',
      [tenantId, websiteIds],
    );
    const known = new Set(rows.map((row) => row.website_id));
    const unknown = new Set<WebsiteId>();
    for (const websiteId of websiteIds.filter((each) => !known.has(each))) {
      if ((await this.#sites.findWebsite(tenantId, websiteId)) === undefined) unknown.add(websiteId);
    }
    return unknown;
  }
}
