-- A partner questions a commission. What was questioned never changes; where the dispute stands does, and every step of
-- it is a row that is only added. What people wrote may be personal, so it stands apart, sealed under the writer's key.

CREATE TABLE dispute (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  commission_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- The beneficiary of the commission.
  opened_by uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('amount', 'hold', 'reversal', 'forfeiture', 'other')),
  -- Whether the commission could be held: it was pending or held, was available already, or nothing of it stood.
  hold text NOT NULL CHECK (hold IN ('held', 'already_available', 'nothing_left')),
  opened_at timestamptz(3) NOT NULL,
  due_at timestamptz(3) NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'in_review', 'decided')),
  -- Whose it is to look into.
  owner_id uuid,
  outcome text CHECK (outcome IN ('upheld', 'rejected', 'withdrawn')),
  escalated_at timestamptz(3),
  decided_at timestamptz(3),
  steps integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'decided') = (outcome IS NOT NULL)),
  CHECK ((status = 'decided') = (decided_at IS NOT NULL)),
  CHECK (status <> 'in_review' OR owner_id IS NOT NULL),
  FOREIGN KEY (tenant_id, commission_id) REFERENCES commission (tenant_id, id)
);
-- A commission is in one dispute at a time.
CREATE UNIQUE INDEX dispute_undecided_idx ON dispute (tenant_id, commission_id) WHERE status <> 'decided';
CREATE INDEX dispute_purchase_idx ON dispute (tenant_id, purchase_id) WHERE status <> 'decided';
CREATE INDEX dispute_person_idx ON dispute (tenant_id, opened_by, id);
CREATE INDEX dispute_status_idx ON dispute (tenant_id, status, id);
CREATE INDEX dispute_due_idx ON dispute (due_at) WHERE status <> 'decided';
CREATE TRIGGER dispute_kept BEFORE DELETE OR TRUNCATE ON dispute
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_dispute_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'decided' OR
     (OLD.tenant_id, OLD.id, OLD.commission_id, OLD.purchase_id, OLD.opened_by, OLD.kind, OLD.hold, OLD.opened_at, OLD.due_at)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.commission_id, NEW.purchase_id, NEW.opened_by, NEW.kind, NEW.hold, NEW.opened_at, NEW.due_at) THEN
    RAISE EXCEPTION 'what a dispute is about, and how it ended, never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER dispute_terms_kept BEFORE UPDATE ON dispute
  FOR EACH ROW EXECUTE FUNCTION keep_dispute_terms();

CREATE TABLE dispute_step (
  tenant_id uuid NOT NULL,
  dispute_id uuid NOT NULL,
  -- 1, 2, … within the dispute.
  position integer NOT NULL CHECK (position > 0),
  kind text NOT NULL CHECK (kind IN ('opened', 'taken', 'noted', 'escalated', 'decided', 'withdrawn')),
  taken_by text NOT NULL CHECK (taken_by IN ('partner', 'staff', 'system')),
  -- Null: nobody, but the deadline.
  user_id uuid,
  outcome text CHECK (outcome IN ('upheld', 'rejected', 'withdrawn')),
  -- What the step did to the commission.
  entry text CHECK (entry IN ('held', 'lifted', 'forfeited', 'unchanged')),
  taken_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, dispute_id, position),
  CHECK ((taken_by = 'system') = (user_id IS NULL)),
  CHECK ((outcome IS NOT NULL) = (kind IN ('decided', 'withdrawn'))),
  FOREIGN KEY (tenant_id, dispute_id) REFERENCES dispute (tenant_id, id)
);
CREATE TRIGGER dispute_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_step
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE dispute_text (
  tenant_id uuid NOT NULL,
  dispute_id uuid NOT NULL,
  position integer NOT NULL,
  -- Whose key opens it: the one who wrote it.
  user_id uuid NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (tenant_id, dispute_id, position),
  FOREIGN KEY (tenant_id, dispute_id, position) REFERENCES dispute_step (tenant_id, dispute_id, position)
);
CREATE TRIGGER dispute_text_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_text
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON dispute, dispute_step, dispute_text TO %I', app);
  EXECUTE format('GRANT UPDATE (status, owner_id, outcome, escalated_at, decided_at, steps) ON dispute TO %I', app);
END $$;
