-- What a purchase pays. A commission's gross never changes; its net is a running balance that equals the gross plus the
-- sum of its changes, and every change is a row.

CREATE TABLE commission (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  beneficiary_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('level', 'website_bonus')),
  -- 1 to 7; 0 for a website bonus.
  level smallint NOT NULL CHECK ((kind = 'level' AND level BETWEEN 1 AND 7) OR (kind = 'website_bonus' AND level = 0)),
  rate_bps integer NOT NULL,
  boost_bps integer NOT NULL,
  currency text NOT NULL,
  gross_micros bigint NOT NULL CHECK (gross_micros > 0),
  net_micros bigint NOT NULL CHECK (net_micros BETWEEN 0 AND gross_micros),
  status text NOT NULL CHECK (status IN ('pending', 'held', 'available', 'reversed', 'forfeited')),
  available_at timestamptz(3) NOT NULL,
  -- Why it is held; empty when it is not.
  hold_causes text[] NOT NULL DEFAULT '{}',
  held_since timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((status = 'held') = (held_since IS NOT NULL)),
  CHECK ((status = 'held') = (hold_causes <> '{}')),
  CHECK (net_micros = 0 OR status NOT IN ('reversed', 'forfeited'))
);
CREATE INDEX commission_purchase_idx ON commission (tenant_id, purchase_id);
CREATE INDEX commission_beneficiary_idx ON commission (tenant_id, beneficiary_id, id);
-- The scheduler's way to what is due, and the way to what a suspension or reactivation concerns.
CREATE INDEX commission_due_idx ON commission (available_at) WHERE status = 'pending';
CREATE INDEX commission_unsettled_idx ON commission (tenant_id, beneficiary_id) WHERE status IN ('pending', 'held');

CREATE FUNCTION keep_commission_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.id, OLD.purchase_id, OLD.beneficiary_id, OLD.kind, OLD.level, OLD.rate_bps, OLD.boost_bps,
      OLD.currency, OLD.gross_micros, OLD.created_at)
     IS DISTINCT FROM
     (NEW.tenant_id, NEW.id, NEW.purchase_id, NEW.beneficiary_id, NEW.kind, NEW.level, NEW.rate_bps, NEW.boost_bps,
      NEW.currency, NEW.gross_micros, NEW.created_at) THEN
    RAISE EXCEPTION 'the terms of a commission never change' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER commission_terms_kept BEFORE UPDATE ON commission
  FOR EACH ROW EXECUTE FUNCTION keep_commission_terms();
CREATE TRIGGER commission_kept BEFORE DELETE OR TRUNCATE ON commission
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE commission_change (
  tenant_id uuid NOT NULL,
  commission_id uuid NOT NULL,
  -- The purchase's event that told of it.
  purchase_sequence bigint NOT NULL CHECK (purchase_sequence > 2),
  purchase_id uuid NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  -- Negative when something was taken back, positive when restored, zero for a move between statuses.
  delta_micros bigint NOT NULL,
  net_micros bigint NOT NULL CHECK (net_micros >= 0),
  -- When the commission falls due, as it stood after the change.
  available_at timestamptz(3) NOT NULL,
  -- Such as refund, chargeback, chargeback_won, hold_over, beneficiary_suspended, lifted.
  reason text NOT NULL,
  -- The refund that this change belongs to, if any.
  refund_id uuid,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, commission_id, purchase_sequence)
);
CREATE INDEX commission_change_refund_idx ON commission_change (tenant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE TRIGGER commission_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON commission_change
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON commission, commission_change TO %I', app);
  EXECUTE format('GRANT UPDATE (status, available_at, net_micros, hold_causes, held_since) ON commission TO %I', app);
END $$;
