-- A payout's whole life: screened and approved before it leaves, unknown while nobody can say how it went; what was found
-- about it, the file it leaves in, and what rails told by themselves.

ALTER TABLE payout
  -- The rail of its method when it was asked for.
  ADD COLUMN rail text NOT NULL DEFAULT 'sandbox' CHECK (rail IN ('sandbox', 'sepa', 'ach', 'stripe', 'usdc')),
  -- Of the amount, kept back for tax; the rail is handed the rest.
  ADD COLUMN withheld_micros bigint NOT NULL DEFAULT 0,
  -- What the rail took from the house for it.
  ADD COLUMN fee_micros bigint NOT NULL DEFAULT 0 CHECK (fee_micros >= 0),
  -- The rail's own id of the payment.
  ADD COLUMN rail_reference text,
  ADD COLUMN batch_id uuid,
  ADD CHECK (withheld_micros >= 0 AND withheld_micros < amount_micros),
  DROP CONSTRAINT payout_status_check,
  ADD CONSTRAINT payout_status_check CHECK (status IN ('requested', 'screened', 'approved', 'submitted', 'unknown',
    'settled', 'failed', 'returned', 'cancelled'));
-- The worker looks for what is due by status; the index by time alone would lead it past everything else that waits.
DROP INDEX payout_ask_idx;
CREATE INDEX payout_due_idx ON payout (status, ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX payout_batch_idx ON payout (tenant_id, batch_id, id) WHERE batch_id IS NOT NULL;
-- What waits for a person, or for a bank: the queues of finance.
CREATE INDEX payout_open_idx ON payout (tenant_id, status, id)
  WHERE status IN ('requested', 'screened', 'approved', 'submitted', 'unknown');

CREATE OR REPLACE FUNCTION keep_payout_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.person_id, OLD.method_id, OLD.amount_micros, OLD.currency, OLD.requested_at,
      OLD.rail, OLD.withheld_micros)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.person_id, NEW.method_id, NEW.amount_micros, NEW.currency, NEW.requested_at,
      NEW.rail, NEW.withheld_micros) THEN
    RAISE EXCEPTION 'the terms of a payout never change' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (OLD.fee_micros <> 0 AND NEW.fee_micros <> OLD.fee_micros)
     OR (OLD.batch_id IS NOT NULL AND NEW.batch_id IS DISTINCT FROM OLD.batch_id) THEN
    RAISE EXCEPTION 'the fee and the batch of a payout are set once' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- Whether nothing may leave to a person for now. Whatever else freezes people takes this function's place.
CREATE FUNCTION payout_is_frozen(tenant uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM person_standing s WHERE s.tenant_id = tenant AND s.person_id = person AND s.suspended)
$$;

-- A payout may be unknown, and submitted, more than once; every other step is taken once, whoever tries again.
ALTER TABLE payout_step
  ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY,
  -- Who decided it; null: the service by its rules, or the rail.
  ADD COLUMN taken_by uuid,
  -- What that person said about it.
  ADD COLUMN note text,
  DROP CONSTRAINT payout_step_step_check,
  ADD CONSTRAINT payout_step_step_check CHECK (step IN ('requested', 'screened', 'approved', 'submitted', 'unknown',
    'settled', 'failed', 'returned', 'cancelled')),
  DROP CONSTRAINT payout_step_pkey,
  ADD PRIMARY KEY (tenant_id, payout_id, position);
CREATE UNIQUE INDEX payout_step_once_key ON payout_step (tenant_id, payout_id, step)
  WHERE step NOT IN ('submitted', 'unknown');

-- Reasons to look at a payout before it leaves. Each is closed once, by a person.
CREATE TABLE payout_finding (
  tenant_id uuid NOT NULL,
  payout_id uuid NOT NULL,
  -- 1, 2, … of the payout.
  position smallint NOT NULL CHECK (position > 0),
  source text NOT NULL,
  code text NOT NULL,
  detail text NOT NULL,
  found_at timestamptz(3) NOT NULL,
  closed_at timestamptz(3),
  closed_by uuid,
  decision text CHECK (decision IN ('cleared', 'upheld')),
  -- Why it was decided so.
  decision_reason text,
  PRIMARY KEY (tenant_id, payout_id, position),
  FOREIGN KEY (tenant_id, payout_id) REFERENCES payout (tenant_id, id),
  CHECK (num_nonnulls(closed_at, closed_by, decision, decision_reason) IN (0, 4))
);
CREATE INDEX payout_finding_open_idx ON payout_finding (tenant_id, payout_id) WHERE closed_at IS NULL;
CREATE TRIGGER payout_finding_kept BEFORE DELETE OR TRUNCATE ON payout_finding
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_payout_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL
     OR (OLD.tenant_id, OLD.payout_id, OLD.position, OLD.source, OLD.code, OLD.detail, OLD.found_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.payout_id, NEW.position, NEW.source, NEW.code, NEW.detail, NEW.found_at) THEN
    RAISE EXCEPTION 'a finding is closed once, and never changed otherwise' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_finding_closed_once BEFORE UPDATE ON payout_finding
  FOR EACH ROW EXECUTE FUNCTION keep_payout_finding();

-- Payouts that leave together, in one file. Which ones never changes; the file is made from them, with the same bytes
-- whenever it is made.
CREATE TABLE payout_batch (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  rail text NOT NULL CHECK (rail IN ('sandbox', 'sepa', 'ach', 'stripe', 'usdc')),
  currency text NOT NULL,
  payments integer NOT NULL CHECK (payments > 0),
  -- What the file pays: amounts less what is withheld.
  amount_micros numeric(38, 0) NOT NULL CHECK (amount_micros > 0),
  created_at timestamptz(3) NOT NULL,
  -- Of the file, from when it was first made.
  file_name text,
  file_sha256 bytea,
  made_at timestamptz(3),
  -- When somebody said that the bank has it.
  sent_at timestamptz(3),
  sent_by uuid,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(file_name, file_sha256, made_at) IN (0, 3)),
  CHECK (num_nonnulls(sent_at, sent_by) IN (0, 2)),
  CHECK (sent_at IS NULL OR made_at IS NOT NULL)
);
ALTER TABLE payout ADD FOREIGN KEY (tenant_id, batch_id) REFERENCES payout_batch (tenant_id, id);
CREATE TRIGGER payout_batch_kept BEFORE DELETE OR TRUNCATE ON payout_batch
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_payout_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.made_at IS NOT NULL AND (OLD.file_name, OLD.file_sha256, OLD.made_at)
        IS DISTINCT FROM (NEW.file_name, NEW.file_sha256, NEW.made_at))
     OR (OLD.sent_at IS NOT NULL AND (OLD.sent_at, OLD.sent_by) IS DISTINCT FROM (NEW.sent_at, NEW.sent_by))
     OR (OLD.tenant_id, OLD.id, OLD.rail, OLD.currency, OLD.payments, OLD.amount_micros, OLD.created_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.rail, NEW.currency, NEW.payments, NEW.amount_micros, NEW.created_at) THEN
    RAISE EXCEPTION 'a batch is made and sent once, and never changed otherwise' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_batch_once BEFORE UPDATE ON payout_batch FOR EACH ROW EXECUTE FUNCTION keep_payout_batch();

-- What rails told by themselves, in their own words: webhooks, status reports, lines of statements. Each once.
CREATE TABLE rail_report (
  tenant_id uuid NOT NULL,
  rail text NOT NULL CHECK (rail IN ('sandbox', 'sepa', 'ach', 'stripe', 'usdc')),
  -- The rail's: an event's id, or a file's hash and line.
  report_id text NOT NULL,
  -- The payout that it names; it need not exist.
  reference uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('processing', 'settled', 'failed', 'returned', 'absent')),
  reason text,
  amount_micros bigint,
  currency text,
  fee_micros bigint,
  rail_reference text,
  occurred_at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  -- What it did here.
  applied text NOT NULL CHECK (applied IN ('recorded', 'unknown_reference', 'contradiction', 'amount_mismatch')),
  PRIMARY KEY (tenant_id, rail, report_id)
);
CREATE INDEX rail_report_reference_idx ON rail_report (tenant_id, reference);
CREATE INDEX rail_report_break_idx ON rail_report (tenant_id, received_at) WHERE applied <> 'recorded';
CREATE TRIGGER rail_report_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rail_report
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The sandbox's script of a payment, so that it can be slow, lose answers, refuse and charge.
ALTER TABLE sandbox_payment
  ADD COLUMN settles_at timestamptz(3),
  ADD COLUMN answers_to_lose integer NOT NULL DEFAULT 0,
  ADD COLUMN fee_micros bigint NOT NULL DEFAULT 0,
  -- How often it was told to pay; times_asked counts that and every question.
  ADD COLUMN times_submitted integer NOT NULL DEFAULT 1;

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT UPDATE (fee_micros, rail_reference, batch_id) ON payout TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT ON payout_finding, payout_batch, rail_report TO %I', app);
  EXECUTE format('GRANT UPDATE (closed_at, closed_by, decision, decision_reason) ON payout_finding TO %I', app);
  EXECUTE format('GRANT UPDATE (file_name, file_sha256, made_at, sent_at, sent_by) ON payout_batch TO %I', app);
  EXECUTE format('GRANT UPDATE (answers_to_lose, times_submitted) ON sandbox_payment TO %I', app);
END $$;
