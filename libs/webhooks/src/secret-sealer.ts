import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Seals signing secrets (AES-256-GCM) under a key that is derived from the installation's, for this use alone. */
export class SecretSealer {
  readonly #key: Uint8Array;
  readonly #randomBytes: (count: number) => Uint8Array;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array, randomBytes: (count: number) => Uint8Array) {
    if (secret.length !== KEY_BYTES) throw new RangeError('the key encryption secret has 32 bytes');
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'webhook subscription secrets', KEY_BYTES));
    this.#randomBytes = randomBytes;
  }

  /** The subscription's id is bound in, so that a sealed secret cannot be moved to another. */
  seal(plain: string, subscriptionId: string): Buffer {
    const nonce = this.#randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(subscriptionId));
    return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when it was sealed under another key, or for another subscription. */
  open(sealed: Uint8Array, subscriptionId: string): string {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(subscriptionId))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const cipherText = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(cipherText), decipher.final()]).toString('utf8');
  }
}
