-- Refunds that were told and then failed, or were cancelled: the money never went back, so what they took is given back.

CREATE TABLE refund_failure (
  tenant_id uuid NOT NULL,
  refund_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  failed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, refund_id),
  FOREIGN KEY (tenant_id, refund_id) REFERENCES refund (tenant_id, id)
);
CREATE TRIGGER refund_failure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_failure
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a billing system told of a charge: the sum refunded so far, at each of its events.
CREATE TABLE charge_sum (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  charge_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  told_at timestamptz(3) NOT NULL,
  refunded_micros bigint NOT NULL CHECK (refunded_micros >= 0),
  PRIMARY KEY (tenant_id, endpoint_id, charge_id, event_id)
);
CREATE TRIGGER charge_sum_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charge_sum
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Refunds of a charge that failed, under the billing system's own ids.
CREATE TABLE charge_refund_failure (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  charge_id text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  told_at timestamptz(3) NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  PRIMARY KEY (tenant_id, endpoint_id, charge_id, external_id)
);
CREATE TRIGGER charge_refund_failure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charge_refund_failure
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON refund_failure, charge_sum, charge_refund_failure TO %I', app);
END $$;
