import type { Sql } from '@dailydoco/database';
import type { PayoutId, TenantId } from '../../ids.js';
import type { TransferMemory } from './stripe-rail.js';

interface Named {
  readonly tenantId: TenantId;
  readonly reference: PayoutId;
}

/** When Stripe was asked to pay what. */
export class StripeTransferStore implements TransferMemory {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async noteAsked({ tenantId, reference }: Named, at: Date): Promise<Date | undefined> {
    const { rows } = await this.#sql.query<{ asked_before: Date | null }>(
      `INSERT INTO stripe_transfer AS known (tenant_id, reference, first_asked_at, last_asked_at)
       VALUES ($1, $2, $3, $3)
       ON CONFLICT (tenant_id, reference) DO UPDATE
         SET asked_before = known.last_asked_at, last_asked_at = greatest(known.last_asked_at, $3),
             times_asked = known.times_asked + 1
       RETURNING asked_before`,
      [tenantId, reference, at],
    );
    return rows[0]?.asked_before ?? undefined;
  }

  async lastAskedAt({ tenantId, reference }: Named): Promise<Date | undefined> {
    const { rows } = await this.#sql.query<{ last_asked_at: Date }>(
      'SELECT last_asked_at FROM stripe_transfer WHERE tenant_id = $1 AND reference = $2',
      [tenantId, reference],
    );
    return rows[0]?.last_asked_at;
  }
}
