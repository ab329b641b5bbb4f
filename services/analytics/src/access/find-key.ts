/** What a key may do, and for which tenant. */
export interface KnownKey {
  readonly apiKeyId: string;
  readonly tenantId: string;
  readonly scopes: readonly string[];
}

/** Undefined for a key that this issuer does not know; throws when it cannot tell. */
export type KeyIssuer = (sha256: Uint8Array) => Promise<KnownKey | undefined>;

/**
 * Asks one issuer of keys after the other who made a key. A key that one of them knows is known, whether the others
 * can be reached or not; that nobody knows a key is said only when all of them were heard.
 */
export async function findKey(issuers: readonly KeyIssuer[], sha256: Uint8Array): Promise<KnownKey | undefined> {
  const failures: unknown[] = [];
  for (const issuer of issuers) {
    try {
      const known = await issuer(sha256);
      if (known !== undefined) return known;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return undefined;
}
