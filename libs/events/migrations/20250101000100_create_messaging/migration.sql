-- Events out and in. A schema of its own keeps these tables apart from the service's.
CREATE SCHEMA messaging;

-- Events that the service has to tell. A row is written in the database transaction of the change it tells of.
CREATE TABLE messaging.outbox (
  -- Taken while the writer holds the aggregate's row lock: within one aggregate, the order of ids is the order of events.
  id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      uuid        NOT NULL,
  topic         text        NOT NULL,
  event_type    text        NOT NULL,
  source        text        NOT NULL,
  aggregate_key text        NOT NULL CHECK (length(aggregate_key) BETWEEN 1 AND 200),
  tenant_id     text        NOT NULL,
  occurred_at   timestamptz NOT NULL,
  payload       bytea       NOT NULL,
  -- W3C trace context of the writer.
  traceparent   text,
  created_at    timestamptz NOT NULL DEFAULT now(),
  -- NULL until the broker has it; NULL again when it is to be published once more.
  published_at  timestamptz
)
-- Every row is inserted, updated once and deleted a week later: the default threshold of a fifth of the table comes too late.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- What the relay reads, over and over. It holds the backlog only, however many published rows are kept.
CREATE INDEX outbox_unpublished ON messaging.outbox (id) WHERE published_at IS NULL;

-- What each consumer has seen.
CREATE TABLE messaging.inbox (
  consumer    text        NOT NULL,
  event_id    uuid        NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
)
WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX inbox_received_at ON messaging.inbox (received_at);

-- Aggregates with parked events: as long as the row is there, later events of the key are parked behind. Consumer and
-- replay both lock it, so that no event can slip past or be left behind when the key is given free.
CREATE TABLE messaging.parked_key (
  consumer            text        NOT NULL,
  topic               text        NOT NULL,
  aggregate_key       text        NOT NULL,
  parked_at           timestamptz NOT NULL DEFAULT now(),
  replay_requested_at timestamptz,
  PRIMARY KEY (consumer, topic, aggregate_key)
);

-- Events set aside because they, or an earlier one of their key, could not be applied.
CREATE TABLE messaging.parked_event (
  -- The order of replay within a key.
  id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer      text        NOT NULL,
  topic         text        NOT NULL,
  partition     integer     NOT NULL,
  record_offset bigint      NOT NULL,
  aggregate_key text        NOT NULL,
  event_id      uuid        NOT NULL,
  event_type    text        NOT NULL,
  headers       jsonb       NOT NULL,
  -- NULL when the message had none.
  payload       bytea,
  -- Why it could not be applied, last time it was tried; NULL when it waits behind an earlier event of its key.
  error         text,
  attempts      integer     NOT NULL,
  parked_at     timestamptz NOT NULL DEFAULT now(),
  resolved_at   timestamptz,
  -- Who gave it up and why, when it was discarded.
  discarded_because text,
  resolution    text        CHECK (resolution IN ('applied', 'discarded')),
  CHECK ((resolved_at IS NULL) = (resolution IS NULL)),
  CHECK ((discarded_because IS NOT NULL) = (resolution IS NOT DISTINCT FROM 'discarded')),
  UNIQUE (consumer, event_id)
);

CREATE INDEX parked_event_waiting ON messaging.parked_event (consumer, topic, aggregate_key, id) WHERE resolved_at IS NULL;

DO $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA messaging TO %I', current_setting('dailydoco.app_role'));
  EXECUTE format(
    'GRANT SELECT, INSERT, DELETE, UPDATE ON messaging.outbox, messaging.parked_key, messaging.parked_event TO %I',
    current_setting('dailydoco.app_role')
  );
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON messaging.inbox TO %I', current_setting('dailydoco.app_role'));
END
$$;
