-- Sites, and which of their releases the world sees.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE site (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  owner_id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- Unique over the installation, so that an address needs no tenant.
  slug text COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{3,63}$'),
  template_id text COLLATE "C" NOT NULL,
  -- What the owner wrote: the texts that take the place of the template's own.
  content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
  -- The release that is served; 0 as long as nothing was published. The row's lock is the lock of publishing.
  current_version integer NOT NULL DEFAULT 0 CHECK (current_version >= 0),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
-- Releases on disk are filed under the site's id alone.
CREATE UNIQUE INDEX site_id_idx ON site (id);
CREATE INDEX site_owner_idx ON site (tenant_id, owner_id, id);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON site TO %I', app);
  EXECUTE format('GRANT UPDATE (current_version) ON site TO %I', app);
END $$;
