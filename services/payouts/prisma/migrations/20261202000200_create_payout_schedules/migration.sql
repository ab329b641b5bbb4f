-- When persons want to be paid without asking each time.

CREATE TABLE payout_schedule (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  currency text NOT NULL,
  interval text NOT NULL CHECK (interval IN ('daily', 'weekly', 'monthly', 'threshold')),
  -- Of the week (1 is Monday) or of the month.
  day smallint,
  threshold_micros bigint CHECK (threshold_micros > 0),
  method_id uuid NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  -- The day, in UTC, whose payout is next.
  due_on date NOT NULL,
  -- When it is looked at next: at the begin of that day, and later again while something stands in the way.
  look_at timestamptz(3) NOT NULL,
  -- How the last look ended; null before the first.
  last_outcome text,
  last_payout_id uuid,
  last_looked_at timestamptz(3),
  PRIMARY KEY (tenant_id, person_id, currency),
  FOREIGN KEY (tenant_id, method_id) REFERENCES payout_method (tenant_id, id),
  CHECK (CASE interval WHEN 'weekly' THEN day IS NOT NULL AND day BETWEEN 1 AND 7
    WHEN 'monthly' THEN day IS NOT NULL AND day BETWEEN 1 AND 28 ELSE day IS NULL END),
  CHECK ((interval = 'threshold') = (threshold_micros IS NOT NULL)),
  CHECK ((last_outcome IS NULL) = (last_looked_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX payout_schedule_look_idx ON payout_schedule (look_at);

-- Each payout that a schedule has asked for: once per person, currency and day, whatever crashes or is changed meanwhile.
CREATE TABLE payout_schedule_run (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  currency text NOT NULL,
  due_on date NOT NULL,
  payout_id uuid NOT NULL,
  ran_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, person_id, currency, due_on)
);
CREATE TRIGGER payout_schedule_run_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_schedule_run
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON payout_schedule TO %I', app);
  EXECUTE format('GRANT UPDATE (interval, day, threshold_micros, method_id, changed_at, due_on, look_at, last_outcome,
    last_payout_id, last_looked_at) ON payout_schedule TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT ON payout_schedule_run TO %I', app);
END $$;
