-- What fraud rules go by, what they found, and what people decided about it. Fingerprints are keyed hashes: they tell
-- whether two people have something in common, and not what.

-- Of a member's registration, as identity told it. Deleting the row is what erasure does to it.
CREATE TABLE member_fingerprint (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  email bytea CHECK (octet_length(email) = 16),
  email_disposable boolean NOT NULL,
  address bytea CHECK (octet_length(address) = 16),
  agent bytea CHECK (octet_length(agent) = 16),
  device bytea CHECK (octet_length(device) = 16),
  learnt_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX member_fingerprint_email_idx ON member_fingerprint (tenant_id, email) WHERE email IS NOT NULL;
CREATE INDEX member_fingerprint_device_idx ON member_fingerprint (tenant_id, device) WHERE device IS NOT NULL;

-- The cards and accounts that a buyer has paid with, each once. Deleting the rows is what erasure does to them.
CREATE TABLE buyer_payment (
  tenant_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 16),
  -- The first purchase that was paid so.
  purchase_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, buyer_id, fingerprint)
);
CREATE INDEX buyer_payment_fingerprint_idx ON buyer_payment (tenant_id, fingerprint);

ALTER TABLE waiting_purchase ADD COLUMN payment_fingerprint bytea CHECK (octet_length(payment_fingerprint) = 16);

-- What a member's own referrals did in each hour (UTC). Old hours are deleted.
CREATE TABLE referral_hour (
  tenant_id uuid NOT NULL,
  referrer_id uuid NOT NULL,
  hour timestamptz(3) NOT NULL,
  registrations integer NOT NULL DEFAULT 0,
  purchases integer NOT NULL DEFAULT 0,
  -- Purchases of which nothing is left, in the hour in which that came to be.
  refunded integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, referrer_id, hour)
);
CREATE INDEX referral_hour_hour_idx ON referral_hour (hour);

-- How a tenant's purchases are scored: the last version holds.
CREATE TABLE fraud_tuning (
  tenant_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- What was chosen; all else is standard.
  choice jsonb NOT NULL,
  changed_by text NOT NULL,
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, version)
);
CREATE TRIGGER fraud_tuning_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fraud_tuning
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a rule found about a beneficiary's entries of a purchase: once.
CREATE TABLE fraud_signal (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  beneficiary_id uuid NOT NULL,
  rule text NOT NULL,
  points smallint NOT NULL CHECK (points BETWEEN 1 AND 100),
  reason text NOT NULL,
  -- {members, purchases}: random ids only.
  evidence jsonb NOT NULL,
  tuning_version integer NOT NULL,
  found_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id, beneficiary_id, rule)
);
CREATE TRIGGER fraud_signal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fraud_signal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Somebody is to look at a beneficiary's entries of a purchase: once, whatever is found later.
CREATE TABLE fraud_review (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  beneficiary_id uuid NOT NULL,
  -- The score and the threshold as they stood when it was opened.
  score smallint NOT NULL CHECK (score BETWEEN 1 AND 100),
  threshold smallint NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'cleared', 'confirmed', 'moot')),
  opened_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, purchase_id, beneficiary_id),
  FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id)
);
CREATE INDEX fraud_review_list_idx ON fraud_review (tenant_id, status, id);
CREATE INDEX fraud_review_open_idx ON fraud_review (opened_at) WHERE status = 'open';
CREATE FUNCTION close_review_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'open' THEN
    RAISE EXCEPTION 'a review that is closed stays closed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fraud_review_closed_once BEFORE UPDATE ON fraud_review
  FOR EACH ROW EXECUTE FUNCTION close_review_once();
CREATE TRIGGER fraud_review_kept BEFORE DELETE OR TRUNCATE ON fraud_review
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How a review ended: by a person, or by itself when there was nothing left to decide.
CREATE TABLE fraud_decision (
  tenant_id uuid NOT NULL,
  review_id uuid NOT NULL,
  decision text NOT NULL CHECK (decision IN ('cleared', 'confirmed', 'moot')),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
  -- A person (user:…), or fraud for what closed by itself.
  decided_by text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, review_id),
  FOREIGN KEY (tenant_id, review_id) REFERENCES fraud_review (tenant_id, id)
);
CREATE TRIGGER fraud_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fraud_decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format(
    'GRANT SELECT, INSERT ON member_fingerprint, buyer_payment, referral_hour, fraud_tuning, fraud_signal, fraud_review, fraud_decision TO %I',
    app
  );
  EXECUTE format('GRANT UPDATE (registrations, purchases, refunded) ON referral_hour TO %I', app);
  EXECUTE format('GRANT UPDATE (status) ON fraud_review TO %I', app);
  EXECUTE format('GRANT DELETE ON member_fingerprint, buyer_payment, referral_hour TO %I', app);
END $$;
