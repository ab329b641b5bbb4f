import type { Sql } from '@dailydoco/database';
import { NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';
import type { Dispute, DisputeText } from './dispute.js';
import type { UserId } from '../ids.js';
import type { RandomBytes } from '../members/referral-code.js';
import { personalKeys } from '../purchases/metadata.store.js';

type Where = Pick<Dispute, 'tenantId' | 'id'>;

/** Seals what somebody wrote at a step under the writer's key, which is made with the first thing they write. */
export async function insertText(
  sql: Sql,
  given: Where & { position: number; userId: UserId; written: DisputeText; randomBytes: RandomBytes },
): Promise<void> {
  const { tenantId, id, position, userId, written, randomBytes } = given;
  const keys = await personalKeys(sql, { tenants: [tenantId], people: [userId], randomBytes });
  const key = keys.get(`${tenantId}/${userId}`);
  if (key === undefined) throw new Error('A person has a key after it was made');
  const nonce = randomBytes(NONCE_BYTES);
  const sealed = seal(JSON.stringify(written), { key, nonce, boundTo: boundTo(id, position) });
  await sql.query(
    `INSERT INTO dispute_text (tenant_id, dispute_id, position, user_id, sealed)
     VALUES ($1, $2, $3, $4, decode($5, 'hex'))`,
    [tenantId, id, position, userId, sealed.toString('hex')],
  );
}

/** What was written at each step; nothing of those whose key is gone. */
export async function readTexts(sql: Sql, { tenantId, id }: Where): Promise<Map<number, DisputeText>> {
  const { rows } = await sql.query<{ position: number; sealed: Uint8Array; secret: Uint8Array }>(
    `SELECT d.position, d.sealed, k.secret FROM dispute_text d
     JOIN buyer_key k ON k.tenant_id = d.tenant_id AND k.user_id = d.user_id
     WHERE d.tenant_id = $1 AND d.dispute_id = $2`,
    [tenantId, id],
  );
  return new Map(
    rows.map(({ position, sealed, secret }) => [
      position,
      // Only insertText seals what is read here.
      JSON.parse(unseal(sealed, { key: secret, boundTo: boundTo(id, position) }).toString()) as DisputeText,
    ]),
  );
}

/** A sealed text cannot be moved to another step. */
function boundTo(id: string, position: number): string {
  return `${id}/${position}`;
}
