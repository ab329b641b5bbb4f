-- What each day came to, told once: the document as it was made, which nothing changes any more.

CREATE TABLE reconciliation_report (
  tenant_id uuid NOT NULL,
  -- In UTC.
  day date NOT NULL,
  -- The first comparison that was finished after the day.
  run_id uuid NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('balanced', 'breaks')),
  breaks integer NOT NULL CHECK (breaks >= 0),
  made_at timestamptz(3) NOT NULL,
  -- Null: made by itself.
  made_by uuid,
  body jsonb NOT NULL,
  PRIMARY KEY (tenant_id, day),
  CHECK ((outcome = 'balanced') = (breaks = 0)),
  FOREIGN KEY (tenant_id, run_id) REFERENCES reconciliation_run (tenant_id, id)
);
CREATE TRIGGER reconciliation_report_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_report
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- The first comparison after a moment.
CREATE INDEX reconciliation_run_started_idx ON reconciliation_run (tenant_id, started_at);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON reconciliation_report TO %I', app);
END $$;
