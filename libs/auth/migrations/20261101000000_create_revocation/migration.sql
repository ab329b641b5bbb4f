-- Access that was taken away before its credential ended. In a schema of its own, because every service has this table
-- beside its own ones.
CREATE SCHEMA auth;

-- Revoked while revoked_at is later than lifted_at: facts may arrive twice and in any order, and the later one wins.
CREATE TABLE auth.revocation (
  subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'session', 'apiKey')),
  subject_id text NOT NULL CHECK (length(subject_id) BETWEEN 1 AND 200),
  revoked_at timestamptz,
  lifted_at timestamptz,
  -- When this row was written, by the database's clock: readers ask for what changed since they last looked.
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (subject_kind, subject_id),
  CHECK (revoked_at IS NOT NULL OR lifted_at IS NOT NULL)
);

CREATE INDEX revocation_changed_at ON auth.revocation (changed_at);
CREATE INDEX revocation_suspended_user ON auth.revocation (subject_id)
  WHERE subject_kind = 'user' AND revoked_at IS NOT NULL AND (lifted_at IS NULL OR revoked_at > lifted_at);

DO $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA auth TO %I', current_setting('dailydoco.app_role'));
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON auth.revocation TO %I', current_setting('dailydoco.app_role'));
END
$$;
