-- When purchases of before fall due. Every row that is written stays locked until the end, so refunds and releases of purchases with
-- something pending wait meanwhile; new purchases do not.
UPDATE purchase_state s SET due_at = pending.due_at
FROM (SELECT tenant_id, purchase_id, min(available_at) AS due_at FROM commission WHERE status = 'pending'
      GROUP BY tenant_id, purchase_id) AS pending
WHERE s.tenant_id = pending.tenant_id AND s.purchase_id = pending.purchase_id AND s.due_at IS NULL;
