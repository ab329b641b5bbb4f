-- Months that are closed: nothing is recorded in them any more, and what they came to is kept.

CREATE TABLE ledger_period (
  tenant_id uuid NOT NULL,
  -- The month, in UTC: 2026-11.
  period text NOT NULL CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  -- The first moment after it.
  ends_at timestamptz(3) NOT NULL,
  closed_by uuid NOT NULL,
  closed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, period),
  CHECK (ends_at <= closed_at)
);
CREATE TRIGGER ledger_period_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_period
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Writers of journals hold this lock shared until they commit, a close holds it alone: a close waits for the journals
-- under way, and the writers after it see the close. Writers never wait for each other here.
CREATE FUNCTION period_lock_key(tenant uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN hashtextextended('ledger period ' || tenant::text, 0);

CREATE FUNCTION lock_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(period_lock_key(NEW.tenant_id));
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_period_lock BEFORE INSERT ON ledger_period FOR EACH ROW EXECUTE FUNCTION lock_period();

-- Keeps the open period of each tenant open until the caller commits, and tells where it begins; null: nothing is
-- closed yet. Each statement of a volatile function sees what was committed before it, so the close that was waited for
-- is seen.
CREATE FUNCTION hold_open_period(tenants uuid[]) RETURNS TABLE (tenant_id uuid, opens_at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(period_lock_key(t)) FROM (SELECT DISTINCT unnest(tenants) AS t ORDER BY 1) AS wanted;
  RETURN QUERY SELECT p.tenant_id, max(p.ends_at)::timestamptz FROM ledger_period p
    WHERE p.tenant_id = ANY (tenants) GROUP BY p.tenant_id;
END $$;

-- Whoever writes, the database itself keeps closed months closed.
CREATE FUNCTION refuse_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE late uuid;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(period_lock_key(t)) FROM (SELECT DISTINCT a.tenant_id AS t FROM added a ORDER BY 1) AS wanted;
  SELECT a.id INTO late
  FROM (SELECT p.tenant_id, max(p.ends_at) AS opens_at FROM ledger_period p
        WHERE p.tenant_id IN (SELECT a.tenant_id FROM added a) GROUP BY p.tenant_id) AS closed
  JOIN added a ON a.tenant_id = closed.tenant_id AND a.recorded_at < closed.opens_at LIMIT 1;
  IF late IS NOT NULL THEN
    RAISE EXCEPTION 'journal % is recorded in a closed period', late USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER journal_period_open AFTER INSERT ON journal REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_period();

-- Journals by the moment of their recording: periods, balances of an earlier moment, the export, the seals.
CREATE INDEX journal_recorded_idx ON journal (tenant_id, recorded_at, id);

-- Made after the close, when no lock is needed any more, because nothing in the period can change.
CREATE TABLE period_snapshot (
  tenant_id uuid NOT NULL,
  period text NOT NULL,
  journals bigint NOT NULL CHECK (journals >= 0),
  taken_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, period),
  FOREIGN KEY (tenant_id, period) REFERENCES ledger_period (tenant_id, period)
);
CREATE TRIGGER period_snapshot_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON period_snapshot
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The balance at the end of a period, of the accounts that moved in it; the others stand where their last row says.
CREATE TABLE period_balance (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  period text NOT NULL,
  balance_micros numeric(38, 0) NOT NULL,
  -- Postings recorded after the period stand at this position of the account or above.
  open_from bigint NOT NULL,
  PRIMARY KEY (tenant_id, account_id, period)
);
CREATE TRIGGER period_balance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON period_balance
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The trial balance at the close.
CREATE TABLE period_total (
  tenant_id uuid NOT NULL,
  period text NOT NULL,
  currency text NOT NULL,
  debit_micros numeric(38, 0) NOT NULL CHECK (debit_micros >= 0),
  credit_micros numeric(38, 0) NOT NULL CHECK (credit_micros >= 0),
  PRIMARY KEY (tenant_id, period, currency)
);
CREATE TRIGGER period_total_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON period_total
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON ledger_period, period_snapshot, period_balance, period_total TO %I', app);
END $$;
