-- Limits of a plan version: who qualifies for a level, what one person and what all together may earn in a period.

ALTER TABLE plan_version
  -- [{"level", "minOwnPurchases", "minActiveReferrals"}]; a level without one asks nothing.
  ADD COLUMN qualification jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(qualification) = 'array'),
  -- {"day": {"USD": "micros"}, "month": …, "lifetime": …}; a period or currency without an amount has no cap.
  ADD COLUMN beneficiary_caps jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(beneficiary_caps) = 'object'),
  -- {"period", "mode", "amounts": {"USD": "micros"}}; null: none.
  ADD COLUMN company_cap jsonb CHECK (jsonb_typeof(company_cap) = 'object');

-- What the limits took off a commission: [{"rule", "amount"}], amounts in micros as text. Null: nothing.
ALTER TABLE commission ADD COLUMN cuts jsonb CHECK (jsonb_typeof(cuts) = 'array');

CREATE OR REPLACE FUNCTION keep_commission_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.purchase_id, OLD.beneficiary_id, OLD.kind, OLD.level, OLD.rate_bps, OLD.boost_bps,
      OLD.currency, OLD.gross_micros, OLD.cuts, OLD.created_at)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.purchase_id, NEW.beneficiary_id, NEW.kind, NEW.level, NEW.rate_bps, NEW.boost_bps,
      NEW.currency, NEW.gross_micros, NEW.cuts, NEW.created_at) THEN
    RAISE EXCEPTION 'the terms of a commission never change' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

-- How many purchases somebody made: what qualification asks.
CREATE INDEX purchase_buyer_idx ON purchase (tenant_id, buyer_id);

-- What a plan with caps paid so far, gross, in one period and currency: to one person, or to all together. A split
-- locks the rows that it concerns, in the order of the key, and writes them in the database transaction of the entries.
CREATE TABLE cap_counter (
  tenant_id uuid NOT NULL,
  plan_id text COLLATE "C" NOT NULL,
  -- The beneficiary's id, or 'company' for everybody together.
  holder text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  -- A UTC day (2026-06-01), a UTC month (2026-06), or 'lifetime'.
  period text COLLATE "C" NOT NULL CHECK (period ~ '^([0-9]{4}-[0-9]{2}(-[0-9]{2})?|lifetime)$'),
  paid_micros numeric(38, 0) NOT NULL CHECK (paid_micros >= 0),
  -- The company cap that a purchase went over: until the period ends nothing more is paid under a cap that is no higher.
  closed_at_cap_micros bigint CHECK (closed_at_cap_micros > 0),
  PRIMARY KEY (tenant_id, plan_id, holder, currency, period),
  CHECK (closed_at_cap_micros IS NULL OR holder = 'company')
) WITH (fillfactor = 70);

-- Refunds give no room back, so a counter never falls.
CREATE FUNCTION keep_cap_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.paid_micros < OLD.paid_micros OR NEW.closed_at_cap_micros < OLD.closed_at_cap_micros
     OR (OLD.closed_at_cap_micros IS NOT NULL AND NEW.closed_at_cap_micros IS NULL) THEN
    RAISE EXCEPTION 'a counter of a cap never falls' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER cap_counter_never_falls BEFORE UPDATE ON cap_counter
  FOR EACH ROW EXECUTE FUNCTION keep_cap_counter();
CREATE TRIGGER cap_counter_kept BEFORE DELETE OR TRUNCATE ON cap_counter
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON cap_counter TO %I', app);
  EXECUTE format('GRANT UPDATE (paid_micros, closed_at_cap_micros) ON cap_counter TO %I', app);
END $$;
