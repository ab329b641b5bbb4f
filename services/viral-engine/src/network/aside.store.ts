import type { Sql } from '@dailydoco/database';
import { shareTree } from '../members/tree-lock.store.js';
import type { AsideUplines } from './fold-moves.js';

/** What stands aside, as one open database transaction sees and changes it. */
export class AsideStore implements AsideUplines {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  shareTree(): Promise<void> {
    return shareTree(this.#sql);
  }

  async fold(limit: number): Promise<number> {
    // Whoever is being written by others can wait, so that nobody waits for each other in a circle.
    const { rowCount } = await this.#sql.query(
      `WITH due AS MATERIALIZED (
         SELECT m.tenant_id, m.user_id, aside.upline FROM moved_upline aside
         JOIN member m ON m.tenant_id = aside.tenant_id AND m.user_id = aside.user_id
         LIMIT $1 FOR NO KEY UPDATE OF m, aside SKIP LOCKED
       ), gone AS (
         DELETE FROM moved_upline aside USING due
         WHERE aside.tenant_id = due.tenant_id AND aside.user_id = due.user_id
       )
       UPDATE member m SET upline = due.upline FROM due WHERE m.tenant_id = due.tenant_id AND m.user_id = due.user_id`,
      [limit],
    );
    return rowCount;
  }
}
