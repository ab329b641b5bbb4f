-- Plans that are no longer chosen. A fact like the versions: taking a plan up again is a new version, not a change here.

CREATE TABLE plan_archive (
  tenant_id uuid NOT NULL,
  plan_id text COLLATE "C" NOT NULL,
  -- The versions up to this one are archived.
  last_version integer NOT NULL CHECK (last_version > 0),
  -- Purchases that occurred from here on are not decided by them.
  archived_at timestamptz(3) NOT NULL,
  archived_by text NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, last_version)
);
CREATE TRIGGER plan_archive_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_archive
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON plan_archive TO %I', app);
END $$;
