-- What persons dispute about their commissions, as viral-engine tells.
CREATE TABLE partner_dispute (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- Who questions a commission of their own.
  person_id uuid NOT NULL,
  -- Whether the commission is held until the end: held, already_available, nothing_left.
  hold text NOT NULL,
  opened_at timestamptz(3) NOT NULL,
  -- Null: it is undecided.
  decided_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX partner_dispute_open_idx ON partner_dispute (tenant_id, person_id) WHERE decided_at IS NULL;
CREATE TRIGGER partner_dispute_kept BEFORE DELETE OR TRUNCATE ON partner_dispute
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON partner_dispute TO %I', app);
  EXECUTE format('GRANT UPDATE (decided_at) ON partner_dispute TO %I', app);
END $$;
