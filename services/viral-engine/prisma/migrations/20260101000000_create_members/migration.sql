-- The referral tree, the codes that lead into it, the clicks that came before a registration, and who owns a website.

-- Refuses whatever it is attached to: attached to UPDATE, DELETE and TRUNCATE it makes a table append-only, also for
-- the owner role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE member (
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  referrer_id uuid,
  -- The referrers, nearest first, at most 64: one row tells everybody who may earn from this member's purchases.
  upline uuid[] NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'erased')),
  -- When this service learnt of the present status; a suspension stops the clock of pending commissions from here.
  status_changed_at timestamptz(3) NOT NULL,
  -- Raises this member's own level commissions, in basis points of the commission.
  boost_bps integer NOT NULL DEFAULT 0 CHECK (boost_bps BETWEEN 0 AND 10000),
  joined_at timestamptz(3) NOT NULL,
  -- The status changed and commissions are still to be held or lifted because of it.
  hold_sweep_due boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, user_id),
  CHECK (cardinality(upline) <= 64),
  CHECK (referrer_id IS NOT DISTINCT FROM upline[1]),
  CHECK (NOT user_id = ANY (upline))
);
CREATE INDEX member_referrer_idx ON member (tenant_id, referrer_id);
-- Who stands below a member: everybody whose upline names it.
CREATE INDEX member_upline_idx ON member USING gin (upline);
CREATE INDEX member_hold_sweep_idx ON member (tenant_id, user_id) WHERE hold_sweep_due;

-- Every member has one code from joining on. Codes are unique over the installation, so that a link needs no tenant.
CREATE TABLE referral_code (
  code text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  created_at timestamptz(3) NOT NULL,
  UNIQUE (tenant_id, owner_id),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES member (tenant_id, user_id)
);

-- A browser that followed a referral link, known by a random id in its cookie only.
CREATE TABLE visitor (
  tenant_id uuid NOT NULL,
  visitor_id uuid NOT NULL,
  first_seen_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, visitor_id)
);

CREATE TABLE click (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  visitor_id uuid NOT NULL,
  code text COLLATE "C" NOT NULL,
  -- The code's owner at the click.
  referrer_id uuid NOT NULL,
  clicked_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX click_visitor_idx ON click (tenant_id, visitor_id, clicked_at);
CREATE INDEX click_referrer_idx ON click (tenant_id, referrer_id, clicked_at);

-- Who set whose boost, why: the audit of member.boost_bps.
CREATE TABLE boost_change (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  from_bps integer NOT NULL,
  to_bps integer NOT NULL CHECK (to_bps BETWEEN 0 AND 10000),
  changed_by text NOT NULL,
  reason text NOT NULL,
  changed_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES member (tenant_id, user_id)
);
CREATE TRIGGER boost_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON boost_change
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A copy of website-builder's fact, so that no purchase waits for another service.
CREATE TABLE website (
  tenant_id uuid NOT NULL,
  website_id uuid NOT NULL,
  owner_id uuid NOT NULL,
  learnt_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, website_id)
);

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON member, referral_code, visitor, click, boost_change, website TO %I', app);
  EXECUTE format('GRANT UPDATE (referrer_id, upline, status, status_changed_at, boost_bps, hold_sweep_due) ON member TO %I', app);
END $$;
