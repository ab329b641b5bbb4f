-- Webhooks out: who wants to hear of what, and what became of each message. A schema of its own keeps these tables apart
-- from the service's.
CREATE SCHEMA webhooks;

-- Where a tenant wants its events sent to. Never deleted: what was done to it, and by whom, refers to it.
CREATE TABLE webhooks.subscription (
  tenant_id        uuid        NOT NULL,
  id               uuid        NOT NULL,
  url              text        NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
  event_types      text[]      NOT NULL CHECK (cardinality(event_types) BETWEEN 1 AND 100),
  description      text        NOT NULL CHECK (length(description) <= 200),
  status           text        NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
  -- failing: nothing was taken for days. gone: the receiver said so (410).
  disabled_because text        CHECK (disabled_because IN ('by_hand', 'failing', 'gone')),
  created_by       text        NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
  created_at       timestamptz NOT NULL,
  changed_at       timestamptz NOT NULL,
  -- The first of the attempts in a row that failed; NULL when the last one succeeded.
  failing_since    timestamptz,
  -- The last attempt failed or was slow. Those that limp have a lane of their own, so that they delay nobody else.
  limps            boolean     NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'disabled') = (disabled_because IS NOT NULL))
);

CREATE INDEX subscription_enabled ON webhooks.subscription (tenant_id, id) WHERE status = 'enabled';

-- Who changed what, and why.
CREATE TABLE webhooks.subscription_change (
  tenant_id       uuid        NOT NULL,
  subscription_id uuid        NOT NULL,
  position        bigint      GENERATED ALWAYS AS IDENTITY,
  change          text        NOT NULL CHECK (change IN ('created', 'changed', 'secret_rotated', 'disabled', 'enabled', 'deleted', 'replayed')),
  -- What it is from now on, or what was replayed; never a secret.
  detail          text        NOT NULL CHECK (length(detail) <= 8000),
  changed_by      text        NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 200),
  changed_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subscription_id, position),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES webhooks.subscription (tenant_id, id)
);

-- Signing secrets, sealed. The last version holds, and the one before it until `valid_until`.
CREATE TABLE webhooks.secret (
  tenant_id       uuid        NOT NULL,
  subscription_id uuid        NOT NULL,
  version         integer     NOT NULL CHECK (version >= 1),
  sealed          bytea       NOT NULL,
  set_at          timestamptz NOT NULL,
  -- NULL: it holds until there is another.
  valid_until     timestamptz,
  PRIMARY KEY (tenant_id, subscription_id, version),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES webhooks.subscription (tenant_id, id)
);

-- One message to one subscription.
CREATE TABLE webhooks.delivery (
  tenant_id       uuid        NOT NULL,
  subscription_id uuid        NOT NULL,
  -- The event's own id: sent as webhook-id, so that a receiver knows what it has had before.
  message_id      uuid        NOT NULL,
  position        bigint      GENERATED ALWAYS AS IDENTITY,
  event_type      text        NOT NULL CHECK (length(event_type) BETWEEN 1 AND 100),
  body            text        NOT NULL CHECK (octet_length(body) <= 262144),
  occurred_at     timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  -- failed: given up. skipped: it came while the subscription was disabled.
  state           text        NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'skipped')),
  -- Attempts begun since it was put in line, and in all.
  tries           integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
  attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= tries),
  due_at          timestamptz,
  -- Until then somebody is sending it. It runs out by itself, so that a dead process holds nothing up.
  claimed_until   timestamptz,
  settled_at      timestamptz,
  PRIMARY KEY (tenant_id, subscription_id, message_id),
  FOREIGN KEY (tenant_id, subscription_id) REFERENCES webhooks.subscription (tenant_id, id),
  CHECK ((state = 'pending') = (due_at IS NOT NULL)),
  CHECK (claimed_until IS NULL OR state = 'pending')
)
-- Every row is changed twice or more and deleted a month later.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX delivery_due ON webhooks.delivery (tenant_id, subscription_id, due_at) WHERE state = 'pending';
CREATE INDEX delivery_claimed ON webhooks.delivery (tenant_id, subscription_id) WHERE claimed_until IS NOT NULL;
CREATE INDEX delivery_listed ON webhooks.delivery (tenant_id, subscription_id, position DESC);
CREATE INDEX delivery_created_at ON webhooks.delivery (created_at);

-- What came of each attempt. A number that is missing is an attempt whose process died before it could tell.
CREATE TABLE webhooks.attempt (
  tenant_id       uuid        NOT NULL,
  subscription_id uuid        NOT NULL,
  message_id      uuid        NOT NULL,
  attempt         integer     NOT NULL CHECK (attempt >= 1),
  started_at      timestamptz NOT NULL,
  duration_ms     integer     NOT NULL CHECK (duration_ms >= 0),
  outcome         text        NOT NULL CHECK (outcome IN ('delivered', 'refused', 'redirected', 'gone', 'timed_out', 'unreachable', 'blocked')),
  -- Of the HTTP answer; NULL when there was none.
  status          smallint,
  -- The first KiB of the answer, or why there was none.
  answer          text        NOT NULL CHECK (length(answer) <= 1024),
  PRIMARY KEY (tenant_id, subscription_id, message_id, attempt),
  FOREIGN KEY (tenant_id, subscription_id, message_id)
    REFERENCES webhooks.delivery (tenant_id, subscription_id, message_id) ON DELETE CASCADE
)
WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE FUNCTION webhooks.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of %.% is not allowed', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER subscription_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhooks.subscription_change
  FOR EACH STATEMENT EXECUTE FUNCTION webhooks.refuse_change();
CREATE TRIGGER subscription_stays BEFORE DELETE OR TRUNCATE ON webhooks.subscription
  FOR EACH STATEMENT EXECUTE FUNCTION webhooks.refuse_change();
-- Attempts go with their delivery when it is old, and are never told otherwise.
CREATE TRIGGER attempt_unchanged BEFORE UPDATE ON webhooks.attempt
  FOR EACH STATEMENT EXECUTE FUNCTION webhooks.refuse_change();

DO $$
DECLARE
  v_app_role CONSTANT text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA webhooks TO %I', v_app_role);
  EXECUTE format('GRANT SELECT, INSERT ON webhooks.subscription, webhooks.subscription_change TO %I', v_app_role);
  EXECUTE format(
    'GRANT UPDATE (url, event_types, description, status, disabled_because, changed_at, failing_since, limps)
     ON webhooks.subscription TO %I', v_app_role);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON webhooks.secret, webhooks.delivery, webhooks.attempt TO %I', v_app_role);
  EXECUTE format('GRANT UPDATE (valid_until) ON webhooks.secret TO %I', v_app_role);
  EXECUTE format(
    'GRANT UPDATE (state, tries, attempts, due_at, claimed_until, settled_at) ON webhooks.delivery TO %I', v_app_role);
END
$$;
