-- Payout methods of every rail. What a person gave of a bank account or a wallet is sealed; beside it stand what may be
-- shown and a keyed hash that finds equal accounts.

-- Half of a person's key: what is sealed for the person needs this salt and the installation's secret, which is not in
-- the database. Erasing the person deletes the row, and with it whatever was sealed.
CREATE TABLE person_key (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  salt bytea NOT NULL CHECK (octet_length(salt) = 32),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
);

ALTER TABLE payout_method
  DROP CONSTRAINT payout_method_kind_check,
  ADD CONSTRAINT payout_method_kind_check CHECK (kind IN ('sandbox', 'sepa', 'ach', 'stripe', 'usdc')),
  ALTER COLUMN sandbox_outcome DROP NOT NULL,
  -- What the person gave, as the rail reads it, sealed under the person's key; null on sandbox methods of before.
  ADD COLUMN sealed bytea,
  -- What may be shown: the last four characters at most.
  ADD COLUMN masked text,
  -- HMAC of the account, equal for one account within a tenant and kind; null where there is no account.
  ADD COLUMN fingerprint bytea CHECK (octet_length(fingerprint) = 32),
  -- ISO 3166-1 alpha-2 of where the account is; null on rails that know no countries.
  ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$'),
  -- Until when a change of method receives nothing; null: it never waited.
  ADD COLUMN held_until timestamptz(3),
  ADD CONSTRAINT payout_method_details_check CHECK (CASE WHEN kind = 'sandbox' THEN sandbox_outcome IS NOT NULL
    ELSE sandbox_outcome IS NULL AND num_nonnulls(sealed, masked, fingerprint) = 3 END);
-- Who else is paid to the same account.
CREATE INDEX payout_method_fingerprint_idx ON payout_method (tenant_id, kind, fingerprint) WHERE fingerprint IS NOT NULL;

-- Another account is another method: a payout under way is paid to what stood there when it was asked for.
CREATE FUNCTION keep_payout_method_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.person_id, OLD.kind, OLD.sandbox_outcome, OLD.sealed, OLD.masked, OLD.fingerprint,
      OLD.country, OLD.created_at, OLD.held_until)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.person_id, NEW.kind, NEW.sandbox_outcome, NEW.sealed, NEW.masked, NEW.fingerprint,
      NEW.country, NEW.created_at, NEW.held_until) THEN
    RAISE EXCEPTION 'a payout method never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_method_terms_kept BEFORE UPDATE ON payout_method
  FOR EACH ROW EXECUTE FUNCTION keep_payout_method_terms();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON person_key TO %I', app);
END $$;
