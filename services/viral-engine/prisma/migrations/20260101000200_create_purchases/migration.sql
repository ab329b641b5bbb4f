-- Purchases are facts and never change. What changes around one (how much was refunded, which event came last) stands
-- in purchase_state, whose row is also the lock under which everything that happens to the purchase is put in order.

-- Uniqueness has a table of its own, so that purchase can be partitioned by time later.
CREATE TABLE purchase_key (
  tenant_id uuid NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  purchase_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, external_id)
);
CREATE TRIGGER purchase_key_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON purchase_key
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE purchase (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  buyer_id uuid NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros BETWEEN 1 AND 1000000000000000),
  currency text NOT NULL,
  stream text NOT NULL,
  website_id uuid,
  occurred_at timestamptz(3) NOT NULL,
  -- False when the caller named no time and occurred_at is the time of receipt.
  occurred_at_given boolean NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  -- Null: no plan covered the purchase.
  plan_id text COLLATE "C",
  plan_version integer,
  -- The sum of the commissions at the split; the rest of the amount is the house's.
  commissions_micros bigint NOT NULL CHECK (commissions_micros >= 0),
  -- What the split was decided from: upline, website owner, recurrence. With it the split can be computed again.
  split_snapshot jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (commissions_micros <= amount_micros),
  CHECK ((plan_id IS NULL) = (plan_version IS NULL))
);
CREATE TRIGGER purchase_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON purchase
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE purchase_state (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- The sequence of the purchase's last event.
  sequence bigint NOT NULL CHECK (sequence > 0),
  -- Refunds less chargebacks won.
  refunded_micros bigint NOT NULL DEFAULT 0 CHECK (refunded_micros >= 0),
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id)
) WITH (fillfactor = 90);
CREATE TRIGGER purchase_state_kept BEFORE DELETE OR TRUNCATE ON purchase_state
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Metadata may name people, so it stands apart, encrypted under a key of its buyer; erasure deletes the key.
CREATE TABLE buyer_key (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  secret bytea NOT NULL CHECK (length(secret) = 32),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE purchase_metadata (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  buyer_id uuid NOT NULL,
  -- AES-256-GCM: 12 bytes of nonce, the ciphertext, 16 bytes of tag.
  sealed bytea NOT NULL,
  PRIMARY KEY (tenant_id, purchase_id)
);
CREATE TRIGGER purchase_metadata_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON purchase_metadata
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON purchase_key, purchase, purchase_state, buyer_key, purchase_metadata TO %I', app);
  EXECUTE format('GRANT UPDATE (sequence, refunded_micros, changed_at) ON purchase_state TO %I', app);
  EXECUTE format('GRANT DELETE ON buyer_key TO %I', app);
END $$;
