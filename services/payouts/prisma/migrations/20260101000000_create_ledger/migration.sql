-- The double-entry ledger: accounts, journals, postings. Amounts are micros, positive on the credit side and negative on
-- the debit side, so that a journal is balanced when its postings sum to zero.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE account (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- The person; the tenant's own id on the accounts of the house.
  owner_id uuid NOT NULL,
  kind text NOT NULL,
  currency text NOT NULL,
  opened_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, owner_id, currency, kind),
  CHECK (CASE WHEN owner_id = tenant_id
    THEN kind IN ('commission_expense', 'cash', 'payout_fees', 'bad_debt', 'tax_payable')
    ELSE kind IN ('pending', 'held', 'available', 'in_transit') END)
);
CREATE TRIGGER account_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON account
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The running balance. A person's account has one row, stripe 0, whose row lock puts its postings in order. An account
-- of the house is touched by nearly every journal of its tenant; a writer adds to one of its stripes 1 to 16 only, so
-- that writers do not wait for each other, and its balance is the sum of the stripes.
CREATE TABLE account_balance (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  stripe smallint NOT NULL CHECK (stripe BETWEEN 0 AND 16),
  balance_micros numeric(38, 0) NOT NULL DEFAULT 0,
  -- How many postings a person's account has had; not counted on stripes of the house.
  last_position bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, account_id, stripe),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id)
) WITH (fillfactor = 70);
CREATE TRIGGER account_balance_kept BEFORE DELETE OR TRUNCATE ON account_balance
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE journal (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- The fact that it books: CommissionsAccrued, PayoutSettled …
  event_type text NOT NULL,
  currency text NOT NULL,
  purchase_id uuid,
  purchase_sequence bigint CHECK (purchase_sequence > 0),
  refund_id uuid,
  payout_id uuid,
  payout_step text,
  reason text,
  occurred_at timestamptz(3) NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(purchase_id, payout_id) = 1),
  CHECK ((purchase_id IS NULL) = (purchase_sequence IS NULL)),
  CHECK ((payout_id IS NULL) = (payout_step IS NULL))
);
-- One journal per money event and per step of a payout, for ever, whatever is delivered again.
CREATE UNIQUE INDEX journal_purchase_key ON journal (tenant_id, purchase_id, purchase_sequence)
  WHERE purchase_id IS NOT NULL;
CREATE UNIQUE INDEX journal_payout_key ON journal (tenant_id, payout_id, payout_step) WHERE payout_id IS NOT NULL;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Numbers the postings on accounts of the house, whose writers do not wait for each other: ascending, with gaps.
CREATE SEQUENCE house_position;

-- No foreign keys: each would lock the account's row for every posting, which is the very queue that the stripes avoid.
-- The writer knows both ends, and reconciliation looks for postings without them.
CREATE TABLE posting (
  tenant_id uuid NOT NULL,
  journal_id uuid NOT NULL,
  account_id uuid NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros <> 0),
  -- The order of an account's postings; 1, 2, … without a gap on a person's.
  position bigint NOT NULL CHECK (position > 0),
  -- The balance with this posting; null on accounts of the house, where it is summed when read.
  balance_after_micros numeric(38, 0),
  PRIMARY KEY (tenant_id, journal_id, account_id)
);
CREATE UNIQUE INDEX posting_account_key ON posting (tenant_id, account_id, position) INCLUDE (amount_micros);
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Invariant I1, held by the database itself: what one statement adds to a journal sums to zero.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE unbalanced uuid;
BEGIN
  SELECT journal_id INTO unbalanced FROM added GROUP BY tenant_id, journal_id HAVING sum(amount_micros) <> 0 LIMIT 1;
  IF unbalanced IS NOT NULL THEN
    RAISE EXCEPTION 'the postings of journal % do not sum to zero', unbalanced USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER posting_balanced AFTER INSERT ON posting REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON account, account_balance, journal, posting TO %I', app);
  EXECUTE format('GRANT UPDATE (balance_micros, last_position) ON account_balance TO %I', app);
  EXECUTE format('GRANT USAGE ON SEQUENCE house_position TO %I', app);
END $$;
