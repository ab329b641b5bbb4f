-- What led to a registration first and last: facts for analytics. Whose the newcomer is stands in member.referrer_id.
CREATE TABLE registration_touch (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  touch text NOT NULL CHECK (touch IN ('first', 'last')),
  code text COLLATE "C" NOT NULL,
  -- The code's owner at that time.
  owner_id uuid NOT NULL,
  link_id uuid,
  campaign text,
  -- Null: the code was told at the registration.
  click_id uuid,
  touched_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, user_id, touch),
  FOREIGN KEY (tenant_id, user_id) REFERENCES member (tenant_id, user_id)
);
CREATE INDEX registration_touch_link_idx ON registration_touch (tenant_id, link_id) WHERE link_id IS NOT NULL;
CREATE TRIGGER registration_touch_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registration_touch
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON registration_touch TO %I', app);
END $$;
