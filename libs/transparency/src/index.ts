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
