import type { Sql } from '@dailydoco/database';
import { keyFor } from '@dailydoco/sealing';
import { asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';

const SECRET_BYTES = 32;

// The secret of a person, which erasure destroys, stands in buyer_key: as buyers they were the first to have one. What
// seals blindings is derived from it for that use alone.

/** The keys of those people who have one. */
export async function readBlindingKeys(
  sql: Sql,
  tenantId: TenantId,
  people: readonly UserId[],
): Promise<Map<UserId, Uint8Array>> {
  const { rows } = await sql.query<{ user_id: string; secret: Uint8Array }>(
    'SELECT user_id, secret FROM buyer_key WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])',
    [tenantId, people],
  );
  return new Map(rows.map((row) => [asUserId(row.user_id), keyFor('transparency leaf blindings', row.secret)]));
}

/**
 * Makes the secrets that the beneficiaries of purchases lack. Outside of the database transaction that logs, because
 * purchases make secrets too, and must not wait for a log.
 */
export async function addMissingSecrets(
  sql: Sql,
  purchases: { tenantId: TenantId; purchaseIds: readonly PurchaseId[] },
  randomBytes: (count: number) => Uint8Array,
): Promise<void> {
  const { tenantId, purchaseIds } = purchases;
  const { rows } = await sql.query<{ user_id: string }>(
    `SELECT DISTINCT c.beneficiary_id AS user_id FROM commission c
     WHERE c.tenant_id = $1 AND c.purchase_id = ANY ($2::uuid[])
       AND NOT EXISTS (SELECT 1 FROM buyer_key k WHERE k.tenant_id = $1 AND k.user_id = c.beneficiary_id)`,
    [tenantId, purchaseIds],
  );
  if (rows.length === 0) return;
  await sql.query(
    `INSERT INTO buyer_key (tenant_id, user_id, secret, created_at)
     SELECT $1, user_id, decode(secret, 'hex'), now() FROM unnest($2::uuid[], $3::text[]) AS lacking (user_id, secret)
     ORDER BY user_id ON CONFLICT DO NOTHING`,
    [tenantId, rows.map((row) => row.user_id), rows.map(() => Buffer.from(randomBytes(SECRET_BYTES)).toString('hex'))],
  );
}
