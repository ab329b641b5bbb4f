-- When Stripe was asked to make a payout's transfer: written before it is asked. What is not here was never asked for; what
-- is here and is not at Stripe may still appear for a while.
CREATE TABLE stripe_transfer (
  tenant_id uuid NOT NULL,
  -- The payout's id, which Stripe keeps as the transfer's group.
  reference uuid NOT NULL,
  first_asked_at timestamptz(3) NOT NULL,
  last_asked_at timestamptz(3) NOT NULL,
  -- The time before the last.
  asked_before timestamptz(3),
  times_asked integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, reference)
);
CREATE TRIGGER stripe_transfer_kept BEFORE DELETE OR TRUNCATE ON stripe_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON stripe_transfer TO %I', app);
  EXECUTE format('GRANT UPDATE (last_asked_at, asked_before, times_asked) ON stripe_transfer TO %I', app);
END $$;
