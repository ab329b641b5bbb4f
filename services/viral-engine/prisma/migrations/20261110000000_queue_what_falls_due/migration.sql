-- The scheduler's way to what falls due is a column of purchase_state, one index entry for a purchase, instead of an index over
-- commissions, one for each. due_at is a bound: never later than when the first pending commission of the purchase falls due. It may
-- be earlier (that one was held, reversed or released early); whoever finds nothing due there writes what is true.
-- Null: nothing is pending.
-- Safe beside the previous version, which does not know the column: what it inserts is looked at now, and what it makes pending
-- again is told by the trigger. The lock lasts while the table is read once.
SET LOCAL lock_timeout = '2s';
ALTER TABLE purchase_state ADD COLUMN due_at timestamptz(3);
ALTER TABLE purchase_state ALTER COLUMN due_at SET DEFAULT now();
CREATE INDEX purchase_state_due_idx ON purchase_state (due_at) WHERE due_at IS NOT NULL;

CREATE FUNCTION queue_pending_commission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE purchase_state SET due_at = NEW.available_at
  WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.purchase_id AND (due_at IS NULL OR due_at > NEW.available_at);
  RETURN NULL;
END $$;
CREATE TRIGGER commission_queued AFTER UPDATE OF status, available_at ON commission
  FOR EACH ROW WHEN (NEW.status = 'pending' AND (OLD.status <> 'pending' OR NEW.available_at < OLD.available_at))
  EXECUTE FUNCTION queue_pending_commission();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT UPDATE (due_at) ON purchase_state TO %I', app);
END $$;
