import { DomainError } from '@dailydoco/errors';
import type { ApiKeyId, TenantId, UserId } from '../ids.js';

export interface ApiKey {
  readonly id: ApiKeyId;
  readonly tenantId: TenantId;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: UserId;
  readonly createdAt: Date;
}

export interface ApiKeyBook {
  add(key: ApiKey, sha256: Uint8Array): Promise<void>;
  /** Marks it and tells ApiKeyRevoked; undefined when the tenant has no such key, or not any more. */
  revoke(tenantId: TenantId, id: ApiKeyId, at: Date): Promise<Uint8Array | undefined>;
  audit(entry: {
    tenantId: TenantId;
    actor: string;
    action: string;
    subjectId: string;
    detail?: object;
  }): Promise<void>;
}

export async function addApiKey(
  book: ApiKeyBook,
  { key, sha256, actor }: { key: ApiKey; sha256: Uint8Array; actor: string },
): Promise<void> {
  await book.add(key, sha256);
  const { tenantId, id: subjectId, scopes } = key;
  await book.audit({ tenantId, actor, action: 'api_key_made', subjectId, detail: { scopes } });
}

/** Takes a key out of use, here at once and everywhere within seconds; resolves to its digest. Throws NOT_FOUND. */
export async function revokeApiKey(
  book: ApiKeyBook,
  { tenantId, id, actor, now }: { tenantId: TenantId; id: ApiKeyId; actor: string; now: Date },
): Promise<Uint8Array> {
  const sha256 = await book.revoke(tenantId, id, now);
  if (sha256 === undefined) throw new DomainError('NOT_FOUND');
  await book.audit({ tenantId, actor, action: 'api_key_revoked', subjectId: id });
  return sha256;
}
