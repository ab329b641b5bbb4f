-- Links for campaigns, whose codes stand beside people's own; clicks that know their link and are counted once per
-- identity and hour; by what each registration found its referrer.

CREATE TABLE link (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  owner_id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  campaign text CHECK (char_length(campaign) BETWEEN 1 AND 100),
  -- The code that is shown now; those before it lead here for ever.
  code text COLLATE "C" NOT NULL,
  -- Null: the landing page of the installation.
  landing_url text CHECK (char_length(landing_url) <= 2000),
  utm jsonb NOT NULL DEFAULT '{}',
  sub_ids text[] NOT NULL DEFAULT '{}' CHECK (cardinality(sub_ids) <= 5),
  created_at timestamptz(3) NOT NULL,
  archived_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES member (tenant_id, user_id)
);
CREATE INDEX link_owner_idx ON link (tenant_id, owner_id, id);

-- A code leads to a member or to a link, in one namespace. It never leads elsewhere and is never given twice.
ALTER TABLE referral_code
  ALTER COLUMN owner_id DROP NOT NULL,
  ADD COLUMN link_id uuid,
  ADD CHECK (num_nonnulls(owner_id, link_id) = 1),
  -- The code is written first, because it may be taken; then the link that shows it.
  ADD FOREIGN KEY (tenant_id, link_id) REFERENCES link (tenant_id, id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX referral_code_link_idx ON referral_code (tenant_id, link_id) WHERE link_id IS NOT NULL;
CREATE TRIGGER referral_code_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON referral_code
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE link ADD FOREIGN KEY (code) REFERENCES referral_code (code);

-- Who gave whose link to whom, why: the audit of link.owner_id.
CREATE TABLE link_owner_change (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  link_id uuid NOT NULL,
  from_owner_id uuid NOT NULL,
  to_owner_id uuid NOT NULL,
  changed_by text NOT NULL,
  reason text NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, link_id) REFERENCES link (tenant_id, id)
);
CREATE TRIGGER link_owner_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON link_owner_change
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where a tenant's links may lead, beside the landing page of the installation: scheme, host and port.
CREATE TABLE tenant_landing (
  tenant_id uuid NOT NULL PRIMARY KEY,
  origins text[] NOT NULL CHECK (cardinality(origins) <= 50),
  changed_by text NOT NULL,
  changed_at timestamptz(3) NOT NULL
);

ALTER TABLE click
  ADD COLUMN link_id uuid,
  -- The link's campaign at the click.
  ADD COLUMN campaign text,
  -- False: the same identity had clicked on the same within the hour.
  ADD COLUMN counted boolean NOT NULL DEFAULT true;

-- With the salt of its day an address could be tried out; without it, nothing leads from an identity to anybody.
CREATE TABLE click_salt (
  tenant_id uuid NOT NULL,
  day date NOT NULL,
  salt bytea NOT NULL CHECK (octet_length(salt) = 32),
  PRIMARY KEY (tenant_id, day)
);

-- Who clicked on what in which hour of the day (UTC), and, under hour -1, on the day at all. Lives as long as the salt.
CREATE TABLE click_identity (
  tenant_id uuid NOT NULL,
  -- The link, or the member whose code it was.
  leads_to uuid NOT NULL,
  identity bytea NOT NULL CHECK (octet_length(identity) = 16),
  hour smallint NOT NULL CHECK (hour BETWEEN -1 AND 23),
  day date NOT NULL,
  PRIMARY KEY (tenant_id, leads_to, identity, hour)
);
CREATE INDEX click_identity_day_idx ON click_identity (day);

CREATE TABLE link_click_day (
  tenant_id uuid NOT NULL,
  link_id uuid NOT NULL,
  day date NOT NULL,
  -- Clicks, each identity once an hour; and the identities of the day.
  clicks integer NOT NULL,
  unique_clicks integer NOT NULL,
  PRIMARY KEY (tenant_id, link_id, day)
);

-- What gave a member its referrer: a code told at the registration, or a click before it.
CREATE TABLE registration_source (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  referrer_id uuid NOT NULL,
  decided_by text NOT NULL CHECK (decided_by IN ('code', 'click')),
  code text COLLATE "C" NOT NULL,
  link_id uuid,
  campaign text,
  click_id uuid,
  registered_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, user_id),
  CHECK ((click_id IS NOT NULL) = (decided_by = 'click')),
  FOREIGN KEY (tenant_id, user_id) REFERENCES member (tenant_id, user_id)
);
CREATE INDEX registration_source_link_idx ON registration_source (tenant_id, link_id) WHERE link_id IS NOT NULL;
CREATE TRIGGER registration_source_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registration_source
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format(
    'GRANT SELECT, INSERT ON link, link_owner_change, tenant_landing, click_salt, click_identity, link_click_day, registration_source TO %I',
    app
  );
  EXECUTE format('GRANT UPDATE (owner_id, code, archived_at) ON link TO %I', app);
  EXECUTE format('GRANT UPDATE (origins, changed_by, changed_at) ON tenant_landing TO %I', app);
  EXECUTE format('GRANT UPDATE (clicks, unique_clicks) ON link_click_day TO %I', app);
  EXECUTE format('GRANT DELETE ON click_salt, click_identity TO %I', app);
END $$;
