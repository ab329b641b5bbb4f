import type { Sql } from '@dailydoco/database';
import type { TenantId, UserId } from '../ids.js';

/** A dispute of a person about a commission of their own, as viral-engine tells. */
export interface PartnerDispute {
  readonly tenantId: TenantId;
  readonly id: string;
  readonly personId: UserId;
  /** held, already_available or nothing_left: whether the commission waits for the end of the dispute. */
  readonly hold: string;
  readonly openedAt: Date;
  /** Undefined: it is undecided, as far as this event knows. */
  readonly decidedAt: Date | undefined;
}

/** Keeps what was told of a dispute, in whatever order it comes: an end is never taken back. */
export async function keepDispute(sql: Sql, dispute: PartnerDispute): Promise<void> {
  const { tenantId, id, personId, hold, openedAt, decidedAt } = dispute;
  await sql.query(
    `INSERT INTO partner_dispute AS known (tenant_id, id, person_id, hold, opened_at, decided_at)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (tenant_id, id) DO UPDATE SET decided_at = coalesce(known.decided_at, EXCLUDED.decided_at)`,
    [tenantId, id, personId, hold, openedAt, decidedAt ?? null],
  );
}
