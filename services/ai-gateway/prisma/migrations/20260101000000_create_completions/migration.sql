-- What was asked of which model, by whom, and how many tokens it took. Never what was said: neither prompts nor answers
-- are stored anywhere.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- One row per completion, written once, when it has ended.
CREATE TABLE completion (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  caller_kind text NOT NULL CHECK (caller_kind IN ('person', 'api_key')),
  caller_id uuid NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  streamed boolean NOT NULL,
  -- complete: answered whole. broken: the answer began and did not come to its end. aborted: the caller left.
  -- failed: no answer began.
  status text NOT NULL CHECK (status IN ('complete', 'broken', 'aborted', 'failed')),
  prompt_tokens bigint NOT NULL CHECK (prompt_tokens >= 0),
  completion_tokens bigint NOT NULL CHECK (completion_tokens >= 0),
  -- The provider did not say; the tokens were counted here, by the rule of the README.
  tokens_estimated boolean NOT NULL,
  -- A CompletionBilled was written with this row.
  billed boolean NOT NULL,
  started_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (ended_at >= started_at),
  CHECK (billed OR status <> 'complete'),
  CHECK (NOT billed OR status <> 'failed')
);
CREATE TRIGGER completion_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON completion
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON completion TO %I', current_setting('dailydoco.app_role'));
END $$;
