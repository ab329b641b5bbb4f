-- What the hot wallet has signed: durable before it is sent, so that a crash or a lost answer sends the same again. Recipients
-- are not here: with the payout method's address these terms make the same bytes, and the hash says that they are the same.

-- The installation's wallets, of no tenant: one counter each, whose row lock allots nonces.
CREATE TABLE usdc_wallet (
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  next_nonce bigint NOT NULL CHECK (next_nonce >= 0),
  PRIMARY KEY (chain_id, wallet)
);
CREATE TRIGGER usdc_wallet_kept BEFORE DELETE OR TRUNCATE ON usdc_wallet
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE usdc_transfer (
  tenant_id uuid NOT NULL,
  -- The payout's id: one payout has one live nonce.
  reference uuid NOT NULL,
  chain_id bigint NOT NULL,
  wallet text NOT NULL,
  token text NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  nonce bigint NOT NULL CHECK (nonce >= 0),
  begun_at timestamptz(3) NOT NULL,
  -- When another transaction was first seen to have the nonce for good; a second look must agree before a new one is taken.
  nonce_lost_at timestamptz(3),
  -- How it ended, once it is deep enough in the chain: whether the token moved, by which transaction, at which cost.
  ended_at timestamptz(3),
  moved boolean,
  hash text,
  block bigint,
  fee_wei numeric(38, 0),
  PRIMARY KEY (tenant_id, reference),
  CHECK (num_nulls(ended_at, moved, hash, block, fee_wei) IN (0, 5))
);
-- A nonce pays one payout.
CREATE UNIQUE INDEX usdc_transfer_nonce_key ON usdc_transfer (chain_id, wallet, nonce);
CREATE TRIGGER usdc_transfer_kept BEFORE DELETE OR TRUNCATE ON usdc_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_usdc_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a transfer that has ended never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.nonce <> OLD.nonce AND OLD.nonce_lost_at IS NULL THEN
    RAISE EXCEPTION 'a transfer keeps its nonce until another transaction has it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER usdc_transfer_terms_kept BEFORE UPDATE ON usdc_transfer
  FOR EACH ROW EXECUTE FUNCTION keep_usdc_transfer();

-- Each transaction that was signed. Those of one nonce differ in their fees only.
CREATE TABLE usdc_attempt (
  tenant_id uuid NOT NULL,
  reference uuid NOT NULL,
  nonce bigint NOT NULL,
  -- 1, 2, … of the nonce.
  position integer NOT NULL,
  hash text NOT NULL,
  gas_limit bigint NOT NULL,
  max_fee_per_gas numeric(38, 0) NOT NULL,
  max_priority_fee_per_gas numeric(38, 0) NOT NULL,
  signed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, reference, nonce, position)
);
CREATE TRIGGER usdc_attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON usdc_attempt
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON usdc_wallet, usdc_transfer, usdc_attempt TO %I', app);
  EXECUTE format('GRANT UPDATE (next_nonce) ON usdc_wallet TO %I', app);
  EXECUTE format(
    'GRANT UPDATE (nonce, nonce_lost_at, ended_at, moved, hash, block, fee_wei) ON usdc_transfer TO %I', app);
END $$;
