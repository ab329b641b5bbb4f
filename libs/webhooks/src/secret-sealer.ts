import { keyFor, NONCE_BYTES, seal, unseal } from '@dailydoco/sealing';

/** Seals signing secrets under a key that is derived from the installation's, for this use alone. */
export class SecretSealer {
  readonly #key: Uint8Array;
  readonly #randomBytes: (count: number) => Uint8Array;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array, randomBytes: (count: number) => Uint8Array) {
    this.#key = keyFor('webhook subscription secrets', secret);
    this.#randomBytes = randomBytes;
  }

  /** The subscription's id is bound in, so that a sealed secret cannot be moved to another. */
  seal(plain: string, subscriptionId: string): Buffer {
    return seal(plain, { key: this.#key, nonce: this.#randomBytes(NONCE_BYTES), boundTo: subscriptionId });
  }

  /** Throws when it was sealed under another key, or for another subscription. */
  open(sealed: Uint8Array, subscriptionId: string): string {
    return unseal(sealed, { key: this.#key, boundTo: subscriptionId }).toString('utf8');
  }
}
