import type { Sql } from '@dailydoco/database';
import type { Website, WebsiteBook } from './learn-website.js';

/** The copy of who owns which website. */
export class WebsiteStore implements WebsiteBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add({ tenantId, websiteId, ownerId }: Website, learntAt: Date): Promise<void> {
    await this.#sql.query(
      `INSERT INTO website (tenant_id, website_id, owner_id, learnt_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [tenantId, websiteId, ownerId, learntAt],
    );
  }
}
