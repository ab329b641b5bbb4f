-- What reconciliation found, tenant by tenant.

-- Tenants of the installation, as identity tells of them: one without any ledger yet is compared as well.
CREATE TABLE known_tenant (
  tenant_id uuid NOT NULL PRIMARY KEY,
  known_since timestamptz(3) NOT NULL
);

CREATE TABLE reconciliation_run (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- failed: it could not be finished, so it says nothing about the books.
  outcome text NOT NULL CHECK (outcome IN ('balanced', 'breaks', 'failed')),
  purchases_compared integer NOT NULL,
  -- Purchases whose events are still under way.
  purchases_in_flight integer NOT NULL,
  breaks integer NOT NULL,
  started_at timestamptz(3) NOT NULL,
  finished_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE TRIGGER reconciliation_run_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_run
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE reconciliation_break (
  tenant_id uuid NOT NULL,
  run_id uuid NOT NULL,
  line integer NOT NULL,
  -- The invariant that does not hold: I1 to I6.
  invariant text NOT NULL,
  -- What it is about: a purchase, an account, a journal, a person, a payout or a table.
  subject text NOT NULL,
  detail text NOT NULL,
  PRIMARY KEY (tenant_id, run_id, line),
  FOREIGN KEY (tenant_id, run_id) REFERENCES reconciliation_run (tenant_id, id)
);
CREATE TRIGGER reconciliation_break_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_break
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON known_tenant, reconciliation_run, reconciliation_break TO %I', app);
END $$;
