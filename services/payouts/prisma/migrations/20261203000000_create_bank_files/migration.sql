-- What banks sent: files as they were imported, their statements line by line, and what they say about payouts.

CREATE TABLE bank_file (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- Of its bytes, in hexadecimal: the same file is imported once.
  sha256 text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('pain.002', 'camt.053', 'nacha')),
  -- The bank's.
  message_id text NOT NULL,
  size_bytes integer NOT NULL,
  imported_by uuid NOT NULL,
  imported_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX bank_file_sha256_key ON bank_file (tenant_id, sha256);
CREATE TRIGGER bank_file_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_file
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is odd about a file and was imported as the bank says it: balances that do not fit together, statements seen before.
CREATE TABLE bank_file_warning (
  tenant_id uuid NOT NULL,
  file_id uuid NOT NULL,
  position integer NOT NULL,
  code text NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (tenant_id, file_id, position),
  FOREIGN KEY (tenant_id, file_id) REFERENCES bank_file (tenant_id, id)
);
CREATE TRIGGER bank_file_warning_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_file_warning
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a file says about one payout. It waits here until it is reported, once, in the order of its file.
CREATE TABLE bank_fact (
  tenant_id uuid NOT NULL,
  file_id uuid NOT NULL,
  position integer NOT NULL,
  -- Where the file says it, from 1.
  file_line integer NOT NULL,
  -- As the file spells it.
  reference text NOT NULL,
  -- The payout that is meant; null when none of this tenant's is, or more than one may be.
  payout_id uuid,
  rail text,
  -- The id of its rail_report.
  report_id text,
  -- noted: it moves nothing by its kind.
  state text NOT NULL CHECK (state IN ('processing', 'settled', 'failed', 'returned', 'noted')),
  reason text,
  amount_micros bigint,
  currency text,
  occurred_at timestamptz(3) NOT NULL,
  -- Null while it waits.
  outcome text CHECK (outcome IN ('recorded', 'unknown_reference', 'contradiction', 'amount_mismatch', 'repeated', 'noted')),
  reported_at timestamptz(3),
  PRIMARY KEY (tenant_id, file_id, position),
  FOREIGN KEY (tenant_id, file_id) REFERENCES bank_file (tenant_id, id),
  CHECK (num_nonnulls(payout_id, rail, report_id) IN (0, 3)),
  CHECK (payout_id IS NOT NULL OR outcome IN ('unknown_reference', 'noted')),
  CHECK (reported_at IS NULL OR outcome IS NOT NULL)
);
CREATE INDEX bank_fact_waiting_idx ON bank_fact (file_id, position) WHERE outcome IS NULL;
CREATE TRIGGER bank_fact_kept BEFORE DELETE OR TRUNCATE ON bank_fact
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_bank_fact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome IS NOT NULL
     OR (OLD.tenant_id, OLD.file_id, OLD.position, OLD.file_line, OLD.reference, OLD.payout_id, OLD.rail, OLD.report_id,
         OLD.state, OLD.reason, OLD.amount_micros, OLD.currency, OLD.occurred_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.file_id, NEW.position, NEW.file_line, NEW.reference, NEW.payout_id, NEW.rail, NEW.report_id,
         NEW.state, NEW.reason, NEW.amount_micros, NEW.currency, NEW.occurred_at) THEN
    RAISE EXCEPTION 'a fact of a bank is reported once, and never changed otherwise' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bank_fact_reported_once BEFORE UPDATE ON bank_fact FOR EACH ROW EXECUTE FUNCTION keep_bank_fact();

CREATE TABLE bank_statement (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  file_id uuid NOT NULL,
  -- The bank's id of it, once per account.
  bank_id text NOT NULL,
  -- Of the house: an IBAN, or what the bank calls it.
  account text NOT NULL,
  currency text NOT NULL,
  opening_micros bigint NOT NULL,
  closing_micros bigint NOT NULL,
  opened_on date NOT NULL,
  closed_on date NOT NULL,
  -- Over balances and lines, to tell the same statement from another one of its name.
  content_hash text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, file_id) REFERENCES bank_file (tenant_id, id)
);
CREATE UNIQUE INDEX bank_statement_bank_key ON bank_statement (tenant_id, account, bank_id);
CREATE INDEX bank_statement_file_idx ON bank_statement (tenant_id, file_id);
CREATE INDEX bank_statement_closed_idx ON bank_statement (tenant_id, account, currency, closed_on);
CREATE TRIGGER bank_statement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_statement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A booking, or one part of a batch booking. The lines of a statement sum to the difference of its balances.
CREATE TABLE bank_line (
  tenant_id uuid NOT NULL,
  statement_id uuid NOT NULL,
  line integer NOT NULL,
  booked_on date NOT NULL,
  value_date date,
  -- Credited to the house positive, debited negative.
  amount_micros bigint NOT NULL,
  currency text NOT NULL,
  end_to_end_id text,
  bank_reference text,
  -- Why it came back; ENTRY_REST for what is left of a batch booking after its parts.
  reason_code text,
  -- The other side's account, masked.
  counterparty text,
  -- The rail_report that it makes; null: it is not about a payout that is known here.
  report_id text,
  PRIMARY KEY (tenant_id, statement_id, line),
  FOREIGN KEY (tenant_id, statement_id) REFERENCES bank_statement (tenant_id, id)
);
CREATE TRIGGER bank_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_line
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Payouts by what Nacha files call them: the last 15 hexadecimal digits of the id.
CREATE INDEX payout_short_reference_idx ON payout (tenant_id, right(replace(id::text, '-', ''), 15));

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON bank_file, bank_file_warning, bank_fact, bank_statement, bank_line TO %I', app);
  EXECUTE format('GRANT UPDATE (outcome, reported_at) ON bank_fact TO %I', app);
END $$;
