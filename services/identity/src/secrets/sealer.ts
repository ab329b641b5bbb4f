import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** AES-256-GCM: nonce, ciphertext, tag. `context` is bound to it: what was sealed for one purpose opens for no other. */
export function sealWith(key: Uint8Array, plain: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(Buffer.from(plain)), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key, the context or a byte is another than when it was sealed. */
export function openWith(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(sealed);
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(end));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
}

/** Everything this service keeps secret, under the one secret of the installation; each use has a key of its own. */
export class Sealer {
  readonly #sealing: Buffer;
  readonly #digesting: Buffer;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array) {
    if (secret.length !== KEY_BYTES) throw new RangeError('the key encryption secret has 32 bytes');
    const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `identity ${use}`, KEY_BYTES));
    this.#sealing = derive('sealing');
    this.#digesting = derive('digests');
  }

  seal(plain: string | Uint8Array, context: string): Buffer {
    return sealWith(this.#sealing, plain, context);
  }

  open(sealed: Uint8Array, context: string): Buffer {
    try {
      return openWith(this.#sealing, sealed, context);
    } catch (cause) {
      throw new Error(`cannot open a sealed ${context}: is KEY_ENCRYPTION_SECRET the one it was sealed under?`, {
        cause,
      });
    }
  }

  /** HMAC-SHA-256: finds equal texts again without being readable or guessable by whoever reads the database. */
  digest(text: string | Uint8Array, context: string): Buffer {
    return createHmac('sha256', this.#digesting).update(`${context}\0`).update(text).digest();
  }
}
