-- What people, and other parts of the service, decided about commissions: the audit beside commission_change, which
-- tells what became of them. A decision that moves nothing (another cause to hold what is held) is a row here alone.

CREATE TABLE commission_decision (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  commission_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  decision text NOT NULL CHECK (decision IN ('hold', 'lift', 'release', 'forfeit')),
  -- What it is held for, or no longer; null otherwise.
  cause text CHECK (cause IN ('fraud_review', 'dispute', 'finance')),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
  -- A person (user:…) or a part of the service (such as fraud).
  decided_by text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  -- The last event of the purchase once the decision was carried out; null when it moved nothing.
  purchase_sequence bigint,
  PRIMARY KEY (tenant_id, id),
  CHECK ((cause IS NOT NULL) = (decision IN ('hold', 'lift'))),
  FOREIGN KEY (tenant_id, commission_id) REFERENCES commission (tenant_id, id)
);
CREATE INDEX commission_decision_commission_idx ON commission_decision (tenant_id, commission_id, decided_at, id);
CREATE TRIGGER commission_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON commission_decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON commission_decision TO %I', app);
END $$;
