import { NONCE_BYTES, seal } from '@dailydoco/sealing';
import {
  type Appended,
  appendLeaves,
  BLINDING_BYTES,
  commitTo,
  type Edge,
  encodeLeaf,
  leafHash,
  type Signer,
  signCheckpoint,
} from '@dailydoco/transparency';
import type { PurchaseId, UserId } from '../ids.js';
import type { Logged } from './keep-log.js';
import { draftLeaves, type LeafDraft, type Loggable } from './leaf.js';
import { blindingBoundTo, ENTRY_SEQUENCE, type Log, type PlacedLeaf, type StoredCheckpoint } from './log.js';

/** A leaf with what opens it, sealed under its person's key. */
export interface SealedLeaf extends PlacedLeaf {
  readonly sealedBlinding: Uint8Array;
}

/** One log in an open database transaction, in which nobody else writes it. */
export interface LogBook {
  readonly log: Log;
  /** Takes purchases off those that wait, before anything of them is read; the ones that did wait. */
  take(purchaseIds: readonly PurchaseId[]): Promise<PurchaseId[]>;
  /** What of the purchases has no leaf yet. */
  readLoggable(purchaseIds: readonly PurchaseId[]): Promise<Loggable[]>;
  /** The last ordinal of each person; who has none is left out. */
  lastOrdinals(people: readonly UserId[]): Promise<Map<UserId, number>>;
  /** The keys under which blindings are sealed. Throws UNAVAILABLE when one has just been destroyed. */
  blindingKeys(people: readonly UserId[]): Promise<Map<UserId, Uint8Array>>;
  /** The right edge of the tree. */
  readEdge(): Promise<Edge>;
  append(leaves: readonly SealedLeaf[], tree: Appended): Promise<void>;
  /** The key that signs now. */
  signer(): Promise<{ version: number; signer: Signer }>;
  addCheckpoint(checkpoint: StoredCheckpoint): Promise<void>;
}

export interface LogGiven {
  readonly now: Date;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Lets other work of this process have its turn. */
  readonly breathe: () => Promise<void>;
}

/** Leaves made without a pause in between. */
const LEAVES_IN_A_ROW = 50;

/** Makes the leaves that purchases lack, places them at the end of the log, and signs the tree as it stands then. */
export async function logPurchases(
  book: LogBook,
  purchaseIds: readonly PurchaseId[],
  given: LogGiven,
): Promise<Logged> {
  const taken = await book.take(purchaseIds);
  const drafts = taken.length === 0 ? [] : await draftAll(book, taken, given);
  if (drafts.length === 0) return { entries: 0, changes: 0 };
  const leaves = await placeAll(book, drafts, given);
  const tree = appendLeaves(
    { size: book.log.size, edge: await book.readEdge() },
    leaves.map(({ commitment }) => leafHash(commitment)),
  );
  await book.append(leaves, tree);
  const { version, signer } = await book.signer();
  const note = signCheckpoint({ origin: book.log.origin, size: tree.size, root: tree.root }, [signer]);
  await book.addCheckpoint({ size: tree.size, root: tree.root, keyVersion: version, note, signedAt: given.now });
  const entries = leaves.filter(({ purchaseSequence }) => purchaseSequence === ENTRY_SEQUENCE).length;
  return { entries, changes: leaves.length - entries };
}

async function draftAll(book: LogBook, taken: readonly PurchaseId[], { breathe }: LogGiven): Promise<LeafDraft[]> {
  const drafts: LeafDraft[] = [];
  for (const loggable of await book.readLoggable(taken)) {
    const before = Math.floor(drafts.length / LEAVES_IN_A_ROW);
    drafts.push(...draftLeaves(loggable));
    if (Math.floor(drafts.length / LEAVES_IN_A_ROW) > before) await breathe();
  }
  return drafts;
}

async function placeAll(book: LogBook, drafts: readonly LeafDraft[], given: LogGiven): Promise<SealedLeaf[]> {
  const people = [...new Set(drafts.map(({ commission }) => commission.beneficiaryId))];
  const keys = await book.blindingKeys(people);
  const ordinals = await book.lastOrdinals(people);
  const leaves: SealedLeaf[] = [];
  for (const draft of drafts) {
    const { beneficiaryId } = draft.commission;
    const key = keys.get(beneficiaryId);
    if (key === undefined) throw new Error('A person has a key after it was made');
    const ordinal = (ordinals.get(beneficiaryId) ?? 0) + 1;
    ordinals.set(beneficiaryId, ordinal);
    leaves.push(place(draft, { index: book.log.size + leaves.length, ordinal, key, given }));
    if (leaves.length % LEAVES_IN_A_ROW === 0) await given.breathe();
  }
  return leaves;
}

function place(
  { commission, purchaseSequence, refundedMicros, make }: LeafDraft,
  { index, ordinal, key, given }: { index: number; ordinal: number; key: Uint8Array; given: LogGiven },
): SealedLeaf {
  const { id: commissionId, beneficiaryId } = commission;
  const blinding = given.randomBytes(BLINDING_BYTES);
  const boundTo = blindingBoundTo({ commissionId, purchaseSequence });
  return {
    index,
    commissionId,
    purchaseSequence,
    beneficiaryId,
    ordinal,
    refundedMicros,
    commitment: commitTo(encodeLeaf(make(ordinal)), blinding),
    sealedBlinding: seal(blinding, { key, nonce: given.randomBytes(NONCE_BYTES), boundTo }),
  };
}
