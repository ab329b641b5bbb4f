import type { Sql } from '@dailydoco/database';
import type { SecretSealer } from './secret-sealer.js';
import type { Change, DisabledBecause, SigningSecret, Subscription } from './subscription.js';

interface SubscriptionRow {
  tenant_id: string;
  id: string;
  url: string;
  event_types: string[];
  description: string;
  status: Subscription['status'];
  disabled_because: DisabledBecause | null;
  created_at: Date;
  changed_at: Date;
  failing_since: Date | null;
}

const COLUMNS = `s.tenant_id, s.id, s.url, s.event_types, s.description, s.status, s.disabled_because, s.created_at,
  s.changed_at, s.failing_since`;

/** Whose secret it is. */
export interface SubscriptionKey {
  readonly tenantId: string;
  readonly id: string;
}

/** Subscriptions and their secrets, inside a database transaction or outside of any. */
export class SubscriptionStore {
  readonly #sql: Sql;
  readonly #sealer: SecretSealer;

  constructor(sql: Sql, sealer: SecretSealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  /** How many the tenant has; nobody else adds one before the database transaction ends. */
  async countAlone(tenantId: string): Promise<number> {
    await this.#sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `webhook subscriptions ${tenantId}`,
    ]);
    const { rows } = await this.#sql.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM webhooks.subscription WHERE tenant_id = $1 AND status <> 'deleted'",
      [tenantId],
    );
    return rows[0]?.count ?? 0;
  }

  async add(subscription: Subscription, createdBy: string): Promise<void> {
    const { tenantId, id, url, eventTypes, description, status, createdAt } = subscription;
    await this.#sql.query(
      `INSERT INTO webhooks.subscription (tenant_id, id, url, event_types, description, status, created_by, created_at, changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
      [tenantId, id, url, eventTypes, description, status, createdBy, createdAt],
    );
  }

  /** Saves what an administrator may change. */
  async save(subscription: Subscription): Promise<void> {
    const { tenantId, id, url, eventTypes, description, status, disabledBecause, changedAt, failingSince } =
      subscription;
    await this.#sql.query(
      `UPDATE webhooks.subscription
       SET url = $3, event_types = $4, description = $5, status = $6, disabled_because = $7, changed_at = $8,
           failing_since = $9, limps = limps AND $9::timestamptz IS NOT NULL
       WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, url, eventTypes, description, status, disabledBecause ?? null, changedAt, failingSince ?? null],
    );
  }

  /** It is told nothing more, and its secrets are gone. Its messages go with time. */
  async delete({ tenantId, id }: SubscriptionKey, at: Date): Promise<void> {
    await this.#sql.query(
      `UPDATE webhooks.subscription SET status = 'deleted', disabled_because = NULL, changed_at = $3
       WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, at],
    );
    await this.#sql.query('DELETE FROM webhooks.secret WHERE tenant_id = $1 AND subscription_id = $2', [tenantId, id]);
  }

  async find({ tenantId, id }: SubscriptionKey): Promise<Subscription | undefined> {
    return this.#one(`SELECT ${COLUMNS} FROM webhooks.subscription s`, { tenantId, id });
  }

  async lock({ tenantId, id }: SubscriptionKey): Promise<Subscription | undefined> {
    return this.#one(`SELECT ${COLUMNS} FROM webhooks.subscription s`, { tenantId, id }, 'FOR NO KEY UPDATE');
  }

  async #one(select: string, { tenantId, id }: SubscriptionKey, lock = ''): Promise<Subscription | undefined> {
    const { rows } = await this.#sql.query<SubscriptionRow>(
      `${select} WHERE s.tenant_id = $1 AND s.id = $2 AND s.status <> 'deleted' ${lock}`,
      [tenantId, id],
    );
    return rows[0] && toSubscription(rows[0]);
  }

  /** By id; `after` is the last id of the page before. */
  async list(query: { tenantId: string; after: string | undefined; limit: number }): Promise<Subscription[]> {
    const { rows } = await this.#sql.query<SubscriptionRow>(
      `SELECT ${COLUMNS} FROM webhooks.subscription s
       WHERE s.tenant_id = $1 AND s.status <> 'deleted' AND ($2::uuid IS NULL OR s.id > $2) ORDER BY s.id LIMIT $3`,
      [query.tenantId, query.after ?? null, query.limit],
    );
    return rows.map(toSubscription);
  }

  /** Sets the secret that holds from now on; the one before it holds until `formerUntil`, older ones no more. */
  async addSecret(
    { tenantId, id }: SubscriptionKey,
    { secret, at, formerUntil }: { secret: string; at: Date; formerUntil: Date },
  ): Promise<number> {
    await this.#sql.query(
      `UPDATE webhooks.secret SET valid_until = CASE WHEN valid_until IS NULL THEN $4::timestamptz ELSE least(valid_until, $3) END
       WHERE tenant_id = $1 AND subscription_id = $2`,
      [tenantId, id, at, formerUntil],
    );
    const { rows } = await this.#sql.query<{ version: number }>(
      `INSERT INTO webhooks.secret (tenant_id, subscription_id, version, sealed, set_at)
       SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4 FROM webhooks.secret
       WHERE tenant_id = $1 AND subscription_id = $2 RETURNING version`,
      [tenantId, id, this.#sealer.seal(secret, id), at],
    );
    return rows[0]?.version ?? 0;
  }

  /** One secret, whether it still holds or not; undefined when it is gone. */
  async findSecret({ tenantId, id }: SubscriptionKey, version: number): Promise<string | undefined> {
    const { rows } = await this.#sql.query<{ sealed: Uint8Array }>(
      'SELECT sealed FROM webhooks.secret WHERE tenant_id = $1 AND subscription_id = $2 AND version = $3',
      [tenantId, id, version],
    );
    return rows[0] && this.#sealer.open(rows[0].sealed, id);
  }

  /** The secrets that hold, newest first, by subscription id. */
  async secretsOf(keys: readonly SubscriptionKey[], now: Date): Promise<Map<string, SigningSecret[]>> {
    const { rows } = await this.#sql.query<{
      id: string;
      version: number;
      sealed: Uint8Array;
      valid_until: Date | null;
    }>(
      `SELECT k.subscription_id AS id, k.version, k.sealed, k.valid_until FROM webhooks.secret k
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, id) ON k.tenant_id = asked.tenant_id AND k.subscription_id = asked.id
       WHERE k.valid_until IS NULL OR k.valid_until > $3 ORDER BY k.version DESC`,
      [keys.map(({ tenantId }) => tenantId), keys.map(({ id }) => id), now],
    );
    return Map.groupBy(
      rows.map((row) => ({
        id: row.id,
        version: row.version,
        secret: this.#sealer.open(row.sealed, row.id),
        validUntil: row.valid_until ?? undefined,
      })),
      ({ id }) => id,
    );
  }

  /** Writes down who did what: never a secret. */
  async note(
    { tenantId, id }: SubscriptionKey,
    change: { change: Change; detail: unknown; by: string; at: Date },
  ): Promise<void> {
    await noteChange(this.#sql, { tenantId, id }, change);
  }
}

/** Writes down what was done to a subscription, by whom. */
export async function noteChange(
  sql: Sql,
  { tenantId, id }: SubscriptionKey,
  { change, detail, by, at }: { change: Change; detail: unknown; by: string; at: Date },
): Promise<void> {
  await sql.query(
    `INSERT INTO webhooks.subscription_change (tenant_id, subscription_id, change, detail, changed_by, changed_at)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [tenantId, id, change, JSON.stringify(detail), by, at],
  );
}

function toSubscription(row: SubscriptionRow): Subscription {
  return {
    tenantId: row.tenant_id,
    id: row.id,
    url: row.url,
    eventTypes: row.event_types,
    description: row.description,
    status: row.status,
    disabledBecause: row.disabled_because ?? undefined,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    failingSince: row.failing_since ?? undefined,
  };
}
