-- Keys by which browsers on a published page write events, and nothing else. Only their SHA-256 is kept.

CREATE TABLE write_key (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  site_id uuid NOT NULL,
  key_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(key_sha256) = 32),
  -- The release whose widget carries the key; null for one that a person made.
  release_version integer,
  created_by uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id),
  FOREIGN KEY (tenant_id, site_id, release_version) REFERENCES release (tenant_id, site_id, version)
);
CREATE INDEX write_key_site_idx ON write_key (tenant_id, site_id, release_version);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON write_key TO %I', app);
  EXECUTE format('GRANT UPDATE (revoked_at) ON write_key TO %I', app);
END $$;
