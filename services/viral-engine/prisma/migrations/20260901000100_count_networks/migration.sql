-- What stands below each member (people, money, viral points, level by level), kept as people join, move and buy, so
-- that nobody's success makes reading it slow.

ALTER TABLE member
  -- False: those above have not counted this member yet. Also what members from before this migration begin with.
  ADD COLUMN network_counted boolean NOT NULL DEFAULT false;
CREATE INDEX member_uncounted_idx ON member (tenant_id, user_id) WHERE NOT network_counted;

-- Who stands directly below, page by page; it also serves what member_referrer_idx served.
CREATE INDEX member_children_idx ON member (tenant_id, referrer_id, user_id);
DROP INDEX member_referrer_idx;
-- Counts are no longer computed from uplines. Keeping each upline findable by each of its members cost more than the
-- rest of a registration, and made a move of many people long.
DROP INDEX member_upline_idx;

-- People and viral points on each level below a member: 1 to 64, where uplines end. Level 0 is the member.
CREATE TABLE network_level (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 64),
  people bigint NOT NULL,
  -- Grown to a fixed day, see the rule of the viral score; each year makes the numbers four digits longer.
  points numeric NOT NULL,
  PRIMARY KEY (tenant_id, user_id, level)
) WITH (fillfactor = 80);

-- What the people on each level bought, less refunds, and what was paid on it, less what was taken back.
CREATE TABLE network_money (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  currency text COLLATE "C" NOT NULL,
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 64),
  revenue_micros numeric(38, 0) NOT NULL,
  commission_micros numeric(38, 0) NOT NULL,
  PRIMARY KEY (tenant_id, user_id, currency, level)
) WITH (fillfactor = 80);

-- The order of a leaderboard: points as in network_level, weighted by level. It stays right without being touched,
-- because all points decay alike.
CREATE TABLE network_score (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  points numeric NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX network_score_order_idx ON network_score (tenant_id, points DESC, user_id);

-- As what each purchase is counted now, so that counting it again changes nothing.
CREATE TABLE network_purchase (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  revenue_micros bigint NOT NULL,
  commission_micros bigint NOT NULL,
  -- Before they are grown.
  points integer NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id)
);

-- How far the patrol over all purchases has come, in the order of (tenant_id, purchase_id); one row.
CREATE TABLE network_patrol (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- The end was reached; it begins anew then.
  rests_until timestamptz(3),
  only_row boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row)
);
INSERT INTO network_patrol (tenant_id, purchase_id)
VALUES ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000');

-- A chargeback that was won may have no event of its own; those of the last minutes are looked up.
CREATE INDEX chargeback_win_time_idx ON chargeback_win (won_at);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT UPDATE (network_counted) ON member TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT ON network_level, network_money, network_score, network_purchase TO %I', app);
  EXECUTE format('GRANT UPDATE (people, points) ON network_level TO %I', app);
  EXECUTE format('GRANT UPDATE (revenue_micros, commission_micros) ON network_money TO %I', app);
  EXECUTE format('GRANT UPDATE (points) ON network_score TO %I', app);
  EXECUTE format('GRANT UPDATE (revenue_micros, commission_micros, points) ON network_purchase TO %I', app);
  -- A recount writes them anew.
  EXECUTE format('GRANT DELETE ON network_level, network_money, network_score TO %I', app);
  EXECUTE format('GRANT SELECT, UPDATE (tenant_id, purchase_id, rests_until) ON network_patrol TO %I', app);
END $$;
