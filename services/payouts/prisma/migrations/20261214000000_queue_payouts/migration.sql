-- A hundred thousand payouts can be due in one moment. The queues below are read from their heads, however long they
-- are, and who must wait is looked up as a set rather than by a call for each payout.

DROP INDEX payout_due_idx;
CREATE INDEX payout_screening_idx ON payout (ask_at, tenant_id, id) WHERE status = 'requested' AND ask_at IS NOT NULL;
CREATE INDEX payout_approved_idx ON payout (ask_at) WHERE status = 'approved';
CREATE INDEX payout_sent_idx ON payout (ask_at)
  WHERE status IN ('submitted', 'unknown', 'settled') AND ask_at IS NOT NULL;

-- Tenants of which nothing leaves for now.
CREATE VIEW stopped_tenant AS
  SELECT s.tenant_id FROM payout_stop s
  WHERE s.stopped AND NOT EXISTS (SELECT FROM payout_stop l WHERE l.tenant_id = s.tenant_id AND l.position > s.position);

-- Persons to whom nothing leaves for now: frozen by finance, or suspended by identity.
CREATE INDEX person_standing_suspended_idx ON person_standing (tenant_id, person_id) WHERE suspended;
CREATE VIEW frozen_person AS
  SELECT f.tenant_id, f.person_id FROM payout_freeze f
  WHERE f.frozen AND NOT EXISTS (
    SELECT FROM payout_freeze l
    WHERE l.tenant_id = f.tenant_id AND l.person_id = f.person_id AND l.position > f.position)
  UNION ALL
  SELECT p.tenant_id, p.person_id FROM person_standing p WHERE p.suspended;

-- Persons who match an entry of a list now, where nobody has cleared it.
CREATE INDEX screened_person_matched_idx ON screened_person (tenant_id, person_id) WHERE hit_ids <> '{}';
CREATE VIEW matched_person AS
  SELECT s.tenant_id, s.person_id FROM screened_person s CROSS JOIN LATERAL unnest(s.hit_ids) AS hit (id)
  WHERE s.hit_ids <> '{}'
    AND (SELECT d.decision FROM screening_decision d WHERE d.tenant_id = s.tenant_id AND d.hit_id = hit.id
         ORDER BY d.position DESC LIMIT 1) IS DISTINCT FROM 'cleared';

CREATE OR REPLACE FUNCTION payouts_stopped(of_tenant uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM stopped_tenant s WHERE s.tenant_id = of_tenant);
$$;

CREATE OR REPLACE FUNCTION payouts_frozen(of_tenant uuid, of_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM frozen_person f WHERE f.tenant_id = of_tenant AND f.person_id = of_person);
$$;

CREATE OR REPLACE FUNCTION stopped_by_hit(of_tenant uuid, the_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM matched_person m WHERE m.tenant_id = of_tenant AND m.person_id = the_person);
$$;

DO $$
BEGIN
  EXECUTE format('GRANT SELECT ON stopped_tenant, frozen_person, matched_person TO %I', current_setting('dailydoco.app_role'));
END $$;
