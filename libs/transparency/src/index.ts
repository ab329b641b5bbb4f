export { canonicalBytes, fromBase64, parseCanonical, toBase64 } from './canonical.js';
export { EMPTY_ROOT, HASH_BYTES, isSameHash, leafHash, nodeHash, sha256 } from './hashes.js';
export {
  BLINDING_BYTES,
  type ChangeLeaf,
  CUT_RULES,
  type CutRule,
  commitTo,
  decodeLeaf,
  ENTRY_STATUSES,
  type EntryLeaf,
  type EntryStatus,
  encodeLeaf,
  hashOfLeaf,
  type Leaf,
} from './leaf.js';
export {
  decodeBundle,
  encodeBundle,
  parseTilePath,
  TILE_WIDTH,
  type TileRef,
  tilePath,
  tileWidthAt,
} from './tile.js';
export {
  type Appended,
  appendLeaves,
  type Edge,
  EMPTY_TREE,
  edgeTiles,
  rootOf,
  type TreeHead,
  type WrittenTile,
} from './tree.js';
export {
  type Consistency,
  consistencyProof,
  type Inclusion,
  inclusionProof,
  LogTree,
  type ReadTile,
  verifyConsistency,
  verifyInclusion,
} from './proof.js';
export {
  addSignatures,
  MAX_SIGNATURES,
  type Note,
  type NoteCheck,
  type NoteSignature,
  parseNote,
  parseVkey,
  type Signer,
  signerFrom,
  signNote,
  type Verifier,
  verifyNote,
} from './note.js';
export {
  type Checkpoint,
  checkpointText,
  parseCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.js';
export { type Totals, totalsOf } from './totals.js';
export {
  makeStatement,
  parseStatement,
  type Statement,
  type StatementForm,
  type StatementGiven,
  type StatementLeaf,
  signStatement,
} from './statement.js';
export { FINDINGS, type Finding, type FindingCode } from './finding.js';
export { checkEntry, type Recomputed, recomputeEntry } from './recompute-entry.js';
export { type EntryState, walkChanges } from './walk-changes.js';
export { openStatement, type Signed } from './open-statement.js';
export { type Earlier, readEarlier } from './verify-earlier.js';
export { type VerifyOptions, type VerifyReport, verifyStatement } from './verify-statement.js';
export { type Anchor, type AnchorCheck, type AnchorPlace, checkAnchor, originHash, readAnchor } from './anchor.js';
export { runVerifier, type World } from './verifier.js';
