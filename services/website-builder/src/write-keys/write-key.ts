import { hash } from 'node:crypto';
import type { SiteId, TenantId, WriteKeyId } from '../ids.js';

const PREFIX = 'dd_site_';
const SECRET_BYTES = 32;
export const SHA256_BYTES = 32;

/** A key as it is kept: nobody can make the key from it. */
export interface WriteKey {
  readonly id: WriteKeyId;
  readonly tenantId: TenantId;
  readonly siteId: SiteId;
}

export interface NewWriteKey {
  /** Given away once and stored nowhere in this service's database. */
  readonly key: string;
  /** SHA-256 of the whole key. */
  readonly sha256: Uint8Array;
}

/**
 * A new key: `dd_site_` and 32 random bytes in base64url. A plain SHA-256 is enough to store it by, since nobody can
 * guess 256 bits.
 */
export function newWriteKey(randomBytes: (count: number) => Uint8Array): NewWriteKey {
  const key = `${PREFIX}${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')}`;
  return { key, sha256: hash('sha256', key, 'buffer') };
}
