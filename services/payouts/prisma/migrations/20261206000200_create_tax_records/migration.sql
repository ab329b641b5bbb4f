-- What people declare for tax, how each tenant deals with it, and from which totals on payments have to be reported.

-- Every version of what a person declared; the last one counts. What is personal is sealed under the person's key.
CREATE TABLE tax_record (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  form text NOT NULL CHECK (form IN ('w9', 'w8ben', 'eu')),
  -- Of residence for tax, ISO 3166-1 alpha-2.
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  -- What may be shown of the tax number: the last four characters at most; null: none was given.
  masked_number text,
  -- The rate that is claimed by a treaty, in basis points; null: none is.
  treaty_rate_bps integer CHECK (treaty_rate_bps BETWEEN 0 AND 3000),
  sealed bytea NOT NULL,
  submitted_at timestamptz(3) NOT NULL,
  -- The first moment at which it is worth nothing any more; null: it does not run out.
  expires_at timestamptz(3),
  PRIMARY KEY (tenant_id, person_id, version),
  CHECK (treaty_rate_bps IS NULL OR form = 'w8ben')
);
CREATE TRIGGER tax_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_record
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE tax_policy (
  tenant_id uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  -- What was chosen; whatever is not in it is standard.
  choice jsonb NOT NULL,
  changed_by text NOT NULL,
  reason text NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, version)
);
CREATE TRIGGER tax_policy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_policy
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A row holds from its year on until a later row of the form and currency. Rows under the id of zeros hold for every
-- tenant that has none of its own for the form and currency.
CREATE TABLE tax_threshold (
  tenant_id uuid NOT NULL,
  form text NOT NULL,
  currency text NOT NULL,
  from_year integer NOT NULL,
  amount_micros bigint NOT NULL CHECK (amount_micros > 0),
  PRIMARY KEY (tenant_id, form, currency, from_year)
);
-- Section 6041(a) of the Internal Revenue Code: 600 USD, and 2,000 USD for payments made after 2025 (Public Law 119-21).
INSERT INTO tax_threshold (tenant_id, form, currency, from_year, amount_micros) VALUES
  ('00000000-0000-0000-0000-000000000000', '1099-NEC', 'USD', 1990, 600000000),
  ('00000000-0000-0000-0000-000000000000', '1099-NEC', 'USD', 2026, 2000000000);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON tax_record, tax_policy TO %I', app);
  EXECUTE format('GRANT SELECT ON tax_threshold TO %I', app);
END $$;
