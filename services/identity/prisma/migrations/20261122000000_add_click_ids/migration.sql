-- The signed click id given at the registration, unchecked: viral-engine alone can read it.
ALTER TABLE user_account ADD COLUMN click_id text CHECK (char_length(click_id) <= 200);
