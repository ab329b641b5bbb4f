-- By which numbers a tenant's payouts are looked at before they leave. Every version is kept, with who set it and why.
CREATE TABLE risk_tuning (
  tenant_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- What was chosen; whatever is not in it is standard.
  choice jsonb NOT NULL,
  changed_by text NOT NULL,
  reason text NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, version)
);
CREATE TRIGGER risk_tuning_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON risk_tuning
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON risk_tuning TO %I', app);
END $$;
