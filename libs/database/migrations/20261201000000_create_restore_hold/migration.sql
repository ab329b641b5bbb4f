-- What a restore of this database leaves behind, and who said that the service may write again. In a schema of its own,
-- because every service has these tables beside its own ones. Written by the owner role only: a service reads its hold and
-- cannot end it.
CREATE SCHEMA operations;

CREATE FUNCTION operations.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- Open until its acceptance is there: the service answers reads and changes nothing.
CREATE TABLE operations.restore_hold (
  id uuid NOT NULL PRIMARY KEY,
  restored_at timestamptz NOT NULL,
  -- The moment whose state the database was brought back to.
  restored_to timestamptz NOT NULL,
  restored_by text NOT NULL CHECK (length(restored_by) BETWEEN 1 AND 200),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000)
);
CREATE TRIGGER restore_hold_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations.restore_hold
  FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();

CREATE TABLE operations.restore_acceptance (
  hold_id uuid NOT NULL PRIMARY KEY REFERENCES operations.restore_hold (id),
  accepted_at timestamptz NOT NULL,
  accepted_by text NOT NULL CHECK (length(accepted_by) BETWEEN 1 AND 200),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  -- SHA-256 of the reconciliation report that was accepted, hexadecimal.
  report_sha256 text NOT NULL CHECK (report_sha256 ~ '^[0-9a-f]{64}$')
);
CREATE TRIGGER restore_acceptance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations.restore_acceptance
  FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA operations TO %I', app);
  EXECUTE format('GRANT SELECT ON operations.restore_hold, operations.restore_acceptance TO %I', app);
END $$;
