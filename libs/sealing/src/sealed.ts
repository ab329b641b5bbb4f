import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A key of 32 bytes for one use alone, derived from a secret of 32 bytes (HKDF, RFC 5869, SHA-256). With a salt, the
 * key needs both: what is sealed under the installation's secret and a random salt of a person is readable neither by
 * who has only the database nor, once the salt is destroyed, by anybody.
 */
export function keyFor(use: string, secret: Uint8Array, salt: Uint8Array = new Uint8Array()): Uint8Array {
  if (secret.length !== KEY_BYTES) throw new RangeError('a secret to derive keys from has 32 bytes');
  return new Uint8Array(hkdfSync('sha256', secret, salt, use, KEY_BYTES));
}

/** AES-256-GCM: nonce, ciphertext, tag. What it is sealed for is bound in, so that it cannot be moved elsewhere. */
export function seal(
  plain: string | Uint8Array,
  given: { key: Uint8Array; nonce: Uint8Array; boundTo: string },
): Buffer {
  if (given.nonce.length !== NONCE_BYTES) throw new RangeError('a nonce has 12 bytes');
  const cipher = createCipheriv('aes-256-gcm', given.key, given.nonce).setAAD(Buffer.from(given.boundTo));
  return Buffer.concat([given.nonce, cipher.update(Buffer.from(plain)), cipher.final(), cipher.getAuthTag()]);
}

/** What was sealed. Throws when key or purpose are others, or a byte was changed. */
export function unseal(sealed: Uint8Array, given: { key: Uint8Array; boundTo: string }): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', given.key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(given.boundTo))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
