import { fromBase64 } from './canonical.js';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { type Finding, finding } from './finding.js';
import { isSameHash } from './hashes.js';
import { type Verifier, verifyNote } from './note.js';
import { openStatement } from './open-statement.js';
import { verifyConsistency } from './proof.js';
import type { Statement } from './statement.js';

/** What a partner had before: see readEarlier. */
export interface Earlier {
  readonly checkpoint: string;
  /** Leaves of an earlier statement: each must still stand where it stood. */
  readonly leaves?: Statement['leaves'];
  readonly beneficiaryId?: string;
}

/** Reads what a partner kept: a signed checkpoint, or a statement, whose signature is checked by the keys as if alone. */
export function readEarlier(bytes: Uint8Array, vkeys: readonly string[]): Earlier | Finding {
  const text = Buffer.from(bytes).toString('utf8');
  if (!text.startsWith('{')) return { checkpoint: text };
  const opened = openStatement(bytes, vkeys);
  if ('code' in opened) return finding('EARLIER_MALFORMED', opened.code);
  const { checkpoint, leaves, beneficiaryId } = opened.statement;
  return { checkpoint, leaves, beneficiaryId };
}

export interface EarlierGiven {
  readonly statement: Statement;
  readonly checkpoint: SignedCheckpoint;
  readonly keys: readonly Verifier[];
  readonly earlier: Earlier | undefined;
}

/** Whether the log goes on from the checkpoint in the file, and from what the partner had before. */
export function checkEarlier(given: EarlierGiven): Finding[] {
  return [...checkOwnProof(given), ...checkKept(given)];
}

/** The consistency proof that the statement carries, if it carries one. */
function checkOwnProof({ statement, checkpoint, keys }: EarlierGiven): Finding[] {
  if (statement.earlier === null) return [];
  const from = openEarlier(statement.earlier.checkpoint, statement.origin, keys);
  if ('code' in from) return [from];
  const path = statement.earlier.proof.map(fromBase64);
  const proof = path.flatMap((each) => each ?? []);
  const isConsistent = proof.length === path.length && verifyConsistency({ from, to: checkpoint, proof });
  return isConsistent ? [] : [finding('HISTORY_REWRITTEN', `from ${from.size} to ${checkpoint.size} leaves`)];
}

/** What the partner kept against what the statement proves. */
function checkKept(given: EarlierGiven): Finding[] {
  const { statement, checkpoint, keys, earlier } = given;
  if (earlier === undefined) return [];
  const kept = openEarlier(earlier.checkpoint, statement.origin, keys);
  if ('code' in kept) return [kept];
  if (earlier.beneficiaryId !== undefined && earlier.beneficiaryId !== statement.beneficiaryId) {
    return [finding('EARLIER_MALFORMED', 'it is another person’s')];
  }
  const changed = checkKeptLeaves(statement, earlier.leaves ?? []);
  if (kept.size > checkpoint.size) {
    return [...changed, finding('HISTORY_REWRITTEN', `${kept.size} leaves became ${checkpoint.size}`)];
  }
  if (kept.size === checkpoint.size) {
    return isSameHash(kept.root, checkpoint.root)
      ? changed
      : [...changed, finding('HISTORY_REWRITTEN', `two trees of ${kept.size} leaves`)];
  }
  const proved = statement.earlier && parseCheckpoint(statement.earlier.checkpoint);
  if (!proved || proved.size !== kept.size) {
    return [...changed, finding('EARLIER_PROOF_MISSING', `from ${kept.size} leaves`)];
  }
  const isSame = isSameHash(proved.root, kept.root);
  return isSame ? changed : [...changed, finding('HISTORY_REWRITTEN', `two trees of ${kept.size} leaves`)];
}

function checkKeptLeaves(statement: Statement, kept: Statement['leaves']): Finding[] {
  const now = new Map(statement.leaves.map((each) => [each.leaf.ordinal, each]));
  return kept.flatMap(({ index, blinding, leaf }) => {
    const same = now.get(leaf.ordinal);
    const isSame =
      same?.index === index && same.blinding === blinding && JSON.stringify(same.leaf) === JSON.stringify(leaf);
    return isSame ? [] : [finding('EARLIER_LEAF_CHANGED', '', leaf.ordinal)];
  });
}

function openEarlier(text: string, origin: string, keys: readonly Verifier[]): SignedCheckpoint | Finding {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint?.origin !== origin) return finding('EARLIER_MALFORMED');
  return verifyNote(checkpoint.note, keys) === 'verified' ? checkpoint : finding('EARLIER_SIGNATURE_WRONG');
}
