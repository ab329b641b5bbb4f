import type { Sql } from '@dailydoco/database';
import {
  type Attempt,
  bodyOf,
  type Claim,
  type Delivery,
  type DeliveryState,
  limpsAfter,
  type WebhookMessage,
} from './delivery.js';
import type { SubscriptionKey } from './subscription.store.js';

/** How long messages and what came of them are kept. */
export const RETENTION_MS = 30 * 24 * 3_600_000;
/** One process at a time hands claims out, so that the bound of a subscription holds over all of them. */
const CLAIM_LOCK = 'webhook claims';

/** Which of the tenants have somebody to tell. */
export async function tenantsWithSubscriptions(sql: Sql, tenantIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql.query<{ tenant_id: string }>(
    `SELECT DISTINCT tenant_id FROM webhooks.subscription WHERE tenant_id = ANY ($1::uuid[]) AND status <> 'deleted'`,
    [[...new Set(tenantIds)]],
  );
  return new Set(rows.map(({ tenant_id: id }) => id));
}

/**
 * Puts messages in line, one row for each subscription that wants them. A message that came before changes nothing. What
 * comes while a subscription is disabled is kept for a replay, as long as it has not been disabled for a month.
 */
export async function insertMessages(sql: Sql, messages: readonly WebhookMessage[], now: Date): Promise<void> {
  await sql.query(
    `INSERT INTO webhooks.delivery (tenant_id, subscription_id, message_id, event_type, body, occurred_at, created_at, state, due_at)
     SELECT m.tenant_id, s.id, m.id, m.type, m.body, m.occurred_at, $6,
            CASE s.status WHEN 'enabled' THEN 'pending' ELSE 'skipped' END,
            CASE s.status WHEN 'enabled' THEN $6::timestamptz END
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) WITH ORDINALITY
       AS m (tenant_id, id, type, body, occurred_at, line)
     JOIN webhooks.subscription s ON s.tenant_id = m.tenant_id AND m.type = ANY (s.event_types)
     WHERE s.status = 'enabled' OR (s.disabled_because <> 'gone' AND s.changed_at > $7)
     ORDER BY m.line
     ON CONFLICT DO NOTHING`,
    [
      messages.map(({ tenantId }) => tenantId),
      messages.map(({ id }) => id),
      messages.map(({ type }) => type),
      messages.map(bodyOf),
      messages.map(({ occurredAt }) => occurredAt),
      now,
      new Date(now.getTime() - RETENTION_MS),
    ],
  );
}

/** What one round may take. */
export interface ClaimLimits {
  readonly now: Date;
  readonly until: Date;
  /** The lane: of those that limp, or of all others. */
  readonly limps: boolean;
  /** In all. */
  readonly limit: number;
  /** Under way to one subscription at a time, over all processes. */
  readonly perSubscription: number;
}

/**
 * Takes messages that are due, oldest first, no more of one subscription than may be under way to it. In a database
 * transaction; empty when another process is just taking some.
 */
export async function claimDue(sql: Sql, { now, until, limps, limit, perSubscription }: ClaimLimits): Promise<Claim[]> {
  const { rows: locks } = await sql.query<{ held: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held',
    [CLAIM_LOCK],
  );
  if (locks[0]?.held !== true) return [];
  const { rows } = await sql.query<{
    tenant_id: string;
    subscription_id: string;
    message_id: string;
    url: string;
    body: string;
    attempts: number;
    tries: number;
  }>(
    `WITH lane AS MATERIALIZED (
       SELECT s.tenant_id, s.id, s.url, $4 - (
         SELECT count(*) FROM webhooks.delivery c
         WHERE c.tenant_id = s.tenant_id AND c.subscription_id = s.id AND c.claimed_until IS NOT NULL AND c.claimed_until > $1
       ) AS free
       FROM webhooks.subscription s WHERE s.status = 'enabled' AND s.limps = $3
     ), due AS (
       SELECT d.*, lane.url FROM lane CROSS JOIN LATERAL (
         SELECT x.tenant_id, x.subscription_id, x.message_id, x.due_at FROM webhooks.delivery x
         WHERE x.tenant_id = lane.tenant_id AND x.subscription_id = lane.id AND x.state = 'pending' AND x.due_at <= $1
         ORDER BY x.due_at LIMIT greatest(lane.free, 0)
       ) AS d
       ORDER BY d.due_at LIMIT $5
     )
     UPDATE webhooks.delivery d
     SET tries = d.tries + 1, attempts = d.attempts + 1, due_at = $2, claimed_until = $2
     FROM due
     WHERE d.tenant_id = due.tenant_id AND d.subscription_id = due.subscription_id AND d.message_id = due.message_id
       AND d.state = 'pending' AND d.due_at <= $1
     RETURNING d.tenant_id, d.subscription_id, d.message_id, due.url, d.body, d.attempts, d.tries`,
    [now, until, limps, perSubscription, limit],
  );
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    subscriptionId: row.subscription_id,
    messageId: row.message_id,
    url: row.url,
    body: row.body,
    attempt: row.attempts,
    tries: row.tries,
  }));
}

/**
 * Writes down what came of an attempt, and what of the message: `dueAt` undefined, nothing more is sent. Told late, when
 * the claim had run out and somebody else sends it again, only a success still counts. Returns since when the subscription
 * has been failing; undefined when it is well, or no longer enabled.
 */
export async function recordAttempt(
  sql: Sql,
  claim: Claim,
  { state, dueAt, now, ...attempt }: Attempt & { state: DeliveryState; dueAt: Date | undefined; now: Date },
): Promise<Date | undefined> {
  const key = [claim.tenantId, claim.subscriptionId, claim.messageId];
  await sql.query(
    `INSERT INTO webhooks.attempt (tenant_id, subscription_id, message_id, attempt, started_at, duration_ms, outcome, status, answer)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      ...key,
      attempt.attempt,
      attempt.startedAt,
      attempt.durationMs,
      attempt.outcome,
      attempt.status ?? null,
      attempt.answer,
    ],
  );
  await sql.query(
    `UPDATE webhooks.delivery SET state = $4, due_at = $5, claimed_until = NULL, settled_at = $6
     WHERE tenant_id = $1 AND subscription_id = $2 AND message_id = $3 AND state = 'pending'
       AND (attempts = $7 OR $4 = 'delivered')`,
    [...key, state, dueAt ?? null, state === 'pending' ? null : now, attempt.attempt],
  );
  const { rows } = await sql.query<{ failing_since: Date | null }>(
    `WITH changed AS (
       UPDATE webhooks.subscription
       SET failing_since = CASE WHEN $3 THEN NULL ELSE coalesce(failing_since, $5) END, limps = $4
       WHERE tenant_id = $1 AND id = $2 AND status = 'enabled' AND (limps <> $4 OR (failing_since IS NULL) <> $3)
       RETURNING failing_since
     )
     SELECT failing_since FROM changed
     UNION ALL
     SELECT failing_since FROM webhooks.subscription
     WHERE tenant_id = $1 AND id = $2 AND status = 'enabled' AND NOT EXISTS (SELECT FROM changed)`,
    [claim.tenantId, claim.subscriptionId, attempt.outcome === 'delivered', limpsAfter(attempt), attempt.startedAt],
  );
  return rows[0]?.failing_since ?? undefined;
}

/** Tells the subscription nothing more. False: it was not enabled any more. */
export async function disable(
  sql: Sql,
  { tenantId, id }: SubscriptionKey,
  { because, at }: { because: 'failing' | 'gone'; at: Date },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `UPDATE webhooks.subscription SET status = 'disabled', disabled_because = $3, changed_at = $4
     WHERE tenant_id = $1 AND id = $2 AND status = 'enabled'`,
    [tenantId, id, because, at],
  );
  return rowCount > 0;
}

/** How long somebody has been waiting in each lane, and how many subscriptions are disabled by failures. */
export interface Waiting {
  /** Seconds since the oldest message fell due that nobody has begun to send. */
  readonly steadySeconds: number;
  readonly limpingSeconds: number;
  readonly disabled: number;
}

export async function measureWaiting(sql: Sql, now: Date): Promise<Waiting> {
  const { rows } = await sql.query<{ limps: boolean; seconds: number }>(
    `SELECT s.limps, coalesce(extract(epoch FROM $1::timestamptz - min(d.due_at)), 0)::float8 AS seconds
     FROM webhooks.subscription s CROSS JOIN LATERAL (
       SELECT x.due_at FROM webhooks.delivery x
       WHERE x.tenant_id = s.tenant_id AND x.subscription_id = s.id AND x.state = 'pending' AND x.due_at <= $1
       ORDER BY x.due_at LIMIT 1
     ) AS d
     WHERE s.status = 'enabled' GROUP BY s.limps`,
    [now],
  );
  const { rows: disabled } = await sql.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM webhooks.subscription WHERE status = 'disabled' AND disabled_because <> 'by_hand'",
  );
  const secondsOf = (limps: boolean): number => rows.find((row) => row.limps === limps)?.seconds ?? 0;
  return { steadySeconds: secondsOf(false), limpingSeconds: secondsOf(true), disabled: disabled[0]?.count ?? 0 };
}

/** Deletes up to `limit` messages of which nothing more will come and that are old enough, with their attempts. */
export async function purgeDeliveries(sql: Sql, { before, limit }: { before: Date; limit: number }): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM webhooks.delivery WHERE ctid = ANY (ARRAY(
       SELECT d.ctid FROM webhooks.delivery d
       JOIN webhooks.subscription s ON s.tenant_id = d.tenant_id AND s.id = d.subscription_id
       WHERE d.created_at < $1 AND (d.state <> 'pending' OR s.status <> 'enabled')
       ORDER BY d.created_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED))`,
    [before, limit],
  );
  return rowCount;
}

interface DeliveryRow {
  message_id: string;
  position: bigint;
  event_type: string;
  occurred_at: Date;
  created_at: Date;
  state: DeliveryState;
  attempts: number;
  due_at: Date | null;
  settled_at: Date | null;
}

const COLUMNS = 'message_id, position, event_type, occurred_at, created_at, state, attempts, due_at, settled_at';

/** What became of a subscription's messages, and putting them in line again. */
export class DeliveryStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest first, below the position `before`. */
  async list(query: {
    subscription: SubscriptionKey;
    state: DeliveryState | undefined;
    before: bigint | undefined;
    limit: number;
  }): Promise<Delivery[]> {
    const { rows } = await this.#sql.query<DeliveryRow>(
      `SELECT ${COLUMNS} FROM webhooks.delivery
       WHERE tenant_id = $1 AND subscription_id = $2 AND ($3::text IS NULL OR state = $3)
         AND ($4::bigint IS NULL OR position < $4)
       ORDER BY position DESC LIMIT $5`,
      [query.subscription.tenantId, query.subscription.id, query.state ?? null, query.before ?? null, query.limit],
    );
    return rows.map(toDelivery);
  }

  async find({ tenantId, id }: SubscriptionKey, messageId: string): Promise<(Delivery & { body: string }) | undefined> {
    const { rows } = await this.#sql.query<DeliveryRow & { body: string }>(
      `SELECT ${COLUMNS}, body FROM webhooks.delivery WHERE tenant_id = $1 AND subscription_id = $2 AND message_id = $3`,
      [tenantId, id, messageId],
    );
    return rows[0] && { ...toDelivery(rows[0]), body: rows[0].body };
  }

  /** Latest first. */
  async attempts({ tenantId, id }: SubscriptionKey, messageId: string, limit: number): Promise<Attempt[]> {
    const { rows } = await this.#sql.query<{
      attempt: number;
      started_at: Date;
      duration_ms: number;
      outcome: Attempt['outcome'];
      status: number | null;
      answer: string;
    }>(
      `SELECT attempt, started_at, duration_ms, outcome, status, answer FROM webhooks.attempt
       WHERE tenant_id = $1 AND subscription_id = $2 AND message_id = $3 ORDER BY attempt DESC LIMIT $4`,
      [tenantId, id, messageId, limit],
    );
    return rows.map((row) => ({
      attempt: row.attempt,
      startedAt: row.started_at,
      durationMs: row.duration_ms,
      outcome: row.outcome,
      status: row.status ?? undefined,
      answer: row.answer,
    }));
  }

  /** Puts one message in line again, whatever became of it; false: there is none. One under way is left to it. */
  async replayOne({ tenantId, id }: SubscriptionKey, messageId: string, now: Date): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `UPDATE webhooks.delivery
       SET state = 'pending', settled_at = NULL, tries = CASE WHEN claimed_until > $4 THEN tries ELSE 0 END,
           due_at = CASE WHEN claimed_until > $4 THEN due_at ELSE $4 END
       WHERE tenant_id = $1 AND subscription_id = $2 AND message_id = $3`,
      [tenantId, id, messageId, now],
    );
    return rowCount > 0;
  }

  /** Puts up to `limit` messages that came since a moment in line again, oldest first; returns how many. */
  async replaySince(
    { tenantId, id }: SubscriptionKey,
    { since, states, now, limit }: { since: Date; states: readonly DeliveryState[]; now: Date; limit: number },
  ): Promise<number> {
    const { rowCount } = await this.#sql.query(
      `UPDATE webhooks.delivery SET state = 'pending', settled_at = NULL, tries = 0, due_at = $5
       WHERE tenant_id = $1 AND subscription_id = $2 AND message_id IN (
         SELECT message_id FROM webhooks.delivery
         WHERE tenant_id = $1 AND subscription_id = $2 AND created_at >= $3 AND state = ANY ($4::text[])
         ORDER BY position LIMIT $6)`,
      [tenantId, id, since, states, now, limit],
    );
    return rowCount;
  }
}

function toDelivery(row: DeliveryRow): Delivery {
  return {
    messageId: row.message_id,
    position: row.position,
    eventType: row.event_type,
    occurredAt: row.occurred_at,
    createdAt: row.created_at,
    state: row.state,
    attempts: row.attempts,
    dueAt: row.due_at ?? undefined,
    settledAt: row.settled_at ?? undefined,
  };
}
