-- Coupons: codes that an administrator makes for a member. Conversion by the first purchase, where a tenant allows it.

CREATE TABLE coupon (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  -- Whom registrations and first purchases are credited to.
  owner_id uuid NOT NULL,
  code text COLLATE "C" NOT NULL,
  campaign text CHECK (char_length(campaign) BETWEEN 1 AND 100),
  -- Null: it holds for ever; anybody may use it.
  expires_at timestamptz(3),
  max_uses integer CHECK (max_uses BETWEEN 1 AND 1000000000),
  -- How many members it gave their referrer. The row is locked while one more is decided.
  uses integer NOT NULL DEFAULT 0,
  created_by text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  archived_at timestamptz(3),
  PRIMARY KEY (tenant_id, id),
  CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
  FOREIGN KEY (tenant_id, owner_id) REFERENCES member (tenant_id, user_id)
);
CREATE INDEX coupon_owner_idx ON coupon (tenant_id, owner_id, id);
CREATE TRIGGER coupon_kept BEFORE DELETE OR TRUNCATE ON coupon
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A code leads to a member, a link or a coupon, in one namespace.
ALTER TABLE referral_code
  ADD COLUMN coupon_id uuid,
  DROP CONSTRAINT referral_code_check,
  ADD CONSTRAINT referral_code_check CHECK (num_nonnulls(owner_id, link_id, coupon_id) = 1),
  ADD FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupon (tenant_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE coupon ADD FOREIGN KEY (code) REFERENCES referral_code (code);

-- Whether a buyer without a referrer may get one by the first purchase. No row: only the registration gives one.
CREATE TABLE tenant_attribution (
  tenant_id uuid NOT NULL PRIMARY KEY,
  first_purchase boolean NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz(3) NOT NULL
);

-- What gave a member its referrer, now also by a coupon, and also at the first purchase.
ALTER TABLE registration_source
  ADD COLUMN coupon_id uuid,
  ADD COLUMN converted_by text NOT NULL DEFAULT 'sign_up' CHECK (converted_by IN ('sign_up', 'first_purchase')),
  -- When the first purchase gave the referrer; null for a registration.
  ADD COLUMN converted_at timestamptz(3),
  -- The purchase that named the code or the click, as its billing system calls it.
  ADD COLUMN external_id text COLLATE "C",
  ADD CHECK ((converted_at IS NOT NULL) = (converted_by = 'first_purchase')),
  ADD CHECK ((external_id IS NOT NULL) = (converted_by = 'first_purchase')),
  ADD CHECK (coupon_id IS NULL OR decided_by = 'code');

-- What an unattributed purchase says about who brought its buyer; asked when the buyer is known.
ALTER TABLE unattributed_purchase
  ADD COLUMN coupon_code text COLLATE "C" CHECK (char_length(coupon_code) <= 32),
  ADD COLUMN click_id uuid;

DO $$
DECLARE app text := current_setting('dailydoco.app_role');
BEGIN
  EXECUTE format('GRANT SELECT, INSERT ON coupon, tenant_attribution TO %I', app);
  EXECUTE format('GRANT UPDATE (uses, archived_at) ON coupon TO %I', app);
  EXECUTE format('GRANT UPDATE (first_purchase, changed_by, changed_at) ON tenant_attribution TO %I', app);
END $$;
