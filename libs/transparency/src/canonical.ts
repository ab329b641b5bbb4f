import canonicalize from 'canonicalize';

/** The bytes of a value in canonical JSON (RFC 8785): one encoding only, so that what is signed has one form. */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('Only a JSON value has a canonical encoding');
  return Buffer.from(text, 'utf8');
}

/**
 * Reads canonical JSON and nothing else. Undefined when the bytes are no JSON, or are any other encoding of the value
 * they hold: another order of members, spaces, a byte-order mark, a number written otherwise, a member twice.
 */
export function parseCanonical(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return Buffer.compare(canonicalBytes(value), bytes) === 0 ? { value } : undefined;
  } catch {
    // No UTF-8, no JSON, or half of a surrogate pair, which has no canonical encoding.
    return undefined;
  }
}

/** Base 64 as RFC 4648, section 4, writes it, with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Reads base 64 in its one right form: undefined for spaces, missing padding, or bits that belong to no byte. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
