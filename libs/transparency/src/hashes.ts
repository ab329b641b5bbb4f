import { createHmac, hash } from 'node:crypto';

/** Bytes of every hash here: SHA-256. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  // In one call: a tree is made of many small hashes, and most of the time of each went into making its object.
  return hash('sha256', Buffer.concat(parts), 'buffer');
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest();
}

/** SHA-256(0x00 ‖ entry): the hash of a leaf (RFC 6962, section 2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, entry);
}

/** SHA-256(0x01 ‖ left ‖ right): the hash of an inner node (RFC 6962, section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE_PREFIX, left, right);
}

/** The root of the empty tree: the hash of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256();

export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
