/** No 0 and O, no 1, I and L: a code survives being read aloud and typed. */
export const CODE_ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
export const CODE_LENGTH = 8;

/** Also what people choose for a link: 3 to 32 letters, digits and hyphens, no hyphen first or last. */
const CODE = /^[A-Z0-9][A-Z0-9-]{1,30}[A-Z0-9]$/;
/** Bytes from here on would favour the first letters of the alphabet, so they are thrown away. */
const FAIR_BYTES = 256 - (256 % CODE_ALPHABET.length);

/** Gives that many random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

/** A new code of 8 characters, each letter of the alphabet equally likely (about 8.5 × 10¹¹ codes). */
export function newReferralCode(randomBytes: RandomBytes): string {
  let code = '';
  while (code.length < CODE_LENGTH) {
    for (const byte of randomBytes(CODE_LENGTH * 2)) {
      if (byte < FAIR_BYTES && code.length < CODE_LENGTH) code += CODE_ALPHABET[byte % CODE_ALPHABET.length] ?? '';
    }
  }
  return code;
}

/**
 * A code as people type it, in the spelling that is stored: trimmed and in upper case. Undefined when it cannot be a
 * code at all, whatever it holds.
 */
export function normaliseReferralCode(typed: string): string | undefined {
  const code = typed.trim().toUpperCase();
  return CODE.test(code) ? code : undefined;
}
