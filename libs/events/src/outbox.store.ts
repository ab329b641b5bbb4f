import { prepared, type Sql } from '@dailydoco/database';

/** The channel on which committed appends wake the relay. */
export const OUTBOX_CHANNEL = 'messaging_outbox';

export interface NewOutboxRow {
  readonly eventId: string;
  readonly topic: string;
  readonly eventType: string;
  readonly key: string;
  readonly tenantId: string;
  readonly occurredAt: Date;
  readonly payload: Uint8Array;
  readonly traceparent: string | undefined;
}

/**
 * The rows get their ids in the order given: INSERT … SELECT takes a sequence's values after the ORDER BY. Every array
 * travels as text, because not every driver that stands behind `Sql` can send an array of bytes or of times.
 */
const INSERT_ROWS = prepared(`
  WITH inserted AS (
    INSERT INTO messaging.outbox
      (event_id, topic, event_type, source, aggregate_key, tenant_id, occurred_at, payload, traceparent)
    SELECT e.event_id::uuid, e.topic, e.event_type, $9, e.aggregate_key, e.tenant_id, e.occurred_at::timestamptz,
           decode(e.payload, 'base64'), e.traceparent
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      WITH ORDINALITY
      AS e (event_id, topic, event_type, aggregate_key, tenant_id, occurred_at, payload, traceparent, position)
    ORDER BY e.position
  )
  SELECT pg_notify('${OUTBOX_CHANNEL}', '')::text`);

export async function insertOutboxRows(sql: Sql, source: string, rows: readonly NewOutboxRow[]): Promise<void> {
  await sql.query(INSERT_ROWS, [
    rows.map((row) => row.eventId),
    rows.map((row) => row.topic),
    rows.map((row) => row.eventType),
    rows.map((row) => row.key),
    rows.map((row) => row.tenantId),
    rows.map((row) => row.occurredAt.toISOString()),
    rows.map((row) => base64(row.payload)),
    rows.map((row) => row.traceparent ?? null),
    source,
  ]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A row as the relay reads it. The id stays text: it is only handed back, never computed with. */
export interface OutboxRow {
  readonly id: string;
  readonly event_id: string;
  readonly topic: string;
  readonly event_type: string;
  readonly source: string;
  readonly aggregate_key: string;
  readonly tenant_id: string;
  readonly occurred_at: string;
  readonly payload: Uint8Array;
  readonly traceparent: string | null;
}

/**
 * By what is unpublished, never "after the last id": ids are taken before the commit, so a smaller one may appear later.
 * The time is made text here, because building and formatting a Date for each row costs more than sending it. A bare
 * ORDER BY id would mean the output column, which is text: 10 before 9.
 */
const SELECT_UNPUBLISHED = `
  SELECT o.id::text, event_id, topic, event_type, source, aggregate_key, tenant_id,
         to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at, payload, traceparent
  FROM messaging.outbox AS o
  WHERE published_at IS NULL
  ORDER BY o.id
  LIMIT $1`;

export async function selectUnpublished(sql: Sql, limit: number): Promise<OutboxRow[]> {
  return (await sql.query<OutboxRow>(SELECT_UNPUBLISHED, [limit])).rows;
}

export async function markPublished(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query('UPDATE messaging.outbox SET published_at = now() WHERE id = ANY ($1::bigint[])', [ids]);
}

export interface Backlog {
  readonly events: number;
  readonly oldestAgeSeconds: number;
}

/** Past this many, counting costs more than the exact number is worth. */
const MAX_COUNTED = 1_000_000;

/** The oldest row is the one of the smallest id, near enough: looking for the smallest time would read the backlog. */
export async function measureBacklog(sql: Sql): Promise<Backlog> {
  const { rows } = await sql.query<{ events: string; age: string | null }>(
    `SELECT (SELECT count(*) FROM (SELECT FROM messaging.outbox WHERE published_at IS NULL LIMIT ${MAX_COUNTED}) AS u)::text AS events,
            (SELECT extract(epoch FROM clock_timestamp() - created_at) FROM messaging.outbox
             WHERE published_at IS NULL ORDER BY id LIMIT 1)::text AS age`,
  );
  const [row] = rows;
  return { events: Number(row?.events ?? 0), oldestAgeSeconds: Math.max(0, Number(row?.age ?? 0)) };
}

/**
 * Deletes published rows past their time among the next `limit` rows after `afterId`, and says where to go on;
 * undefined when younger rows have been reached. Ids grow with time, so no index on time is needed.
 */
export async function purgeOutboxWindow(
  sql: Sql,
  { afterId, limit, retentionMs }: { afterId: string; limit: number; retentionMs: number },
): Promise<string | undefined> {
  const { rows } = await sql.query<{ last_id: string | null; more: boolean }>(
    `WITH looked_at AS (
       SELECT id, created_at, published_at FROM messaging.outbox WHERE id > $1::bigint ORDER BY id LIMIT $2
     ), deleted AS (
       DELETE FROM messaging.outbox
       WHERE id IN (SELECT id FROM looked_at WHERE published_at < now() - make_interval(secs => $3::float8 / 1000))
     )
     SELECT max(id)::text AS last_id,
            count(*) = $2 AND coalesce(min(created_at) < now() - make_interval(secs => $3::float8 / 1000), false) AS more
     FROM looked_at`,
    [afterId, limit, retentionMs],
  );
  const [row] = rows;
  return row?.more === true ? (row.last_id ?? undefined) : undefined;
}

/** Which published events to publish once more; several conditions must all hold. Times are those of the writing. */
export interface RepublishSelection {
  readonly fromId?: bigint;
  readonly toId?: bigint;
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  readonly topic?: string;
  readonly key?: string;
}

/** Marks up to `limit` rows after `afterId` as unpublished again; `lastId` says where to go on, if anywhere. */
export async function unpublishNext(
  sql: Sql,
  selection: RepublishSelection,
  { afterId, limit }: { afterId: string; limit: number },
): Promise<{ count: number; lastId: string | undefined }> {
  const { fromId, toId, from, to, topic, key } = selection;
  const { rows } = await sql.query<{ count: string; last_id: string | null; more: boolean }>(
    `WITH chosen AS (
       SELECT id FROM messaging.outbox
       WHERE published_at IS NOT NULL AND id > $1::bigint
         AND ($3::bigint IS NULL OR id >= $3::bigint) AND ($4::bigint IS NULL OR id <= $4::bigint)
         AND ($5::timestamptz IS NULL OR created_at >= $5::timestamptz)
         AND ($6::timestamptz IS NULL OR created_at < $6::timestamptz)
         AND ($7::text IS NULL OR topic = $7::text) AND ($8::text IS NULL OR aggregate_key = $8::text)
       ORDER BY id LIMIT $2
     ), updated AS (
       UPDATE messaging.outbox SET published_at = NULL WHERE id IN (SELECT id FROM chosen) RETURNING id
     ), woken AS (
       SELECT pg_notify('${OUTBOX_CHANNEL}', '')
     )
     SELECT (SELECT count(*) FROM updated)::text AS count, (SELECT max(id) FROM chosen)::text AS last_id,
            (SELECT count(*) = $2 FROM chosen) AS more
     FROM woken`,
    [
      afterId,
      limit,
      fromId?.toString() ?? null,
      toId?.toString() ?? null,
      from?.toISOString() ?? null,
      to?.toISOString() ?? null,
      topic ?? null,
      key ?? null,
    ],
  );
  const [row] = rows;
  return { count: Number(row?.count ?? 0), lastId: row?.more === true ? (row.last_id ?? undefined) : undefined };
}
