-- A payout that waits for a match with a list is decided where the match is: the finding names the hit.

ALTER TABLE payout_finding
  ADD COLUMN hit_id uuid,
  ADD FOREIGN KEY (tenant_id, hit_id) REFERENCES screening_hit (tenant_id, id);

-- Findings were bound to their hits by their words alone.
ALTER TABLE payout_finding DISABLE TRIGGER payout_finding_closed_once;
UPDATE payout_finding f SET hit_id = h.id
FROM screening_hit h
WHERE f.source = 'screening' AND h.tenant_id = f.tenant_id
  AND h.id = substring(f.detail FROM 'hit ([0-9a-f-]{36})\.$')::uuid;
ALTER TABLE payout_finding ENABLE TRIGGER payout_finding_closed_once;

CREATE INDEX payout_finding_hit_idx ON payout_finding (tenant_id, hit_id) WHERE hit_id IS NOT NULL AND closed_at IS NULL;
-- How often each rule was right.
CREATE INDEX payout_finding_decided_idx ON payout_finding (tenant_id, source, code, decision) WHERE decision IS NOT NULL;

CREATE OR REPLACE FUNCTION keep_payout_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL
     OR (OLD.tenant_id, OLD.payout_id, OLD.position, OLD.source, OLD.code, OLD.detail, OLD.found_at, OLD.hit_id)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.payout_id, NEW.position, NEW.source, NEW.code, NEW.detail, NEW.found_at, NEW.hit_id) THEN
    RAISE EXCEPTION 'a finding is closed once, and never changed otherwise' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- Whether a person matches an entry of a list now, and nobody has cleared it.
CREATE FUNCTION stopped_by_hit(of_tenant uuid, the_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM screened_person s CROSS JOIN LATERAL unnest(s.hit_ids) AS hit (id)
    WHERE s.tenant_id = of_tenant AND s.person_id = the_person AND s.hit_ids <> '{}'
      AND (SELECT d.decision FROM screening_decision d WHERE d.tenant_id = of_tenant AND d.hit_id = hit.id
           ORDER BY d.position DESC LIMIT 1) IS DISTINCT FROM 'cleared');
$$;

-- Whether a rail may be told to pay a person now. Payouts are screened by may_leave alone, so that what stops them
-- is found and shown.
CREATE FUNCTION may_be_sent(of_tenant uuid, to_person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT may_leave(of_tenant, to_person) AND NOT stopped_by_hit(of_tenant, to_person);
$$;
