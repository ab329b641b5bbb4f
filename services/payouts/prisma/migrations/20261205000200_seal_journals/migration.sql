-- Journals in a chain of hashes, one chain per tenant, so that a change behind the service's back is seen.

-- Numbered 1, 2, … without a gap by the sealer, after the journals are committed: a journal that commits late gets a later
-- number and slips behind nothing.
CREATE TABLE journal_seal (
  tenant_id uuid NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  journal_id uuid NOT NULL,
  -- SHA-256 over the hash of the seal before (32 zero bytes for the first) and the journal with its postings.
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  sealed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, number),
  UNIQUE (tenant_id, journal_id)
);
CREATE TRIGGER journal_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_seal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON journal_seal TO %I', app);
END $$;
