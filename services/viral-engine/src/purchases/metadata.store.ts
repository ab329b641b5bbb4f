import type { Sql } from '@dailydoco/database';
import { KEY_BYTES, NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';
import type { PurchaseId, TenantId } from '../ids.js';
import type { NewPurchases } from './purchase-group.js';

// Metadata may name people, so it stands apart from the purchase and is sealed under a key of its buyer. Erasing the
// buyer deletes the key, and with it what the metadata of all purchases said; the purchases stay.

type RandomBytes = (count: number) => Uint8Array;

/** Seals and writes the metadata of new purchases; a buyer's key is made with the first one. */
export async function insertMetadata(
  sql: Sql,
  metadata: NewPurchases['metadata'],
  randomBytes: RandomBytes,
): Promise<void> {
  const tenants = metadata.map(({ tenantId }) => tenantId);
  const buyers = metadata.map(({ buyerId }) => buyerId);
  const keys = await personalKeys(sql, { tenants, people: buyers, randomBytes });
  await sql.query(
    `INSERT INTO purchase_metadata (tenant_id, purchase_id, buyer_id, sealed)
     SELECT tenant_id, purchase_id, buyer_id, decode(sealed, 'hex')
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS entry (tenant_id, purchase_id, buyer_id, sealed)`,
    [
      tenants,
      metadata.map(({ purchaseId }) => purchaseId),
      buyers,
      metadata.map(({ tenantId, buyerId, purchaseId, metadata: plain }) => {
        const key = keys.get(`${tenantId}/${buyerId}`);
        if (key === undefined) throw new Error('A buyer has a key after it was made');
        const nonce = randomBytes(NONCE_BYTES);
        return seal(JSON.stringify(plain), { key, nonce, boundTo: purchaseId }).toString('hex');
      }),
    ],
  );
}

/** What was sealed with a purchase; undefined when there was nothing, or when the buyer's key is gone. */
export async function readMetadata(sql: Sql, tenantId: TenantId, purchaseId: PurchaseId): Promise<unknown> {
  const { rows } = await sql.query<{ sealed: Uint8Array; secret: Uint8Array }>(
    `SELECT d.sealed, k.secret FROM purchase_metadata d
     JOIN buyer_key k ON k.tenant_id = d.tenant_id AND k.user_id = d.buyer_id
     WHERE d.tenant_id = $1 AND d.purchase_id = $2`,
    [tenantId, purchaseId],
  );
  const [row] = rows;
  return row === undefined
    ? undefined
    : JSON.parse(unseal(row.sealed, { key: row.secret, boundTo: purchaseId }).toString());
}

/** The keys of people, made where there are none; erasing a person deletes theirs. Keyed by `tenant/user`. */
export async function personalKeys(
  sql: Sql,
  { tenants, people, randomBytes }: { tenants: string[]; people: string[]; randomBytes: RandomBytes },
): Promise<Map<string, Uint8Array>> {
  const secrets = people.map(() => Buffer.from(randomBytes(KEY_BYTES)).toString('hex'));
  await sql.query(
    `INSERT INTO buyer_key (tenant_id, user_id, secret, created_at)
     SELECT DISTINCT ON (tenant_id, user_id) tenant_id, user_id, decode(secret, 'hex'), now()
     FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS wanted (tenant_id, user_id, secret)
     ORDER BY tenant_id, user_id ON CONFLICT DO NOTHING`,
    [tenants, people, secrets],
  );
  const { rows } = await sql.query<{ tenant_id: string; user_id: string; secret: Uint8Array }>(
    `SELECT k.tenant_id, k.user_id, k.secret FROM buyer_key k
     WHERE (k.tenant_id, k.user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
    [tenants, people],
  );
  return new Map(rows.map((row) => [`${row.tenant_id}/${row.user_id}`, row.secret]));
}
