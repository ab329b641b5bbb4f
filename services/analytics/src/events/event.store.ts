import type { Sql } from '@dailydoco/database';
import type { Fact } from '../facts/fact.js';
import { FactStore } from '../facts/fact.store.js';
import { asEventId, asTenantId } from '../ids.js';
import type { EventBook, EventKey } from './commit-events.js';
import type { StoredEvent } from './event.js';

// The key decides: whoever inserts it, or renews one that is 30 days old, stores the event. A concurrent twin waits for
// the first one's commit. Keys are taken in order, so that writers never wait in a circle.
const ADD_EVENTS = `
  WITH sent AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[],
      $7::uuid[], $8::text[], $9::text[], $10::uuid[])
      AS s (tenant_id, id, name, occurred_at, received_at, anonymous_id, user_id, properties, source_kind, source_id)
  ), fresh AS (
    INSERT INTO event_key AS k (tenant_id, id, received_at)
    SELECT tenant_id, id, received_at FROM sent ORDER BY tenant_id, id
    ON CONFLICT (tenant_id, id) DO UPDATE SET received_at = excluded.received_at
      WHERE k.received_at <= excluded.received_at - interval '720 hours'
    RETURNING tenant_id, id
  )
  INSERT INTO event
    (tenant_id, id, name, occurred_at, received_at, anonymous_id, user_id, properties, source_kind, source_id)
  SELECT tenant_id, id, name, occurred_at, received_at, anonymous_id, user_id, properties::jsonb, source_kind, source_id
  FROM sent JOIN fresh USING (tenant_id, id)
  RETURNING tenant_id, id`;

/** The only SQL that writes events. */
export class EventStore implements EventBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async add(events: readonly StoredEvent[]): Promise<EventKey[]> {
    const column = <Key extends keyof StoredEvent>(key: Key): StoredEvent[Key][] => events.map((event) => event[key]);
    const { rows } = await this.#sql.query<{ tenant_id: string; id: string }>(ADD_EVENTS, [
      column('tenantId'),
      column('id'),
      column('name'),
      events.map(({ occurredAt }) => occurredAt.toISOString()),
      events.map(({ receivedAt }) => receivedAt.toISOString()),
      events.map(({ anonymousId }) => anonymousId ?? null),
      events.map(({ userId }) => userId ?? null),
      column('propertiesJson'),
      events.map(({ sender }) => sender.kind),
      events.map(({ sender }) => sender.id),
    ]);
    return rows.map((row) => ({ tenantId: asTenantId(row.tenant_id), id: asEventId(row.id) }));
  }

  async addFacts(facts: readonly Fact[]): Promise<void> {
    await new FactStore(this.#sql).add(facts);
  }
}
