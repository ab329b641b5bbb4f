-- For how many days a click can lead to a registration or a first purchase is a term of the plan. It was 30 for everybody, which is
-- what all versions so far say. Safe beside the version before: it neither reads nor writes the column, and goes on counting 30 days.
-- No row is rewritten; the statement waits for those who read plans, and past two seconds it gives up, and the migration is run again.
SET LOCAL lock_timeout = '2s';
ALTER TABLE plan_version
  ADD COLUMN attribution_window_days integer NOT NULL DEFAULT 30 CHECK (attribution_window_days BETWEEN 1 AND 90);
