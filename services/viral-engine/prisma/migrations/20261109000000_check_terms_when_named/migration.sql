-- The terms of a commission (keep_commission_terms) are compared only where an UPDATE names one of their columns. What names none of
-- them cannot change them: no other trigger of the table writes a row. A release updates a million rows and names `status` alone;
-- until now each of them called the function.
-- Safe beside the previous version: it writes the same columns under the same rule. No row is read or written. The statement waits
-- until running writers of `commission` have committed, and new ones wait for it; past two seconds it gives up, and the migration
-- is run again.
SET LOCAL lock_timeout = '2s';
CREATE OR REPLACE TRIGGER commission_terms_kept
  BEFORE UPDATE OF tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency, gross_micros, cuts,
    created_at ON commission
  FOR EACH ROW EXECUTE FUNCTION keep_commission_terms();
