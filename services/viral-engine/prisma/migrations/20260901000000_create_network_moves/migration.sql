-- Who moved whom in the referral tree, why, and with how many people: the audit of member.referrer_id and member.upline.
CREATE TABLE network_move (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  -- Null: nobody stood above, or stands above now.
  from_referrer_id uuid,
  to_referrer_id uuid,
  -- The member and everybody below.
  people integer NOT NULL CHECK (people > 0),
  moved_by text NOT NULL,
  reason text NOT NULL,
  moved_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (from_referrer_id IS DISTINCT FROM to_referrer_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES member (tenant_id, user_id)
);
CREATE INDEX network_move_user_idx ON network_move (tenant_id, user_id, id);
CREATE TRIGGER network_move_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON network_move
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON network_move TO %I', app);
END $$;
