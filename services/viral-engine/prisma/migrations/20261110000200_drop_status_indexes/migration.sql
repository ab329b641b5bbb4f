-- Two of the five indexes of commissions had `status` in their condition: two index entries more for each new commission, and for each
-- that was released. What is due now comes from purchase_state; and what a suspension or reactivation concerns is found by going
-- through all commissions of the member once, in the order of their ids. hold_swept_to is how far that has come; null: not begun.
-- Beside this the previous version still works, with slow releases and sweeps, until it is replaced.
SET LOCAL lock_timeout = '2s';
DROP INDEX commission_due_idx;
DROP INDEX commission_unsettled_idx;
ALTER TABLE member ADD COLUMN hold_swept_to uuid;

CREATE FUNCTION begin_hold_sweep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.hold_swept_to := NULL;
  RETURN NEW;
END $$;
-- Whichever version changes a status, the sweep begins anew.
CREATE TRIGGER member_sweep_begun BEFORE UPDATE OF status ON member
  FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION begin_hold_sweep();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT UPDATE (hold_swept_to) ON member TO %I', app);
END $$;
