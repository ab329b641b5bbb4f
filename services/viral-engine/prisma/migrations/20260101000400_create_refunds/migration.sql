-- Refunds and chargebacks, and the chargebacks that were won back. All of them are facts: rows are only added.

CREATE TABLE refund (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  purchase_id uuid NOT NULL,
  reason text NOT NULL CHECK (reason IN ('requested', 'chargeback')),
  -- Null: all that was left was asked for.
  requested_micros bigint CHECK (requested_micros > 0),
  requested_currency text,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  currency text NOT NULL,
  -- The sequence of its RefundRecorded event, and of the last event that it caused.
  purchase_sequence bigint NOT NULL,
  last_sequence bigint NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id)
);
CREATE INDEX refund_purchase_idx ON refund (tenant_id, purchase_id, id);
CREATE TRIGGER refund_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refund
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE chargeback_win (
  tenant_id uuid NOT NULL,
  refund_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  won_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, refund_id),
  FOREIGN KEY (tenant_id, refund_id) REFERENCES refund (tenant_id, id)
);
CREATE TRIGGER chargeback_win_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chargeback_win
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON refund, chargeback_win TO %I', app);
END $$;
