import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Nearly every message is shorter; for a longer one bytes are allocated. */
const USUAL_BYTES = 1_024;

/**
 * HMAC-SHA-256 (RFC 2104) under one key, for very many short messages: two plain hashes over bytes that stand ready. An object
 * of Node's for each message costs several times as much, and the collector has to clear it away.
 */
export class Hmac {
  readonly #inner = Buffer.alloc(BLOCK_BYTES + USUAL_BYTES, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  #begun = this.#inner;

  /** At most 64 bytes of key; they are copied. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`a key has at most ${BLOCK_BYTES} bytes`);
    key.forEach((byte, index) => {
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    });
  }

  /** The 32 bytes of the HMAC, in lower-case hexadecimal or as that many characters (binary). `encoding` says which bytes the message stands for. */
  of(message: string, encoding: 'utf8' | 'latin1', as: 'hex' | 'binary'): string {
    const end = BLOCK_BYTES + Buffer.byteLength(message, encoding);
    const inner = end <= this.#inner.length ? this.#begin(end) : this.#longer(end);
    inner.write(message, BLOCK_BYTES, encoding);
    this.#outer.write(hash('sha256', inner, 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, as);
  }

  /** The bytes that stand ready, up to this one. Messages in a row are mostly of one length. */
  #begin(end: number): Buffer {
    if (this.#begun.length !== end) this.#begun = this.#inner.subarray(0, end);
    return this.#begun;
  }

  #longer(bytes: number): Buffer {
    const longer = Buffer.allocUnsafe(bytes);
    this.#inner.copy(longer, 0, 0, BLOCK_BYTES);
    return longer;
  }
}
