-- What customers' programs and pages tell: one row per event, in one partition per UTC day of its own time.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE event (
  tenant_id uuid NOT NULL,
  -- The sender's id. It counts as the same event for 30 days from receipt, so that only id and receipt together are one.
  id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  anonymous_id text,
  user_id uuid,
  properties jsonb NOT NULL,
  -- Who sent it: a person, or a key (an API key or a site's write key).
  source_kind text NOT NULL CHECK (source_kind IN ('person', 'apiKey')),
  source_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, id, occurred_at, received_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX event_name_idx ON event (tenant_id, name, occurred_at);
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which ids were received when. Apart from the events and not partitioned: one unique index must see every day at once.
CREATE TABLE event_key (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX event_key_received_idx ON event_key (received_at);

-- Makes the partition of one UTC day, if it is missing. ATTACH, unlike CREATE TABLE … PARTITION OF, lets events of other
-- days be written meanwhile. The application role may not make tables; this function, as the owner, may.
CREATE FUNCTION ensure_event_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  partition text := 'event_' || to_char(day, 'YYYYMMDD');
BEGIN
  -- Read from pg_class, not by to_regclass: its cache does not notice what others made while this waited for the lock.
  IF EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'public'::regnamespace) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('analytics event partitions', 0));
  IF EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'public'::regnamespace) THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', partition);
  EXECUTE format('CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
  EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
    to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
END $$;

-- Drops the oldest partition whose day lies before `first_kept`; false when there is none. One at a time and with a short
-- wait for the lock, because writers of all days wait behind it.
CREATE FUNCTION drop_oldest_event_partition(first_kept date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  partition text;
BEGIN
  SELECT c.relname INTO partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'event'::regclass AND c.relname < 'event_' || to_char(first_kept, 'YYYYMMDD')
  ORDER BY c.relname LIMIT 1;
  IF partition IS NULL THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE %I', partition);
  RETURN true;
END $$;

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  REVOKE ALL ON FUNCTION ensure_event_partition(date), drop_oldest_event_partition(date) FROM PUBLIC;
  EXECUTE format('GRANT SELECT, INSERT ON event TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON event_key TO %I', app);
  EXECUTE format('GRANT EXECUTE ON FUNCTION ensure_event_partition(date), drop_oldest_event_partition(date) TO %I', app);
END $$;
