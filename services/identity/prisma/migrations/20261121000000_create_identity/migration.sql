-- Tenants, users and how they prove who they are. Whatever is personal stands sealed under a key of its person, apart from
-- the rows that are kept for ever; those hold random ids only.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE tenant (
  id uuid NOT NULL PRIMARY KEY,
  name text NOT NULL,
  -- The one tenant that a request belongs to when neither a token nor its host names another.
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX tenant_one_default_idx ON tenant (is_default) WHERE is_default;

-- Host names, lower case and without a port, by which signed-out requests find their tenant.
CREATE TABLE tenant_host (
  host text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant (id)
);
CREATE INDEX tenant_host_tenant_idx ON tenant_host (tenant_id);

CREATE TABLE user_account (
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'erased')),
  status_changed_at timestamptz(3) NOT NULL,
  -- Beside partner, which every person is.
  roles text[] NOT NULL DEFAULT '{}' CHECK (roles <@ ARRAY['owner', 'admin', 'finance', 'support']),
  -- As given at registration: the code, and the visitor of the referral cookie.
  referral_code text,
  visitor_id uuid,
  registered_at timestamptz(3) NOT NULL
);
CREATE INDEX user_account_owner_idx ON user_account (tenant_id) WHERE 'owner' = ANY (roles);

-- The personal part of a user. Erasure deletes the row: without its key nothing sealed for the person can be read again.
CREATE TABLE user_profile (
  user_id uuid NOT NULL PRIMARY KEY REFERENCES user_account (id),
  tenant_id uuid NOT NULL,
  -- The person's own key, 32 bytes, sealed under the installation's.
  sealed_key bytea NOT NULL,
  -- {email, displayName}, sealed under the person's key.
  sealed bytea NOT NULL,
  -- HMAC of the e-mail address, trimmed and in lower case: equal addresses are found and refused without being readable.
  email_digest bytea NOT NULL UNIQUE,
  email_verified_at timestamptz(3),
  -- Argon2id in its own notation, parameters and salt included.
  password_hash text NOT NULL,
  password_changed_at timestamptz(3) NOT NULL
);

-- One sign-in on one device. Ends by logout, by the person, by a suspension, or when a used refresh token comes again.
CREATE TABLE session (
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES user_account (id),
  created_at timestamptz(3) NOT NULL,
  refreshed_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  end_reason text CHECK (end_reason IN ('logout', 'signed_out_everywhere', 'suspended', 'password_reset', 'refresh_token_reused')),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX session_user_idx ON session (tenant_id, user_id, id) WHERE ended_at IS NULL;
CREATE INDEX session_expiry_idx ON session (expires_at);

-- Each refresh token is used once. Its successor is kept sealed for a moment, so that a racing second use gets the same one.
CREATE TABLE refresh_token (
  sha256 bytea NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
  tenant_id uuid NOT NULL,
  session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
  issued_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  sealed_successor bytea,
  CHECK ((used_at IS NULL) = (sealed_successor IS NULL))
);
CREATE INDEX refresh_token_session_idx ON refresh_token (session_id);

-- Links of mails: password reset and e-mail verification. Used once.
CREATE TABLE mail_token (
  sha256 bytea NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES user_account (id),
  purpose text NOT NULL CHECK (purpose IN ('password_reset', 'verify_email')),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3)
);
CREATE INDEX mail_token_user_idx ON mail_token (user_id);
CREATE INDEX mail_token_expiry_idx ON mail_token (expires_at);

-- Mails still to be sent. Claimed by moving next_attempt_at, so that a crash while sending costs a minute and no mail.
CREATE TABLE mail (
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES user_account (id),
  -- {to, subject, text}, sealed under the installation's key. Deleted once sent.
  sealed bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL,
  last_error text
);
CREATE INDEX mail_next_attempt_idx ON mail (next_attempt_at);

CREATE TABLE api_key (
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenant (id),
  name text NOT NULL,
  sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3)
);
CREATE INDEX api_key_tenant_idx ON api_key (tenant_id, id);

-- ES256 keys of the installation. A key is published from created_at on and signs from signs_from on.
CREATE TABLE signing_key (
  kid text COLLATE "C" NOT NULL PRIMARY KEY,
  public_jwk jsonb NOT NULL,
  -- The private JWK, sealed under the installation's key.
  sealed_private_jwk bytea NOT NULL,
  created_at timestamptz(3) NOT NULL,
  signs_from timestamptz(3) NOT NULL
);

-- Who did what to whose access. Ids only.
CREATE TABLE access_audit (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  -- user:<id>, apiKey:<id>, anonymous, or installation for what the boot does.
  actor text NOT NULL,
  action text NOT NULL,
  subject_id uuid NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX access_audit_subject_idx ON access_audit (tenant_id, subject_id, id);
CREATE TRIGGER access_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON tenant, tenant_host, user_account, user_profile, session, refresh_token, mail_token, mail, api_key, signing_key, access_audit TO %I', app);
  EXECUTE format('GRANT UPDATE (status, status_changed_at, roles) ON user_account TO %I', app);
  EXECUTE format('GRANT UPDATE (sealed, email_verified_at, password_hash, password_changed_at) ON user_profile TO %I', app);
  EXECUTE format('GRANT UPDATE (refreshed_at, expires_at, ended_at, end_reason) ON session TO %I', app);
  EXECUTE format('GRANT UPDATE (used_at, sealed_successor) ON refresh_token TO %I', app);
  EXECUTE format('GRANT UPDATE (used_at) ON mail_token TO %I', app);
  EXECUTE format('GRANT UPDATE (attempts, next_attempt_at, last_error) ON mail TO %I', app);
  EXECUTE format('GRANT UPDATE (revoked_at) ON api_key TO %I', app);
  EXECUTE format('GRANT DELETE ON user_profile, session, refresh_token, mail_token, mail, signing_key TO %I', app);
END $$;
