-- Whose purchases paid whom, with the last of them: what a ring is looked for in. Old ones are deleted.
CREATE TABLE payment_way (
  tenant_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  beneficiary_id uuid NOT NULL,
  -- One of the last hour in which there was any.
  purchase_id uuid NOT NULL,
  paid_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, buyer_id, beneficiary_id)
);
CREATE INDEX payment_way_paid_idx ON payment_way (paid_at);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON payment_way TO %I', app);
  EXECUTE format('GRANT UPDATE (purchase_id, paid_at) ON payment_way TO %I', app);
END $$;
