-- Events that billing systems send: where they may be sent to, what came, what became of it.

CREATE TABLE webhook_endpoint (
  tenant_id uuid NOT NULL,
  -- Unique over the installation, because the sender's address names it and no tenant.
  id uuid NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('stripe')),
  -- What the purchases of this endpoint are.
  stream text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE TRIGGER webhook_endpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhook_endpoint
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The secrets that the sender signs with. The last one holds; the one before it for a day longer.
CREATE TABLE webhook_secret (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- AES-256-GCM under the service's key: 12 bytes of nonce, the ciphertext, 16 bytes of tag.
  sealed bytea NOT NULL,
  set_by text NOT NULL,
  set_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, version),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
);
CREATE TRIGGER webhook_secret_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhook_secret
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What came: once per event of the sender. Only what it means to us is kept, and that names nobody.
CREATE TABLE webhook_event (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  type text NOT NULL,
  -- When the sender made it.
  sent_at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL,
  fact jsonb NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, event_id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
);
CREATE TRIGGER webhook_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON webhook_event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What became of it. `parked`: what it is about is not there yet.
CREATE TABLE webhook_progress (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  -- The order of arrival.
  position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  status text NOT NULL DEFAULT 'received'
    CHECK (status IN ('received', 'parked', 'applied', 'refused', 'abandoned')),
  -- A stable reason, for those that are parked, refused or abandoned.
  reason text,
  attempts integer NOT NULL DEFAULT 0,
  -- When somebody may try (again); null: nobody will.
  try_after timestamptz(3),
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, event_id),
  FOREIGN KEY (tenant_id, endpoint_id, event_id) REFERENCES webhook_event (tenant_id, endpoint_id, event_id),
  CHECK ((try_after IS NULL) = (status IN ('applied', 'refused', 'abandoned')))
) WITH (fillfactor = 80);
CREATE INDEX webhook_progress_due_idx ON webhook_progress (try_after) WHERE try_after IS NOT NULL;
CREATE INDEX webhook_progress_list_idx ON webhook_progress (tenant_id, endpoint_id, status, position);
CREATE TRIGGER webhook_progress_kept BEFORE DELETE OR TRUNCATE ON webhook_progress
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which invoice a payment (a charge or a payment intent) was for.
CREATE TABLE invoice_payment (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  invoice_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, payment_id)
);
CREATE TRIGGER invoice_payment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_payment
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was refunded of each charge: the sender tells the sum so far, so each part is counted against it.
CREATE TABLE charge_refund (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  charge_id text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  PRIMARY KEY (tenant_id, endpoint_id, charge_id, external_id)
);
CREATE TRIGGER charge_refund_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charge_refund
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Chargebacks for more than was left of a purchase: the rest was taken, this much was not.
CREATE TABLE chargeback_excess (
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  dispute_id text COLLATE "C" NOT NULL,
  purchase_id uuid NOT NULL,
  taken_micros bigint NOT NULL CHECK (taken_micros >= 0),
  excess_micros bigint NOT NULL CHECK (excess_micros > 0),
  currency text NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, endpoint_id, dispute_id),
  FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id)
);
CREATE TRIGGER chargeback_excess_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chargeback_excess
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON webhook_endpoint, webhook_secret, webhook_event, webhook_progress,
    invoice_payment, charge_refund, chargeback_excess TO %I', app);
  EXECUTE format('GRANT UPDATE (status, reason, attempts, try_after, changed_at) ON webhook_progress TO %I', app);
END $$;
