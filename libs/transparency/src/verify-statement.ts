import { fromBase64 } from './canonical.js';
import { parseCheckpoint, type SignedCheckpoint } from './checkpoint.js';
import { type Finding, finding } from './finding.js';
import { type ChangeLeaf, type EntryLeaf, encodeLeaf, hashOfLeaf } from './leaf.js';
import { type Verifier, verifyNote } from './note.js';
import { openParts } from './open-statement.js';
import { verifyInclusion } from './proof.js';
import { checkEntry, checkTogether } from './recompute-entry.js';
import type { Statement, StatementLeaf } from './statement.js';
import { type Standing, sumUp, type Totals } from './totals.js';
import { checkEarlier, type Earlier } from './verify-earlier.js';
import { walkChanges } from './walk-changes.js';

/** What a statement is verified against. */
export interface VerifyOptions {
  /**
   * The log's keys, as vkey texts, from where the partner trusts them. Empty: the key in the file is taken, which proves
   * nothing about who signed.
   */
  readonly keys?: readonly string[] | undefined;
  /** A signed checkpoint or a statement that the partner had before. */
  readonly earlier?: Earlier | undefined;
}

export interface VerifyReport {
  /** Whether nothing was found. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Whether the keys came from the caller, or only from the file itself. */
  readonly keysFrom: 'caller' | 'file';
  /** What the statement says; undefined where it could not even be read. */
  readonly statement: Pick<Statement, 'origin' | 'beneficiaryId' | 'madeAt' | 'key' | 'ordinals'> | undefined;
  readonly checkpoint: SignedCheckpoint | undefined;
  /** The earlier checkpoint in the file, from which the history is proved to go on; undefined where there is none. */
  readonly earlier: SignedCheckpoint | undefined;
  /** How many leaves were looked at. */
  readonly checked: { readonly entries: number; readonly changes: number; readonly earlier: boolean };
  /** Summed up from the entries, not taken from the file. */
  readonly totals: readonly Totals[];
}

/**
 * Verifies a statement, whole or in all its parts, without asking anybody: encoding, signatures, that each leaf is in the
 * log and none is missing, each amount from its numbers, each step of each entry's life, the totals, and that the log
 * goes on from what the partner had before. Bytes that are not canonical or not signed are not looked into.
 */
export function verifyStatement(files: Uint8Array | readonly Uint8Array[], options: VerifyOptions = {}): VerifyReport {
  const parts = files instanceof Uint8Array ? [files] : files;
  const keysFrom = options.keys === undefined || options.keys.length === 0 ? 'file' : 'caller';
  const opened = openParts(parts, options.keys ?? []);
  if ('code' in opened) return refused(opened, keysFrom);
  const { keys, statement } = opened;
  const checkpoint = parseCheckpoint(statement.checkpoint);
  const leaves = readLeaves(statement);
  const content = checkContent(leaves, statement);
  const findings = [
    ...checkCheckpoint(checkpoint, statement, keys),
    ...checkLeaves(leaves, statement, checkpoint),
    ...content.findings,
    ...(checkpoint === undefined ? [] : checkEarlier({ statement, checkpoint, keys, earlier: options.earlier })),
  ];
  const { origin, beneficiaryId, madeAt, key, ordinals } = statement;
  const entries = leaves.filter(({ leaf }) => leaf.kind === 'entry').length;
  return {
    ok: findings.length === 0,
    findings,
    keysFrom,
    statement: { origin, beneficiaryId, madeAt, key, ordinals },
    checkpoint,
    earlier: statement.earlier === null ? undefined : parseCheckpoint(statement.earlier.checkpoint),
    checked: {
      entries,
      changes: leaves.length - entries,
      earlier: statement.earlier !== null || options.earlier !== undefined,
    },
    totals: content.totals,
  };
}

function refused(found: Finding, keysFrom: VerifyReport['keysFrom']): VerifyReport {
  return {
    ok: false,
    findings: [found],
    keysFrom,
    statement: undefined,
    checkpoint: undefined,
    earlier: undefined,
    checked: { entries: 0, changes: 0, earlier: false },
    totals: [],
  };
}

function checkCheckpoint(
  checkpoint: SignedCheckpoint | undefined,
  { origin }: Statement,
  keys: readonly Verifier[],
): Finding[] {
  if (checkpoint === undefined || checkpoint.origin !== origin) return [finding('CHECKPOINT_MALFORMED')];
  const check = verifyNote(checkpoint.note, keys);
  if (check === 'unknown_key') return [finding('CHECKPOINT_KEY_UNKNOWN')];
  return check === 'bad_signature' ? [finding('CHECKPOINT_SIGNATURE_WRONG')] : [];
}

interface ReadLeaf extends StatementLeaf {
  readonly hash: Uint8Array | undefined;
  readonly path: readonly (Uint8Array | undefined)[];
}

function readLeaves({ leaves }: Statement): ReadLeaf[] {
  return leaves.map((each) => {
    const blinding = fromBase64(each.blinding);
    const hash = blinding && hashOfLeaf(encodeLeaf(each.leaf), blinding);
    return { ...each, hash, path: each.proof.map(fromBase64) };
  });
}

/** Each leaf in its place of the log, none missing in between. */
function checkLeaves(
  leaves: readonly ReadLeaf[],
  { ordinals, beneficiaryId }: Statement,
  checkpoint: SignedCheckpoint | undefined,
): Finding[] {
  const found: Finding[] = [];
  let [ordinal, index] = [ordinals.from - 1, -1];
  for (const each of leaves) {
    const { leaf } = each;
    if (leaf.beneficiaryId !== beneficiaryId) found.push(finding('BENEFICIARY_WRONG', '', leaf.ordinal));
    if (leaf.ordinal > ordinal + 1) found.push(finding('ORDINAL_GAP', `after ${ordinal}`, leaf.ordinal));
    if (leaf.ordinal <= ordinal || each.index <= index) found.push(finding('ORDER_WRONG', '', leaf.ordinal));
    if (checkpoint !== undefined && !isIncluded(each, checkpoint)) {
      found.push(finding('INCLUSION_WRONG', `index ${each.index}`, leaf.ordinal));
    }
    [ordinal, index] = [leaf.ordinal, each.index];
  }
  if (ordinal !== ordinals.to) found.push(finding('ORDINAL_GAP', `${ordinals.to} is said to be the last`));
  if (ordinals.from !== 1 || ordinals.to !== ordinals.last) {
    found.push(finding('PART_MISSING', `${ordinals.from} to ${ordinals.to} of ${ordinals.last}`));
  }
  return found;
}

function isIncluded({ index, hash, path }: ReadLeaf, { size, root }: SignedCheckpoint): boolean {
  const proof = path.flatMap((each) => each ?? []);
  if (hash === undefined || proof.length !== path.length) return false;
  return verifyInclusion({ index, size, leafHash: hash, root, proof });
}

/** What the leaves say, computed once more. */
function checkContent(
  leaves: readonly ReadLeaf[],
  statement: Statement,
): { findings: Finding[]; totals: readonly Totals[] } {
  const entries = new Map<string, EntryLeaf>();
  const changes = new Map<string, ChangeLeaf[]>();
  const findings: Finding[] = [];
  for (const { leaf } of leaves) {
    if (leaf.kind === 'change') {
      changes.set(leaf.commissionId, [...(changes.get(leaf.commissionId) ?? []), leaf]);
    } else if (entries.has(leaf.commissionId)) {
      findings.push(finding('ENTRY_TWICE', leaf.commissionId, leaf.ordinal));
    } else {
      entries.set(leaf.commissionId, leaf);
    }
  }
  const commissions: Standing[] = [...entries.values()].map((entry) => {
    const walk = walkChanges(entry, changes.get(entry.commissionId) ?? []);
    findings.push(...checkEntry(entry), ...walk.findings);
    return { entry, state: walk.state };
  });
  for (const [commissionId, orphans] of changes) {
    if (!entries.has(commissionId)) findings.push(finding('ENTRY_MISSING', commissionId, orphans[0]?.ordinal));
  }
  findings.push(...checkTogether([...entries.values()]));
  const totals = sumUp(commissions);
  const isWhole = statement.ordinals.from === 1 && statement.ordinals.to === statement.ordinals.last;
  if (isWhole && !isSameTotals(totals, statement.totals)) findings.push(finding('TOTALS_DIFFER'));
  return { findings, totals };
}

function isSameTotals(a: readonly Totals[], b: readonly Totals[]): boolean {
  const text = (totals: readonly Totals[]): string =>
    JSON.stringify(
      totals.map(({ currency, entries, gross, takenBack, pending, held, available }) => [
        currency,
        entries,
        gross,
        takenBack,
        pending,
        held,
        available,
      ]),
    );
  return text(a) === text(b);
}
