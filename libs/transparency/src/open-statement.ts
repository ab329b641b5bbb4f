import { fromBase64 } from './canonical.js';
import { type Finding, finding } from './finding.js';
import { parseVkey, type Verifier } from './note.js';
import { parseStatement, type Statement, signedPart } from './statement.js';

/** A statement that is what its signature says, with the keys that are trusted. */
export interface Signed {
  readonly statement: Statement;
  readonly keys: readonly Verifier[];
}

/** The parts as one statement; the first reason why they cannot be one, or are not signed. */
export function openParts(parts: readonly Uint8Array[], vkeys: readonly string[]): Signed | Finding {
  const opened: Signed[] = [];
  for (const bytes of parts) {
    const part = openStatement(bytes, vkeys);
    if ('code' in part) return part;
    opened.push(part);
  }
  const inOrder = opened.toSorted((a, b) => a.statement.ordinals.from - b.statement.ordinals.from);
  const [first] = inOrder;
  if (first === undefined) return finding('FORM_INVALID', 'no file');
  const isOne = inOrder.every(({ statement }) => agreed(statement) === agreed(first.statement));
  if (!isOne) return finding('PARTS_DIFFER');
  const { from } = first.statement.ordinals;
  const leaves = inOrder.flatMap(({ statement }) => statement.leaves);
  const ordinals = { ...first.statement.ordinals, to: inOrder.at(-1)?.statement.ordinals.to ?? from };
  const earlier = inOrder.find(({ statement }) => statement.earlier !== null)?.statement.earlier ?? null;
  return { keys: first.keys, statement: { ...first.statement, leaves, ordinals, earlier } };
}

function agreed({ origin, beneficiaryId, key, checkpoint, ordinals, totals }: Statement): string {
  return JSON.stringify([origin, beneficiaryId, key, checkpoint, ordinals.last, totals]);
}

/** Reads one file and checks its own signature, by the keys given or else by the one that it names. */
export function openStatement(bytes: Uint8Array, vkeys: readonly string[]): Signed | Finding {
  const form = parseStatement(bytes);
  if (form.kind === 'not_canonical') return finding('ENCODING_NOT_CANONICAL');
  if (form.kind === 'not_a_statement') return finding('FORM_INVALID', form.at);
  const { statement } = form;
  const keys: Verifier[] = [];
  for (const vkey of vkeys.length === 0 ? [statement.key] : vkeys) {
    const verifier = parseVkey(vkey);
    if (verifier === undefined) return finding('KEY_INVALID', vkey);
    keys.push(verifier);
  }
  const own = keys.find(({ vkey, name }) => vkey === statement.key && name === statement.origin);
  if (own === undefined) return finding('KEY_UNKNOWN', statement.key);
  const signature = fromBase64(statement.signature);
  if (signature === undefined || !own.verify(signedPart(statement), signature)) return finding('SIGNATURE_WRONG');
  return { statement, keys };
}
