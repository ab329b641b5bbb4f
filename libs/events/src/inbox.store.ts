import type { Sql } from '@dailydoco/database';

/** Remembers the events and returns the ids of those never seen before by this consumer. */
export async function claimInInbox(sql: Sql, consumer: string, eventIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql.query<{ event_id: string }>(
    `INSERT INTO messaging.inbox (consumer, event_id)
     SELECT $1, e.event_id FROM unnest($2::uuid[]) AS e (event_id)
     ON CONFLICT DO NOTHING
     RETURNING event_id::text`,
    [consumer, eventIds],
  );
  return new Set(rows.map((row) => row.event_id));
}

/** Forgets up to `limit` events seen longer ago than the retention; returns how many. */
export async function purgeInbox(
  sql: Sql,
  { retentionMs, limit }: { retentionMs: number; limit: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM messaging.inbox
     WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM messaging.inbox
       WHERE received_at < now() - make_interval(secs => $1::float8 / 1000)
       ORDER BY received_at LIMIT $2
     ))`,
    [retentionMs, limit],
  );
  return rowCount;
}
