-- What the metrics count: one row per fact, and the sums of each UTC hour.

CREATE TABLE metric_fact (
  tenant_id uuid NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('registration', 'referred_registration', 'invite', 'purchase', 'refund',
    'chargeback_win', 'commission', 'site_published', 'payout_settled', 'payout_returned')),
  -- What it happened to: user, event, purchase, refund, site or payout; and its how-manieth fact of the kind.
  source_id uuid NOT NULL,
  sequence bigint NOT NULL,
  at timestamptz(3) NOT NULL,
  -- Empty where no money is concerned.
  currency text COLLATE "C" NOT NULL CHECK (currency ~ '^([A-Z]{3})?$'),
  -- Of a commission what its net changed by, which may be negative; of everything else the amount.
  micros bigint NOT NULL,
  PRIMARY KEY (tenant_id, kind, source_id, sequence)
);
CREATE INDEX metric_fact_at_idx ON metric_fact (tenant_id, at);
CREATE TRIGGER metric_fact_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON metric_fact
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Always equal to a recount of metric_fact: both are written in one database transaction.
CREATE TABLE metric_hour (
  tenant_id uuid NOT NULL,
  hour timestamptz(3) NOT NULL,
  kind text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  facts bigint NOT NULL CHECK (facts > 0),
  -- Wider than bigint: an hour may hold more money than a single fact.
  micros numeric(38, 0) NOT NULL,
  PRIMARY KEY (tenant_id, hour, kind, currency),
  CHECK (hour = date_trunc('hour', hour, 'UTC'))
);

-- Chargebacks that were won. The event that tells of one names the refund, not its amount: whichever of the two is
-- learnt of later makes the fact.
CREATE TABLE chargeback_win (
  tenant_id uuid NOT NULL,
  refund_id uuid NOT NULL,
  won_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, refund_id)
);
CREATE TRIGGER chargeback_win_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chargeback_win
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON metric_fact, chargeback_win TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON metric_hour TO %I', app);
END $$;
