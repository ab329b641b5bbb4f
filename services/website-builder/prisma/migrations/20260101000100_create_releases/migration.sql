-- Releases: what was published, file by file. The bytes lie in the release storage under the site's and release's ids.

CREATE TABLE release (
  tenant_id uuid NOT NULL,
  site_id uuid NOT NULL,
  -- 1, 2, … per site, without a gap.
  version integer NOT NULL CHECK (version >= 1),
  id uuid NOT NULL,
  template_id text COLLATE "C" NOT NULL,
  published_by uuid NOT NULL,
  published_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, site_id, version),
  UNIQUE (tenant_id, site_id, id),
  FOREIGN KEY (tenant_id, site_id) REFERENCES site (tenant_id, id)
);
CREATE TRIGGER release_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The manifest. A path that is not here is not served, whatever lies on the disk.
CREATE TABLE release_file (
  tenant_id uuid NOT NULL,
  site_id uuid NOT NULL,
  path text COLLATE "C" NOT NULL CHECK (path ~ '^[a-z0-9-]+([./][a-z0-9-]+)*$'),
  version integer NOT NULL,
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  size_bytes integer NOT NULL CHECK (size_bytes >= 0),
  media_type text NOT NULL,
  PRIMARY KEY (tenant_id, site_id, path, version),
  FOREIGN KEY (tenant_id, site_id, version) REFERENCES release (tenant_id, site_id, version)
);
CREATE TRIGGER release_file_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON release_file
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON release, release_file TO %I', current_setting('dailydoco.app_role'));
END $$;
