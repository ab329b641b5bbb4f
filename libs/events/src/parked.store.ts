import type { Sql } from '@dailydoco/database';
import { type Delivery, storableHeaders } from './cloud-events.js';

/** An aggregate as one consumer sees it. Two topics may use the same key for different things. */
export interface TopicKey {
  readonly topic: string;
  readonly key: string;
}

/** The parked ones among these keys. Locks them, so that a replay cannot give one free before the caller commits. */
export async function lockParkedKeys(sql: Sql, consumer: string, keys: readonly TopicKey[]): Promise<TopicKey[]> {
  const { rows } = await sql.query<{ topic: string; aggregate_key: string }>(
    `SELECT topic, aggregate_key FROM messaging.parked_key
     WHERE consumer = $1
       AND (topic, aggregate_key) IN (SELECT k.topic, k.key FROM unnest($2::text[], $3::text[]) AS k (topic, key))
     ORDER BY topic, aggregate_key
     FOR SHARE`,
    [consumer, keys.map(({ topic }) => topic), keys.map(({ key }) => key)],
  );
  return rows.map(({ topic, aggregate_key }) => ({ topic, key: aggregate_key }));
}

export interface ToPark {
  readonly delivery: Delivery;
  /** Undefined: nothing wrong with it, it waits behind an earlier event of its key. */
  readonly error: string | undefined;
}

/** Sets the events aside, in this order, and their keys with them. */
export async function insertParked(sql: Sql, consumer: string, parked: readonly ToPark[]): Promise<void> {
  await sql.query(
    `INSERT INTO messaging.parked_key (consumer, topic, aggregate_key)
     SELECT DISTINCT $1, k.topic, k.key FROM unnest($2::text[], $3::text[]) AS k (topic, key)
     ORDER BY 2, 3
     ON CONFLICT DO NOTHING`,
    [consumer, parked.map(({ delivery }) => delivery.topic), parked.map(({ delivery }) => delivery.key)],
  );
  await sql.query(
    `INSERT INTO messaging.parked_event
       (consumer, topic, partition, record_offset, aggregate_key, event_id, event_type, headers, payload, error, attempts)
     SELECT $1, e.topic, e.partition, e.record_offset, e.key, e.event_id, e.event_type, e.headers::jsonb,
            decode(e.payload, 'base64'), e.error, CASE WHEN e.error IS NULL THEN 0 ELSE 1 END
     FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[])
       WITH ORDINALITY
       AS e (topic, partition, record_offset, key, event_id, event_type, headers, payload, error, position)
     ORDER BY e.position`,
    [
      consumer,
      parked.map(({ delivery }) => delivery.topic),
      parked.map(({ delivery }) => delivery.partition),
      parked.map(({ delivery }) => delivery.offset.toString()),
      parked.map(({ delivery }) => delivery.key),
      parked.map(({ delivery }) => delivery.id),
      parked.map(({ delivery }) => delivery.typeName),
      parked.map(({ delivery }) => JSON.stringify(storableHeaders(delivery.headers))),
      parked.map(({ delivery: { payload } }) =>
        payload === undefined ? null : Buffer.from(payload).toString('base64'),
      ),
      parked.map(({ error }) => error ?? null),
    ],
  );
}

/** Locks a parked key for a replay; false when it is not parked (any more). */
export async function lockForReplay(sql: Sql, consumer: string, { topic, key }: TopicKey): Promise<boolean> {
  const { rows } = await sql.query(
    `SELECT FROM messaging.parked_key WHERE consumer = $1 AND topic = $2 AND aggregate_key = $3 FOR UPDATE`,
    [consumer, topic, key],
  );
  return rows.length > 0;
}

export async function releaseKey(sql: Sql, consumer: string, { topic, key }: TopicKey): Promise<void> {
  await sql.query('DELETE FROM messaging.parked_key WHERE consumer = $1 AND topic = $2 AND aggregate_key = $3', [
    consumer,
    topic,
    key,
  ]);
}

export interface ParkedRow {
  readonly id: string;
  readonly partition: number;
  readonly record_offset: string;
  readonly headers: Record<string, string>;
  readonly payload: Uint8Array | null;
}

/** The event of the key that is next in line. */
export async function nextWaiting(
  sql: Sql,
  consumer: string,
  { topic, key }: TopicKey,
): Promise<ParkedRow | undefined> {
  const { rows } = await sql.query<ParkedRow>(
    `SELECT e.id::text, partition, record_offset::text, headers, payload FROM messaging.parked_event AS e
     WHERE consumer = $1 AND topic = $2 AND aggregate_key = $3 AND resolved_at IS NULL
     ORDER BY e.id LIMIT 1`,
    [consumer, topic, key],
  );
  return rows[0];
}

export async function markApplied(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `UPDATE messaging.parked_event SET resolved_at = now(), resolution = 'applied', attempts = attempts + 1 WHERE id = $1`,
    [id],
  );
}

/** Keeps the latest error and withdraws the wish for a replay: trying again unchanged would fail again. */
export async function recordReplayFailure(
  sql: Sql,
  { consumer, topic, key, id, error }: TopicKey & { consumer: string; id: string; error: string },
): Promise<void> {
  await sql.query(
    `WITH failed AS (
       UPDATE messaging.parked_event SET error = $5, attempts = attempts + 1 WHERE id = $4 AND resolved_at IS NULL
     )
     UPDATE messaging.parked_key SET replay_requested_at = NULL
     WHERE consumer = $1 AND topic = $2 AND aggregate_key = $3`,
    [consumer, topic, key, id, error],
  );
}

/** Keys of a consumer whose parked events are to be applied now, longest waiting first. */
export async function parkedKeys(
  sql: Sql,
  consumer: string,
  { topic, key, requestedOnly, limit }: { topic?: string; key?: string; requestedOnly: boolean; limit: number },
): Promise<TopicKey[]> {
  const { rows } = await sql.query<{ topic: string; aggregate_key: string }>(
    `SELECT topic, aggregate_key FROM messaging.parked_key
     WHERE consumer = $1 AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR aggregate_key = $3)
       AND (NOT $4::boolean OR replay_requested_at IS NOT NULL)
     ORDER BY parked_at, topic, aggregate_key LIMIT $5`,
    [consumer, topic ?? null, key ?? null, requestedOnly, limit],
  );
  return rows.map((row) => ({ topic: row.topic, key: row.aggregate_key }));
}

/** Asks the running consumer to apply what it has parked; returns the number of keys. */
export async function requestReplay(
  sql: Sql,
  { consumer, topic, key }: { consumer: string; topic?: string; key?: string },
): Promise<number> {
  const { rowCount } = await sql.query(
    `UPDATE messaging.parked_key SET replay_requested_at = now()
     WHERE consumer = $1 AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR aggregate_key = $3)`,
    [consumer, topic ?? null, key ?? null],
  );
  return rowCount;
}

/** One waiting event, for people. */
export interface ParkedEvent {
  readonly consumer: string;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly partition: number;
  readonly offset: string;
  /** Null: it only waits behind an earlier event of its key. */
  readonly error: string | null;
  readonly attempts: number;
  readonly parkedAt: Date;
}

export async function listParked(
  sql: Sql,
  { consumer, limit = 200 }: { consumer?: string; limit?: number } = {},
): Promise<ParkedEvent[]> {
  const { rows } = await sql.query<ParkedEvent>(
    `SELECT consumer, topic, aggregate_key AS key, event_id::text AS "eventId", event_type AS "eventType", partition,
            record_offset::text AS "offset", error, attempts, parked_at AS "parkedAt"
     FROM messaging.parked_event
     WHERE resolved_at IS NULL AND ($1::text IS NULL OR consumer = $1)
     ORDER BY id LIMIT $2`,
    [consumer ?? null, limit],
  );
  return rows;
}

/** Gives a parked event up, for good; false when it is not waiting. Later events of its key need a replay all the same. */
export async function discardParked(
  sql: Sql,
  { consumer, eventId, because }: { consumer: string; eventId: string; because: string },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE messaging.parked_event SET resolved_at = now(), resolution = 'discarded', discarded_because = $3
     WHERE consumer = $1 AND event_id = $2 AND resolved_at IS NULL`,
    [consumer, eventId, because],
  );
  return rowCount > 0;
}

export async function countParked(sql: Sql, consumers: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ consumer: string; count: string }>(
    `SELECT consumer, count(*)::text AS count FROM messaging.parked_event
     WHERE resolved_at IS NULL AND consumer = ANY ($1::text[]) GROUP BY consumer`,
    [consumers],
  );
  const counted = new Map(rows.map((row) => [row.consumer, Number(row.count)]));
  return new Map(consumers.map((consumer) => [consumer, counted.get(consumer) ?? 0]));
}

/** Deletes up to `limit` events that were resolved longer ago than the retention. */
export async function purgeResolved(
  sql: Sql,
  { retentionMs, limit }: { retentionMs: number; limit: number },
): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM messaging.parked_event WHERE id IN (
       SELECT id FROM messaging.parked_event
       WHERE resolved_at < now() - make_interval(secs => $1::float8 / 1000) ORDER BY id LIMIT $2
     )`,
    [retentionMs, limit],
  );
  return rowCount;
}
