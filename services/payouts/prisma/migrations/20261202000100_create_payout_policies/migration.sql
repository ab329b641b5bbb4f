-- What a tenant's finance has decided about paying out: the policy by versions, the stop of everything, and the freeze of
-- single persons. Nothing is overwritten: what counts is the latest row, who decided what and why stays.

CREATE TABLE payout_policy (
  tenant_id uuid NOT NULL,
  -- 1, 2, … without a gap; none: nothing was ever set.
  version integer NOT NULL CHECK (version > 0),
  reason text NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, version)
);
CREATE TRIGGER payout_policy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_policy
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The least that one payout may be, where that is more than the rail's own least.
CREATE TABLE payout_policy_minimum (
  tenant_id uuid NOT NULL,
  version integer NOT NULL,
  rail text NOT NULL,
  currency text NOT NULL,
  minimum_micros bigint NOT NULL CHECK (minimum_micros > 0),
  PRIMARY KEY (tenant_id, version, rail, currency),
  FOREIGN KEY (tenant_id, version) REFERENCES payout_policy (tenant_id, version)
);
CREATE TRIGGER payout_policy_minimum_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_policy_minimum
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Payouts of more than this need somebody's approval; a currency that is not here needs none.
CREATE TABLE payout_policy_approval (
  tenant_id uuid NOT NULL,
  version integer NOT NULL,
  currency text NOT NULL,
  above_micros bigint NOT NULL CHECK (above_micros >= 0),
  PRIMARY KEY (tenant_id, version, currency),
  FOREIGN KEY (tenant_id, version) REFERENCES payout_policy (tenant_id, version)
);
CREATE TRIGGER payout_policy_approval_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_policy_approval
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Stops and restarts of all payouts of a tenant.
CREATE TABLE payout_stop (
  tenant_id uuid NOT NULL,
  position integer NOT NULL CHECK (position > 0),
  stopped boolean NOT NULL,
  reason text NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, position)
);
CREATE TRIGGER payout_stop_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_stop
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Freezes of a person by finance, beside the suspension by identity.
CREATE TABLE payout_freeze (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  position integer NOT NULL CHECK (position > 0),
  frozen boolean NOT NULL,
  reason text NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, person_id, position)
);
CREATE TRIGGER payout_freeze_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_freeze
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION payouts_stopped(of_tenant uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT s.stopped FROM payout_stop s WHERE s.tenant_id = of_tenant ORDER BY s.position DESC LIMIT 1), false);
$$;

CREATE FUNCTION payouts_frozen(of_tenant uuid, of_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT f.frozen FROM payout_freeze f WHERE f.tenant_id = of_tenant AND f.person_id = of_person
     ORDER BY f.position DESC LIMIT 1), false)
    OR EXISTS (SELECT FROM person_standing p
               WHERE p.tenant_id = of_tenant AND p.person_id = of_person AND p.suspended);
$$;

-- Whether money may go out to a person now: asked at the request and again at the moment before the rail is told.
CREATE FUNCTION may_leave(of_tenant uuid, to_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT NOT payouts_stopped(of_tenant) AND NOT payouts_frozen(of_tenant, to_person);
$$;

-- The amount above which a payout needs an approval; null: it needs none.
CREATE FUNCTION approval_above(of_tenant uuid, in_currency text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT a.above_micros FROM payout_policy_approval a
  WHERE a.tenant_id = of_tenant AND a.currency = in_currency
    AND a.version = (SELECT max(p.version) FROM payout_policy p WHERE p.tenant_id = of_tenant);
$$;

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON payout_policy, payout_policy_minimum, payout_policy_approval, payout_stop,
    payout_freeze TO %I', app);
END $$;
