-- Whether money may leave to somebody is asked of may_leave, which knows freezes and stops as well.
DROP FUNCTION payout_is_frozen(uuid, uuid);
