-- Where persons want their money, and each payout with every step of its life.

-- Suspended persons are not paid. Nobody listed here as suspended: nobody is.
CREATE TABLE person_standing (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  suspended boolean NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
);

CREATE TABLE payout_method (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('sandbox')),
  -- What the sandbox does with payouts to it.
  sandbox_outcome text NOT NULL CHECK (sandbox_outcome IN ('settled', 'failed', 'returned')),
  created_at timestamptz(3) NOT NULL,
  deleted_at timestamptz(3),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX payout_method_person_idx ON payout_method (tenant_id, person_id, id);
CREATE TRIGGER payout_method_kept BEFORE DELETE OR TRUNCATE ON payout_method
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE payout (
  tenant_id uuid NOT NULL,
  -- Also the reference that the rail knows it by.
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  method_id uuid NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  currency text NOT NULL,
  requested_at timestamptz(3) NOT NULL,
  status text NOT NULL CHECK (status IN ('requested', 'submitted', 'settled', 'failed', 'returned', 'cancelled')),
  -- Why it failed or was returned.
  reason text,
  changed_at timestamptz(3) NOT NULL,
  -- When the rail is to be asked next; null when there is nothing more to learn. Moved ahead while a worker asks.
  ask_at timestamptz(3),
  times_asked integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, method_id) REFERENCES payout_method (tenant_id, id)
);
CREATE INDEX payout_person_idx ON payout (tenant_id, person_id, id);
CREATE INDEX payout_ask_idx ON payout (ask_at) WHERE ask_at IS NOT NULL;
CREATE TRIGGER payout_kept BEFORE DELETE OR TRUNCATE ON payout
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_payout_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.person_id, OLD.method_id, OLD.amount_micros, OLD.currency, OLD.requested_at)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.person_id, NEW.method_id, NEW.amount_micros, NEW.currency, NEW.requested_at) THEN
    RAISE EXCEPTION 'the terms of a payout never change' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_terms_kept BEFORE UPDATE ON payout FOR EACH ROW EXECUTE FUNCTION keep_payout_terms();

-- A step is taken once, whoever tries again.
CREATE TABLE payout_step (
  tenant_id uuid NOT NULL,
  payout_id uuid NOT NULL,
  step text NOT NULL CHECK (step IN ('requested', 'submitted', 'settled', 'failed', 'returned', 'cancelled')),
  reason text,
  taken_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, payout_id, step)
);
CREATE TRIGGER payout_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_step
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The memory of the sandbox rail, which stands for a bank's: never joined with the tables above.
CREATE TABLE sandbox_payment (
  tenant_id uuid NOT NULL,
  reference uuid NOT NULL,
  amount_micros bigint NOT NULL,
  currency text NOT NULL,
  outcome text NOT NULL,
  times_asked integer NOT NULL DEFAULT 1,
  first_asked_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, reference)
);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON person_standing, payout_method, payout, payout_step, sandbox_payment TO %I', app);
  EXECUTE format('GRANT UPDATE (suspended, changed_at) ON person_standing TO %I', app);
  EXECUTE format('GRANT UPDATE (deleted_at) ON payout_method TO %I', app);
  EXECUTE format('GRANT UPDATE (status, reason, changed_at, ask_at, times_asked) ON payout TO %I', app);
  EXECUTE format('GRANT UPDATE (times_asked) ON sandbox_payment TO %I', app);
END $$;
