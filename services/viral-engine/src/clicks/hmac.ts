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

  /** At most 64 bytes of key; they are copied. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`a key has at most ${BLOCK_BYTES} bytes`);
    key.forEach((byte, index) => {
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    });
  }

  /** The 32 bytes of the HMAC as that many characters (latin1). `encoding` says which bytes the message stands for. */
  of(message: string, encoding: 'utf8' | 'latin1'): string {
    const end = BLOCK_BYTES + Buffer.byteLength(message, encoding);
    const inner = end <= this.#inner.length ? this.#inner : this.#longer(end);
    inner.write(message, BLOCK_BYTES, encoding);
    this.#outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, 'binary');
  }

  #longer(bytes: number): Buffer {
    const longer = Buffer.allocUnsafe(bytes);
    this.#inner.copy(longer, 0, 0, BLOCK_BYTES);
    return longer;
  }
}
