import type { Sql } from '@dailydoco/database';
import type { PayoutId, TenantId } from '../ids.js';
import { COLUMNS, type PayoutRow, toPayout } from './payout-rows.store.js';
import type { Payout } from './payout.js';
import type { PayoutQuery, PayoutReads, PayoutStory } from './payouts.js';
import { readFindings, readSteps } from './review.store.js';

/** Payouts outside any database transaction. */
export class PayoutReadStore implements PayoutReads {
  readonly #sql: Sql;
  readonly #consistently: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

  /** `consistently` hands in one snapshot for all that is asked within. */
  constructor(sql: Sql, consistently: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>) {
    this.#sql = sql;
    this.#consistently = consistently;
  }

  find(tenantId: TenantId, id: PayoutId): Promise<PayoutStory | undefined> {
    return this.#consistently(async (sql) => {
      const { rows } = await sql.query<PayoutRow>(
        `SELECT ${COLUMNS} FROM payout p WHERE p.tenant_id = $1 AND p.id = $2`,
        [tenantId, id],
      );
      if (rows[0] === undefined) return undefined;
      const steps = await readSteps(sql, tenantId, id);
      return { payout: toPayout(rows[0]), steps, findings: await readFindings(sql, tenantId, id) };
    });
  }

  async list({ tenantId, personId, status, before, limit }: PayoutQuery): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.tenant_id = $1 AND ($2::uuid IS NULL OR p.person_id = $2) AND ($3::text IS NULL OR p.status = $3)
         AND ($4::uuid IS NULL OR p.id < $4)
       ORDER BY p.id DESC LIMIT $5`,
      [tenantId, personId ?? null, status ?? null, before ?? null, limit],
    );
    return rows.map(toPayout);
  }
}
