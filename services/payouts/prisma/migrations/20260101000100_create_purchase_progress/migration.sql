-- How far the events of each purchase have been applied, what its commissions stand at by them, and the events that came
-- before their turn.

CREATE TABLE purchase_progress (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- The last sequence applied; 0 while only later ones have come. The row is the lock of the purchase.
  sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
  currency text NOT NULL,
  -- What was paid, and what of it the house keeps at the split; null until PurchaseRecorded has been applied.
  amount_micros bigint CHECK (amount_micros >= 0),
  house_micros bigint CHECK (house_micros BETWEEN 0 AND amount_micros),
  applied_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id)
) WITH (fillfactor = 80);
CREATE TRIGGER purchase_progress_kept BEFORE DELETE OR TRUNCATE ON purchase_progress
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A commission's status and net, as the applied events leave it.
CREATE TABLE purchase_entry (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  commission_id uuid NOT NULL,
  beneficiary_id uuid NOT NULL,
  currency text NOT NULL,
  status text NOT NULL CHECK (status IN ('pending', 'held', 'available', 'reversed', 'forfeited')),
  net_micros bigint NOT NULL CHECK (net_micros >= 0),
  PRIMARY KEY (tenant_id, purchase_id, commission_id),
  CHECK (net_micros = 0 OR status NOT IN ('reversed', 'forfeited'))
) WITH (fillfactor = 80);
CREATE TRIGGER purchase_entry_kept BEFORE DELETE OR TRUNCATE ON purchase_entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE set_aside_event (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  purchase_sequence bigint NOT NULL CHECK (purchase_sequence > 1),
  event_id uuid NOT NULL,
  event_type text NOT NULL,
  -- The protobuf message as it came.
  payload bytea NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  set_aside_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id, purchase_sequence)
);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON purchase_progress, purchase_entry TO %I', app);
  EXECUTE format('GRANT UPDATE (sequence, amount_micros, house_micros, applied_at) ON purchase_progress TO %I', app);
  EXECUTE format('GRANT UPDATE (status, net_micros) ON purchase_entry TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON set_aside_event TO %I', app);
END $$;
