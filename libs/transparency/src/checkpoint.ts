import { fromBase64, toBase64 } from './canonical.js';
import { HASH_BYTES } from './hashes.js';
import { type Note, parseNote, type Signer, signNote } from './note.js';

/** What a log says of its tree: C2SP tlog-checkpoint. */
export interface Checkpoint {
  /** Which log: its address without the scheme, as `growth.example/v1/transparency/<log>`. */
  readonly origin: string;
  /** Leaves in the tree. */
  readonly size: number;
  readonly root: Uint8Array;
}

export interface SignedCheckpoint extends Checkpoint {
  /** The note that says it, its signatures not yet looked at. */
  readonly note: Note;
}

/** The three lines of a checkpoint. RangeError for an origin with a line break or space, or an impossible size or root. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!isOrigin(origin)) throw new RangeError('An origin is not empty and has neither spaces nor a plus sign');
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('A tree has a safe number of leaves');
  if (root.length !== HASH_BYTES) throw new RangeError('A root has 32 bytes');
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** A checkpoint as a note under the log's key; during a change of keys under both. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly Signer[]): string {
  return signNote(checkpointText(checkpoint), signers);
}

/** Reads a signed checkpoint's form; undefined when it is malformed or carries extension lines, which we never write. */
export function parseCheckpoint(text: string): SignedCheckpoint | undefined {
  const note = parseNote(text);
  const match = note && /^(.+)\n(0|[1-9][0-9]{0,15})\n(.+)\n$/.exec(note.text);
  if (!note || match?.[1] === undefined || match[2] === undefined || match[3] === undefined) return undefined;
  const root = fromBase64(match[3]);
  const size = Number(match[2]);
  if (root?.length !== HASH_BYTES || !Number.isSafeInteger(size) || !isOrigin(match[1])) return undefined;
  return { origin: match[1], size, root, note };
}

function isOrigin(origin: string): boolean {
  return origin !== '' && !/[\s+\p{Z}\p{Cc}]/u.test(origin);
}
