-- The points of sales stand with the money of sales, so that a sale writes one row for each member above, and one score;
-- network_level keeps the points of those who joined.
ALTER TABLE network_money ADD COLUMN points numeric NOT NULL DEFAULT 0;

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT UPDATE (points) ON network_money TO %I', app);
END $$;
