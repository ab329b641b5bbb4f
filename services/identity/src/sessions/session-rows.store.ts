import type { Sql } from '@dailydoco/database';
import type { SessionId, TenantId, UserId } from '../ids.js';
import type { EndReason } from './session.js';

/** Ends all sessions of a person, or one of them; returns those that had not ended. */
export async function endSessionsOf(
  sql: Sql,
  ending: { tenantId: TenantId; userId: UserId; sessionId?: SessionId; reason: EndReason; at: Date },
): Promise<string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `UPDATE session SET ended_at = $4, end_reason = $5
     WHERE tenant_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id = $3) AND ended_at IS NULL RETURNING id`,
    [ending.tenantId, ending.userId, ending.sessionId ?? null, ending.at, ending.reason],
  );
  return rows.map(({ id }) => id);
}
