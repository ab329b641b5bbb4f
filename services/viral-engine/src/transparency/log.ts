import type { CommissionId, LogId, TenantId, UserId } from '../ids.js';

/** A tenant's log. All of it but the size never changes. */
export interface Log {
  readonly tenantId: TenantId;
  readonly logId: LogId;
  /** The first line of its checkpoints: the address without the scheme, as it was when the log began. */
  readonly origin: string;
  /** How many leaves there are. */
  readonly size: number;
  readonly createdAt: Date;
}

/** A key that signs a log's checkpoints and statements; the one with the highest version signs from now on. */
export interface LogKey {
  readonly version: number;
  /** The verifier key as signed notes spell it. */
  readonly vkey: string;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** What was signed of a tree. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** Of the newest key that signed it. */
  readonly keyVersion: number;
  /** The signed note, byte for byte. */
  readonly note: string;
  readonly signedAt: Date;
}

/** Where a leaf stands, and what of it is in the open. */
export interface PlacedLeaf {
  readonly index: number;
  readonly commissionId: CommissionId;
  /** Of the change that the leaf tells of; 0: it tells of the commission itself, at the split. */
  readonly purchaseSequence: bigint;
  readonly beneficiaryId: UserId;
  /** 1, 2, … for each person. */
  readonly ordinal: number;
  /** What was refunded of the purchase in all, where the leaf tells it. */
  readonly refundedMicros: bigint | undefined;
  readonly commitment: Uint8Array;
}

/** The sequence under which a commission's own leaf stands. */
export const ENTRY_SEQUENCE = 0n;

/** What the blinding of a leaf is bound to when it is sealed. */
export function blindingBoundTo(leaf: Pick<PlacedLeaf, 'commissionId' | 'purchaseSequence'>): string {
  return `${leaf.commissionId}/${leaf.purchaseSequence}`;
}
