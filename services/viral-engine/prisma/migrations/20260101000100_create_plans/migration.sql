-- What tenants pay: plan versions never change, and the two plans that ship are constants of the code, not rows.

CREATE TABLE plan_version (
  tenant_id uuid NOT NULL,
  plan_id text COLLATE "C" NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  levels_bps integer[] NOT NULL CHECK (cardinality(levels_bps) BETWEEN 1 AND 7),
  website_bonus_bps integer NOT NULL CHECK (website_bonus_bps BETWEEN 0 AND 10000),
  max_payout_bps integer NOT NULL CHECK (max_payout_bps BETWEEN 0 AND 10000),
  compression text NOT NULL CHECK (compression IN ('none', 'dynamic')),
  hold_days integer NOT NULL CHECK (hold_days BETWEEN 0 AND 3650),
  recurring text NOT NULL CHECK (recurring IN ('all', 'first', 'months')),
  recurring_months integer CHECK (recurring_months BETWEEN 1 AND 1200),
  -- The streams the plan takes; empty: none of its own.
  streams text[] NOT NULL,
  effective_from timestamptz(3) NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, plan_id, version),
  UNIQUE (tenant_id, plan_id, effective_from),
  CHECK ((recurring = 'months') = (recurring_months IS NOT NULL))
);
CREATE TRIGGER plan_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_version
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row per tenant that ever changed its plans. The revision rises with every change, so a cached copy of the plans
-- is known to be current by one number.
CREATE TABLE tenant_default_plan (
  tenant_id uuid NOT NULL PRIMARY KEY,
  plan_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL CHECK (revision > 0),
  changed_by text NOT NULL,
  changed_at timestamptz(3) NOT NULL
);

-- The first purchase of a buyer under a plan, over all its versions: what `first` and `months` count from.
CREATE TABLE buyer_plan_recurrence (
  tenant_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  plan_id text COLLATE "C" NOT NULL,
  first_purchase_id uuid NOT NULL,
  first_occurred_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, buyer_id, plan_id)
);
CREATE TRIGGER buyer_plan_recurrence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON buyer_plan_recurrence
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON plan_version, tenant_default_plan, buyer_plan_recurrence TO %I', app);
  EXECUTE format('GRANT UPDATE (plan_id, revision, changed_by, changed_at) ON tenant_default_plan TO %I', app);
END $$;
