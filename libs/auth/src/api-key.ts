import { hash, randomBytes } from 'node:crypto';

/** What every API key begins with; no JWT does. */
export const API_KEY_PREFIX = 'dd_';

const SECRET_BYTES = 32;
// 32 bytes make 43 characters of base64url. Keys of one purpose say so in front of them: dd_site_ are sites' write keys.
const API_KEY = /^dd_(?:site_)?[A-Za-z0-9_-]{43}$/;

export interface NewApiKey {
  /** Shown to its owner once and stored nowhere. */
  readonly key: string;
  /** 32 bytes; what identity stores and what caches are kept by. */
  readonly sha256: Uint8Array;
}

/**
 * A new API key: `dd_` and 32 random bytes in base64url. A plain SHA-256 is enough to store it by, since nobody can
 * guess 256 bits; a slow hash is for what people make up.
 */
export function newApiKey(random: (bytes: number) => Uint8Array = randomBytes): NewApiKey {
  const key = `${API_KEY_PREFIX}${Buffer.from(random(SECRET_BYTES)).toString('base64url')}`;
  return { key, sha256: apiKeySha256(key) };
}

/** SHA-256 over the whole key as it stands in the Authorization header. */
export function apiKeySha256(key: string): Uint8Array {
  return hash('sha256', key, 'buffer');
}

/** Whether a text has the form of our API keys; says nothing about whether such a key exists. */
export function isApiKey(text: string): boolean {
  return API_KEY.test(text);
}
