-- Journals that finance asks for, and links between journals.

-- What one finance person proposes. The terms never change; what becomes of it stands in the decision.
CREATE TABLE ledger_adjustment (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('write_off', 'reversal', 'transfer')),
  currency text NOT NULL,
  -- Null on a reversal: its amounts are those of the journal it reverses.
  amount_micros bigint CHECK (amount_micros > 0),
  -- Whose negative balance is written off.
  person_id uuid,
  -- The accounts of the house between which a transfer moves.
  debit_kind text CHECK (debit_kind IN ('commission_expense', 'cash', 'payout_fees', 'bad_debt', 'tax_payable')),
  credit_kind text CHECK (credit_kind IN ('commission_expense', 'cash', 'payout_fees', 'bad_debt', 'tax_payable')),
  reverses uuid,
  corrects uuid,
  reason text NOT NULL,
  -- When the fact took place: the journal keeps it beside the moment of its recording.
  effective_at timestamptz(3) NOT NULL,
  proposed_by uuid NOT NULL,
  proposed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, id, proposed_by),
  CHECK (effective_at <= proposed_at),
  CHECK (CASE kind
    WHEN 'write_off' THEN num_nonnulls(amount_micros, person_id) = 2 AND num_nonnulls(debit_kind, credit_kind, reverses, corrects) = 0
    WHEN 'reversal' THEN reverses IS NOT NULL AND num_nonnulls(amount_micros, person_id, debit_kind, credit_kind, corrects) = 0
    ELSE num_nonnulls(amount_micros, debit_kind, credit_kind) = 3 AND debit_kind <> credit_kind
      AND num_nonnulls(person_id, reverses) = 0 END),
  FOREIGN KEY (tenant_id, reverses) REFERENCES journal (tenant_id, id),
  FOREIGN KEY (tenant_id, corrects) REFERENCES journal (tenant_id, id)
);
CREATE TRIGGER ledger_adjustment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_adjustment
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Decided once, for good. The proposer stands here again so that the database itself can tell the two persons apart.
CREATE TABLE ledger_adjustment_decision (
  tenant_id uuid NOT NULL,
  adjustment_id uuid NOT NULL,
  proposed_by uuid NOT NULL,
  decision text NOT NULL CHECK (decision IN ('approved', 'rejected')),
  reason text,
  decided_by uuid NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, adjustment_id),
  FOREIGN KEY (tenant_id, adjustment_id, proposed_by) REFERENCES ledger_adjustment (tenant_id, id, proposed_by),
  -- The proposer may take a proposal back, and never approve it.
  CHECK (decision = 'rejected' OR decided_by <> proposed_by),
  CHECK (decision = 'approved' OR reason IS NOT NULL)
);
CREATE TRIGGER ledger_adjustment_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_adjustment_decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE journal
  ADD COLUMN adjustment_id uuid,
  -- The journal that this one takes back, leg by leg.
  ADD COLUMN reverses uuid,
  -- The journal that this one puts right otherwise.
  ADD COLUMN corrects uuid,
  DROP CONSTRAINT journal_check,
  ADD CONSTRAINT journal_cause_check CHECK (num_nonnulls(purchase_id, payout_id, adjustment_id) = 1);
CREATE UNIQUE INDEX journal_adjustment_key ON journal (tenant_id, adjustment_id) WHERE adjustment_id IS NOT NULL;
-- Nothing is taken back twice.
CREATE UNIQUE INDEX journal_reverses_key ON journal (tenant_id, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX journal_corrects_idx ON journal (tenant_id, corrects) WHERE corrects IS NOT NULL;

-- A link leads to an earlier journal of the same tenant and currency. Only journals with a link pay for this look.
CREATE FUNCTION refuse_stray_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE linked uuid;
BEGIN
  FOREACH linked IN ARRAY array_remove(ARRAY[NEW.reverses, NEW.corrects], NULL) LOOP
    IF NOT EXISTS (SELECT FROM journal j
                   WHERE j.tenant_id = NEW.tenant_id AND j.id = linked AND j.currency = NEW.currency) THEN
      RAISE EXCEPTION 'journal % links to %, which its tenant does not have in %', NEW.id, linked, NEW.currency
        USING ERRCODE = 'foreign_key_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER journal_links BEFORE INSERT ON journal
  FOR EACH ROW WHEN (NEW.reverses IS NOT NULL OR NEW.corrects IS NOT NULL) EXECUTE FUNCTION refuse_stray_link();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON ledger_adjustment, ledger_adjustment_decision TO %I', app);
END $$;
