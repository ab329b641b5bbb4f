-- The transparency log: one append-only Merkle tree (RFC 6962) per tenant. Every commission, and every row of
-- commission_change, becomes one leaf of it, once. A leaf is a commitment that tells nothing without its blinding.

CREATE TABLE log_head (
  tenant_id uuid NOT NULL PRIMARY KEY,
  -- How the world names the log.
  log_id uuid NOT NULL UNIQUE,
  -- The first line of its checkpoints; it never changes, wherever the installation moves.
  origin text NOT NULL,
  -- How many leaves there are. This row is the lock under which leaves get their places.
  size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  created_at timestamptz(3) NOT NULL
) WITH (fillfactor = 70);

CREATE FUNCTION keep_log_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.log_id, OLD.origin, OLD.created_at) IS DISTINCT FROM
     (NEW.tenant_id, NEW.log_id, NEW.origin, NEW.created_at) OR NEW.size < OLD.size THEN
    RAISE EXCEPTION 'a log only grows' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_head_only_grows BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION keep_log_head();
CREATE TRIGGER log_head_kept BEFORE DELETE OR TRUNCATE ON log_head
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The Ed25519 keys that sign; the one with the highest version signs from now on.
CREATE TABLE log_key (
  tenant_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- The verifier key as signed notes spell it: name, hash and public key.
  vkey text NOT NULL,
  -- The private key under a key of the installation (AES-256-GCM): 12 bytes of nonce, the ciphertext, 16 bytes of tag.
  sealed bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, version),
  FOREIGN KEY (tenant_id) REFERENCES log_head (tenant_id)
);
CREATE TRIGGER log_key_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_key
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE log_leaf (
  tenant_id uuid NOT NULL,
  -- 0, 1, 2, … without a gap.
  leaf_index bigint NOT NULL CHECK (leaf_index >= 0),
  commission_id uuid NOT NULL,
  -- Of the change that the leaf tells of; 0: it tells of the commission itself, at the split.
  purchase_sequence bigint NOT NULL CHECK (purchase_sequence >= 0),
  beneficiary_id uuid NOT NULL,
  -- 1, 2, … without a gap for each person, so that whoever lacks one can see it.
  ordinal bigint NOT NULL CHECK (ordinal > 0),
  -- What was refunded of the purchase in all, as the leaf tells it; null where it does not.
  refunded_micros bigint CHECK (refunded_micros >= 0),
  commitment bytea NOT NULL CHECK (length(commitment) = 32),
  PRIMARY KEY (tenant_id, leaf_index),
  UNIQUE (tenant_id, commission_id, purchase_sequence),
  UNIQUE (tenant_id, beneficiary_id, ordinal)
);
CREATE TRIGGER log_leaf_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaf
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- With its blinding a leaf can be opened. It is sealed under the person's key: once erasure has destroyed that, nothing
-- can be read out of the log any more, and the log stays as it is.
CREATE TABLE leaf_blinding (
  tenant_id uuid NOT NULL,
  leaf_index bigint NOT NULL,
  beneficiary_id uuid NOT NULL,
  -- AES-256-GCM: 12 bytes of nonce, the ciphertext, 16 bytes of tag.
  sealed bytea NOT NULL,
  PRIMARY KEY (tenant_id, leaf_index)
);
CREATE TRIGGER leaf_blinding_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON leaf_blinding
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The hashes of the tree, 256 to a tile. A tile grows at its end until it is full, and never changes otherwise.
CREATE TABLE log_tile (
  tenant_id uuid NOT NULL,
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
  tile_index bigint NOT NULL CHECK (tile_index >= 0),
  hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
  PRIMARY KEY (tenant_id, level, tile_index)
);
-- Hashes do not compress.
ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION keep_log_tile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.level, OLD.tile_index) IS DISTINCT FROM (NEW.tenant_id, NEW.level, NEW.tile_index)
     OR length(NEW.hashes) <= length(OLD.hashes)
     OR substring(NEW.hashes FOR length(OLD.hashes)) <> OLD.hashes THEN
    RAISE EXCEPTION 'a tile of a log only grows' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_tile_only_grows BEFORE UPDATE ON log_tile FOR EACH ROW EXECUTE FUNCTION keep_log_tile();
CREATE TRIGGER log_tile_kept BEFORE DELETE OR TRUNCATE ON log_tile
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was signed. After a change of the key the same tree is signed again, by the new key too.
CREATE TABLE log_checkpoint (
  tenant_id uuid NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  -- Of the newest key that signed it.
  key_version integer NOT NULL,
  root bytea NOT NULL CHECK (length(root) = 32),
  -- The signed note, byte for byte.
  note text NOT NULL,
  signed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, size, key_version),
  FOREIGN KEY (tenant_id, key_version) REFERENCES log_key (tenant_id, version)
);
CREATE FUNCTION keep_log_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM log_checkpoint c
             WHERE c.tenant_id = NEW.tenant_id AND c.size = NEW.size AND c.root <> NEW.root) THEN
    RAISE EXCEPTION 'one size of a log has one root' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_checkpoint_one_history BEFORE INSERT ON log_checkpoint
  FOR EACH ROW EXECUTE FUNCTION keep_log_history();
CREATE TRIGGER log_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Purchases of which something is to be logged. A row is deleted in the database transaction that logs it.
CREATE TABLE log_waiting (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- When it happened, or when it was found that it happened before there was a log.
  since timestamptz(3) NOT NULL,
  -- Not before this moment: it could not be logged when it was tried.
  try_after timestamptz(3) NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (tenant_id, purchase_id)
);
CREATE INDEX log_waiting_since_idx ON log_waiting (since);

-- How far the search for what is not logged has come, over all tenants; it begins again when it is through.
CREATE TABLE log_sweep (
  id smallint NOT NULL PRIMARY KEY CHECK (id = 1),
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  -- No page before this moment.
  next_at timestamptz(3) NOT NULL
);
INSERT INTO log_sweep (id, tenant_id, purchase_id, next_at)
VALUES (1, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', '-infinity');

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON log_head, log_key, log_leaf, leaf_blinding, log_tile, log_checkpoint TO %I', app);
  EXECUTE format('GRANT UPDATE (size) ON log_head TO %I', app);
  EXECUTE format('GRANT UPDATE (hashes) ON log_tile TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT, DELETE, UPDATE (since, try_after) ON log_waiting TO %I', app);
  EXECUTE format('GRANT SELECT, UPDATE (tenant_id, purchase_id, next_at) ON log_sweep TO %I', app);
END $$;
