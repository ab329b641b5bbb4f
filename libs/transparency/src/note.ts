import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { fromBase64, toBase64 } from './canonical.js';
import { sha256 } from './hashes.js';

/** Type byte of Ed25519 in C2SP signed-note. */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Most signatures that a note may carry: the log's own, and room for witnesses. */
export const MAX_SIGNATURES = 64;

/** A public key that signs notes, as its `vkey` text says: `<name>+<key id>+<base 64 of type and key>`. */
export interface Verifier {
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), in hex. */
  readonly keyId: string;
  readonly vkey: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Signer extends Verifier {
  sign(message: Uint8Array): Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A note as it is written, its signatures not yet looked at. */
export interface Note {
  /** With its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signer out of a name and an Ed25519 seed of 32 bytes (RFC 8032). RangeError for a name or seed that cannot be. */
export function signerFrom({ name, seed }: { name: string; seed: Uint8Array }): Signer {
  if (seed.length !== KEY_BYTES) throw new RangeError('An Ed25519 seed has 32 bytes');
  if (!isKeyName(name)) throw new RangeError('A key name is not empty and has neither spaces nor a plus sign');
  const privateKey = createPrivateKey({ format: 'der', type: 'pkcs8', key: Buffer.concat([PKCS8_PREFIX, seed]) });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (x === undefined) throw new Error('An Ed25519 key has a public half');
  return { ...verifierOf(name, Buffer.from(x, 'base64url')), sign: (message) => sign(null, message, privateKey) };
}

// The 16 bytes that PKCS #8 puts before the 32 of an Ed25519 seed (RFC 8410).
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Reads a `vkey`; undefined when it is malformed, of another type than Ed25519, or its key id is not its key's. */
export function parseVkey(vkey: string): Verifier | undefined {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  if (match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined;
  const encoded = fromBase64(match[3]);
  if (encoded?.length !== KEY_BYTES + 1 || encoded[0] !== ED25519 || !isKeyName(match[1])) return undefined;
  const verifier = verifierOf(match[1], encoded.subarray(1));
  return verifier.keyId === match[2] ? verifier : undefined;
}

function verifierOf(name: string, publicKey: Uint8Array): Verifier {
  const encoded = Buffer.concat([Uint8Array.of(ED25519), publicKey]);
  const keyId = Buffer.from(sha256(Buffer.from(`${name}\n`), encoded).subarray(0, 4)).toString('hex');
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${toBase64(encoded)}`,
    verify: (message, signature) => signature.length === SIGNATURE_BYTES && verify(null, message, key, signature),
  };
}

function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{Z}\p{Cc}]/u.test(name);
}

/** A note with a line per signer (C2SP signed-note). RangeError when the text cannot be one. */
export function signNote(text: string, signers: readonly Signer[]): string {
  if (!isNoteText(text))
    throw new RangeError('The text of a note ends in a newline and has no other control characters');
  if (signers.length === 0 || signers.length > MAX_SIGNATURES) throw new RangeError('A note has 1 to 64 signatures');
  return addSignatures(
    `${text}\n`,
    signers.map((signer) => ({ ...signer, signature: signer.sign(Buffer.from(text, 'utf8')) })),
  );
}

/** The note with further signatures, as a witness gives them, behind those it has. */
export function addSignatures(note: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature]);
    return `— ${name} ${toBase64(bytes)}\n`;
  });
  return note + lines.join('');
}

/** Reads a note's form; undefined when it is malformed. Nothing is trusted yet: see verifyNote. */
export function parseNote(note: string): Note | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (!isNoteText(text) || !note.isWellFormed() || lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(parseSignature);
  return signatures.every((signature) => signature !== undefined) ? { text, signatures } : undefined;
}

function parseSignature(line: string): NoteSignature | undefined {
  const match = /^— (\S+) (\S+)$/u.exec(line);
  if (match?.[1] === undefined || match[2] === undefined || !isKeyName(match[1])) return undefined;
  const bytes = fromBase64(match[2]);
  if (bytes === undefined || bytes.length < 5) return undefined;
  return {
    name: match[1],
    keyId: Buffer.from(bytes.subarray(0, 4)).toString('hex'),
    signature: bytes.subarray(4),
  };
}

export type NoteCheck = 'verified' | 'unknown_key' | 'bad_signature';

/**
 * Whether a known key signed the note. Signatures of keys that are not known are passed over, as the standard asks; one
 * of a known key that does not verify spoils the whole note.
 */
export function verifyNote({ text, signatures }: Note, known: readonly Verifier[]): NoteCheck {
  let result: NoteCheck = 'unknown_key';
  const message = Buffer.from(text, 'utf8');
  for (const { name, keyId, signature } of signatures) {
    for (const verifier of known.filter((each) => each.name === name && each.keyId === keyId)) {
      if (!verifier.verify(message, signature)) return 'bad_signature';
      result = 'verified';
    }
  }
  return result;
}

function isNoteText(text: string): boolean {
  return text.length > 1 && text.endsWith('\n') && text.isWellFormed() && text.split('\n').every(hasNoControls);
}

function hasNoControls(line: string): boolean {
  for (let at = 0; at < line.length; at += 1) if (line.charCodeAt(at) < 0x20) return false;
  return true;
}
