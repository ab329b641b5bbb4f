-- Customers as billing systems know them, and the purchases of customers of whom nobody has said yet which user they are.

CREATE TABLE customer (
  tenant_id uuid NOT NULL,
  -- The billing system's own id: opaque, never read, only compared.
  customer_id text COLLATE "C" NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 200),
  -- Null: a purchase named the customer, and nobody has said yet who it is. Set once, with who said it and when.
  user_id uuid,
  mapped_by text,
  mapped_at timestamptz(3),
  -- Purchases of this customer are to be attributed from this moment on; null: there is nothing to do.
  attribute_after timestamptz(3),
  PRIMARY KEY (tenant_id, customer_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES member (tenant_id, user_id),
  CHECK ((user_id IS NULL) = (mapped_by IS NULL) AND (user_id IS NULL) = (mapped_at IS NULL)),
  CHECK (attribute_after IS NULL OR user_id IS NOT NULL)
);
CREATE INDEX customer_attribution_idx ON customer (attribute_after) WHERE attribute_after IS NOT NULL;
CREATE INDEX customer_unmapped_idx ON customer (tenant_id, customer_id) WHERE user_id IS NULL;

CREATE FUNCTION keep_customer_mapping() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.tenant_id, OLD.customer_id) IS DISTINCT FROM (NEW.tenant_id, NEW.customer_id)
     OR (OLD.user_id IS NOT NULL
         AND (OLD.user_id, OLD.mapped_by, OLD.mapped_at) IS DISTINCT FROM (NEW.user_id, NEW.mapped_by, NEW.mapped_at)) THEN
    RAISE EXCEPTION 'who a customer is never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER customer_mapping_kept BEFORE UPDATE ON customer
  FOR EACH ROW EXECUTE FUNCTION keep_customer_mapping();
CREATE TRIGGER customer_kept BEFORE DELETE OR TRUNCATE ON customer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A sale as it was told, of a customer who was nobody yet. Its external id stands in purchase_key, and once it is
-- attributed the purchase has the same id.
CREATE TABLE unattributed_purchase (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  customer_id text COLLATE "C" NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros BETWEEN 1 AND 1000000000000000),
  currency text NOT NULL,
  stream text NOT NULL,
  product_tag text,
  website_id uuid,
  occurred_at timestamptz(3) NOT NULL,
  occurred_at_given boolean NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, customer_id)
);
CREATE TRIGGER unattributed_purchase_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON unattributed_purchase
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Those that still wait. A row is deleted in the database transaction that attributes its purchase, which is what makes
-- that happen once; the metadata, which may name people, goes with it and is sealed under the buyer's key from then on.
CREATE TABLE waiting_purchase (
  tenant_id uuid NOT NULL,
  purchase_id uuid NOT NULL,
  customer_id text COLLATE "C" NOT NULL,
  metadata jsonb,
  PRIMARY KEY (tenant_id, purchase_id),
  FOREIGN KEY (tenant_id, purchase_id) REFERENCES unattributed_purchase (tenant_id, id)
);
CREATE INDEX waiting_purchase_customer_idx ON waiting_purchase (tenant_id, customer_id, purchase_id);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON customer, unattributed_purchase, waiting_purchase TO %I', app);
  EXECUTE format('GRANT UPDATE (user_id, mapped_by, mapped_at, attribute_after) ON customer TO %I', app);
  EXECUTE format('GRANT DELETE ON waiting_purchase TO %I', app);
END $$;
