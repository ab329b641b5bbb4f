-- Lists of people who must not, or not without a look, be paid; who was held against them, and what people decided.

-- Lists of the installation hold for every tenant and stand under the id of zeros. The last version counts; one without
-- entries takes the list out of force.
CREATE TABLE screening_list (
  tenant_id uuid NOT NULL,
  list text NOT NULL CHECK (list ~ '^[a-z][a-z0-9_]{0,63}$'),
  version integer NOT NULL CHECK (version > 0),
  kind text NOT NULL CHECK (kind IN ('sanctions', 'pep')),
  entries integer NOT NULL CHECK (entries >= 0),
  -- SHA-256 of the file.
  file_digest text NOT NULL,
  reason text NOT NULL,
  uploaded_by text NOT NULL,
  uploaded_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, list, version)
);
CREATE TRIGGER screening_list_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON screening_list
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Entries of the last version; those of earlier ones are deleted, since hits carry what was matched.
CREATE TABLE screening_entry (
  tenant_id uuid NOT NULL,
  list text NOT NULL,
  version integer NOT NULL,
  entry_key text NOT NULL,
  name text NOT NULL,
  aliases text[] NOT NULL,
  birth_years integer[] NOT NULL,
  country text,
  program text,
  -- Of all the above: another one is another entry.
  entry_digest text NOT NULL,
  PRIMARY KEY (tenant_id, list, version, entry_key)
);

-- By what each person was screened last.
CREATE TABLE screened_person (
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  -- HMAC of the names and the birth year that were looked for.
  subject bytea NOT NULL CHECK (octet_length(subject) = 32),
  -- Of the lists in force.
  lists_digest text NOT NULL,
  -- What was found then.
  hit_ids uuid[] NOT NULL,
  screened_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, person_id)
) WITH (fillfactor = 80);
CREATE INDEX screened_person_hits_idx ON screened_person (tenant_id, person_id) WHERE hit_ids <> '{}';
CREATE TRIGGER screened_person_kept BEFORE DELETE OR TRUNCATE ON screened_person
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A person, as they were then, matched an entry, as it was then.
CREATE TABLE screening_hit (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  subject bytea NOT NULL,
  list_tenant_id uuid NOT NULL,
  list text NOT NULL,
  kind text NOT NULL,
  entry_key text NOT NULL,
  entry_digest text NOT NULL,
  entry_name text NOT NULL,
  program text,
  score smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
  found_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, person_id, subject, list_tenant_id, list, entry_key, entry_digest)
);
CREATE TRIGGER screening_hit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON screening_hit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last decision about a hit counts; a hit without one is open.
CREATE TABLE screening_decision (
  tenant_id uuid NOT NULL,
  hit_id uuid NOT NULL,
  position integer NOT NULL CHECK (position > 0),
  decision text NOT NULL CHECK (decision IN ('cleared', 'confirmed')),
  reason text NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, hit_id, position),
  FOREIGN KEY (tenant_id, hit_id) REFERENCES screening_hit (tenant_id, id)
);
CREATE TRIGGER screening_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON screening_decision
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON screening_list, screened_person, screening_hit, screening_decision TO %I', app);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON screening_entry TO %I', app);
  EXECUTE format('GRANT UPDATE (subject, lists_digest, hit_ids, screened_at) ON screened_person TO %I', app);
END $$;
