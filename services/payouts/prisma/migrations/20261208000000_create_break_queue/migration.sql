-- The break queue: what runs find again and again is one case, from the first run that finds it to the first that no
-- longer does. What was found never changes; where the case stands does, and every step of it is a row that is only added.

CREATE TABLE break_case (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- What does not hold, and about what: the case's identity while it stands.
  invariant text NOT NULL,
  subject text NOT NULL,
  -- In the words of the last run that found it.
  detail text NOT NULL,
  opened_at timestamptz(3) NOT NULL,
  opened_by_run uuid NOT NULL,
  last_seen_at timestamptz(3) NOT NULL,
  last_run uuid NOT NULL,
  times_seen integer NOT NULL DEFAULT 1 CHECK (times_seen > 0),
  -- corrected: journals were named that should mend it, and no run has looked since. accepted: it stands, and finance
  -- said why it may. resolved: a run no longer found it.
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'corrected', 'accepted', 'resolved')),
  owner_id uuid,
  -- When finance last said how it is resolved; null once a later run found the case all the same.
  answered_at timestamptz(3),
  resolved_at timestamptz(3),
  steps integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
  CHECK (status NOT IN ('corrected', 'accepted') OR answered_at IS NOT NULL)
);
CREATE UNIQUE INDEX break_case_standing_key ON break_case (tenant_id, invariant, subject) WHERE status <> 'resolved';
CREATE INDEX break_case_status_idx ON break_case (tenant_id, status, id);
CREATE INDEX break_case_age_idx ON break_case (opened_at) WHERE status IN ('open', 'corrected');
CREATE TRIGGER break_case_kept BEFORE DELETE OR TRUNCATE ON break_case
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_break_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'resolved' OR
     (OLD.tenant_id, OLD.id, OLD.invariant, OLD.subject, OLD.opened_at, OLD.opened_by_run)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.invariant, NEW.subject, NEW.opened_at, NEW.opened_by_run) THEN
    RAISE EXCEPTION 'what a break is about, and that it is resolved, never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER break_case_terms_kept BEFORE UPDATE ON break_case FOR EACH ROW EXECUTE FUNCTION keep_break_terms();

CREATE TABLE break_step (
  tenant_id uuid NOT NULL,
  break_id uuid NOT NULL,
  -- 1, 2, … within the case.
  position integer NOT NULL CHECK (position > 0),
  kind text NOT NULL CHECK (kind IN ('opened', 'taken', 'noted', 'corrected', 'accepted', 'found_again', 'resolved')),
  -- Null: a run.
  user_id uuid,
  run_id uuid,
  -- A person's reason or note; of a run, what it found.
  text text,
  -- corrected: those that are said to mend it. resolved: those about its subject that were written while it stood.
  journal_ids uuid[] NOT NULL DEFAULT '{}',
  taken_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, break_id, position),
  CHECK (num_nonnulls(user_id, run_id) = 1),
  CHECK (kind NOT IN ('noted', 'corrected', 'accepted') OR text IS NOT NULL),
  CHECK (kind <> 'corrected' OR cardinality(journal_ids) > 0),
  FOREIGN KEY (tenant_id, break_id) REFERENCES break_case (tenant_id, id)
);
CREATE TRIGGER break_step_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON break_step
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A person wants the books compared now. One waits per tenant at most; whoever asks meanwhile waits for the same.
CREATE TABLE reconciliation_request (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  asked_by uuid NOT NULL,
  asked_at timestamptz(3) NOT NULL,
  -- A worker's right to run it; taken over when it is not done in time.
  claimed_at timestamptz(3),
  run_id uuid,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX reconciliation_request_waiting_key ON reconciliation_request (tenant_id) WHERE run_id IS NULL;
CREATE TRIGGER reconciliation_request_kept BEFORE DELETE OR TRUNCATE ON reconciliation_request
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON break_case, break_step, reconciliation_request TO %I', app);
  EXECUTE format('GRANT UPDATE (detail, last_seen_at, last_run, times_seen, status, owner_id, answered_at, resolved_at, steps)
                  ON break_case TO %I', app);
  EXECUTE format('GRANT UPDATE (claimed_at, run_id) ON reconciliation_request TO %I', app);
END $$;
