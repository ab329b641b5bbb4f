-- Uplines that moves have written and nobody has put into member.upline yet. A row here stands before the member's own column, for
-- every reader; so a move of a hundred thousand people becomes true by one commit, while purchases go on until that moment, and
-- the members' rows are written afterwards, a few hundred at a time. A move writes rows; the task `network-moves` takes them away.
CREATE TABLE moved_upline (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  upline uuid[] NOT NULL,
  -- No foreign key: it would look up every one of a hundred thousand members, whom the same statement has just read.
  PRIMARY KEY (tenant_id, user_id),
  -- Whoever stands below somebody who moves has a referrer.
  CHECK (cardinality(upline) BETWEEN 1 AND 64),
  CHECK (NOT user_id = ANY (upline))
);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON moved_upline TO %I', app);
END $$;
