import * as z from 'zod';
import { canonicalBytes, parseCanonical, toBase64 } from './canonical.js';
import { parseCheckpoint } from './checkpoint.js';
import { type Leaf, leafSchema } from './leaf.js';
import type { Signer } from './note.js';
import { LogTree, type ReadTile } from './proof.js';
import type { Totals } from './totals.js';

const hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const micros = z.string().regex(/^(0|[1-9][0-9]{0,37})$/);
const proof = z.array(hash).max(64);
const count = z.int().min(0);

const statementSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('commission_statement'),
  /** The log, as its checkpoints name it. */
  origin: z.string().min(1).max(300),
  beneficiaryId: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  madeAt: z.iso.datetime({ precision: 3 }),
  /** The key that signed the statement. Whoever relies on it has it from elsewhere and compares. */
  key: z.string().max(500),
  /** The signed checkpoint that all proofs lead to. */
  checkpoint: z.string().max(100_000),
  /** An earlier checkpoint of the same log and the proof that this one goes on from it. */
  earlier: z.strictObject({ checkpoint: z.string().max(100_000), proof }).nullable(),
  /** Which of the beneficiary's leaves are in this file, and how many there are in the tree: all of them when it is 1 to last. */
  ordinals: z.strictObject({ from: z.int().min(1), to: count, last: count }),
  /** Of all the beneficiary's leaves in the tree, also those in other files; by currency, in the order of its code. */
  totals: z.array(
    z.strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/),
      entries: count,
      gross: micros,
      takenBack: micros,
      pending: micros,
      held: micros,
      available: micros,
    }),
  ),
  leaves: z.array(z.strictObject({ index: count, blinding: hash, leaf: leafSchema, proof })),
  /** Ed25519 over the canonical encoding of all the rest. */
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** A partner's own leaves with their proofs, as it stands in a file. */
export type Statement = z.infer<typeof statementSchema>;
export type StatementLeaf = Statement['leaves'][number];

/** What a statement is made of. */
export interface StatementGiven {
  readonly beneficiaryId: string;
  readonly madeAt: Date;
  /** The signed checkpoint that the proofs are to lead to. */
  readonly checkpoint: string;
  /** An earlier signed checkpoint of the same log that the partner may have. */
  readonly earlier?: string | undefined;
  /** The leaves of the file, by ordinal without gaps, with their places in the tree and their blindings. */
  readonly leaves: readonly { readonly index: number; readonly leaf: Leaf; readonly blinding: Uint8Array }[];
  /** How many leaves the beneficiary has in the tree of the checkpoint. */
  readonly last: number;
  /** Of all these leaves: see totalsOf. */
  readonly totals: readonly Totals[];
  /** Reads a tile of the checkpoint's tree. */
  readonly readTile: ReadTile;
}

/**
 * Makes and signs a statement: the bytes of its file, canonical. RangeError for a malformed checkpoint, an earlier one
 * that is larger, or a leaf outside the tree.
 */
export async function makeStatement(given: StatementGiven, signer: Signer): Promise<Uint8Array> {
  const checkpoint = parseCheckpoint(given.checkpoint);
  if (checkpoint === undefined) throw new RangeError('A statement needs a checkpoint');
  const tree = new LogTree(checkpoint.size, given.readTile);
  const leaves: StatementLeaf[] = [];
  for (const { index, leaf, blinding } of given.leaves) {
    const path = await tree.inclusionProof(index);
    leaves.push({ index, leaf, blinding: toBase64(blinding), proof: path.map(toBase64) });
  }
  const from = given.leaves[0]?.leaf.ordinal ?? 1;
  return signStatement(
    {
      v: 1,
      kind: 'commission_statement',
      origin: checkpoint.origin,
      beneficiaryId: given.beneficiaryId,
      madeAt: given.madeAt.toISOString(),
      checkpoint: given.checkpoint,
      earlier: given.earlier === undefined ? null : await earlierOf(given.earlier, tree),
      ordinals: { from, to: from + leaves.length - 1, last: given.last },
      totals: [...given.totals],
      leaves,
    },
    signer,
  );
}

async function earlierOf(text: string, tree: LogTree): Promise<NonNullable<Statement['earlier']>> {
  const earlier = parseCheckpoint(text);
  if (earlier === undefined) throw new RangeError('The earlier checkpoint is malformed');
  const path = await tree.consistencyProof(earlier.size);
  return { checkpoint: text, proof: path.map(toBase64) };
}

/** Signs what a statement says. Canonical JSON holds no line break, so its signature can never be one of a checkpoint. */
export function signStatement(content: Omit<Statement, 'key' | 'signature'>, signer: Signer): Uint8Array {
  const rest = { ...content, key: signer.vkey };
  return canonicalBytes({ ...rest, signature: toBase64(signer.sign(canonicalBytes(rest))) });
}

/** The bytes that a statement's signature is over. */
export function signedPart(statement: Statement): Uint8Array {
  const { signature: _signature, ...rest } = statement;
  return canonicalBytes(rest);
}

export type StatementForm =
  | { readonly kind: 'statement'; readonly statement: Statement }
  | { readonly kind: 'not_canonical' }
  | { readonly kind: 'not_a_statement'; readonly at: string };

/** Reads a statement's form; nothing in it is trusted yet. */
export function parseStatement(bytes: Uint8Array): StatementForm {
  const json = parseCanonical(bytes);
  if (json === undefined) return { kind: 'not_canonical' };
  const parsed = statementSchema.safeParse(json.value);
  if (parsed.success) return { kind: 'statement', statement: parsed.data };
  return { kind: 'not_a_statement', at: parsed.error.issues[0]?.path.join('.') ?? '' };
}
