import { unseal } from '@dailydoco/sealing';
import { commitTo, encodeLeaf, isSameHash, type Leaf } from '@dailydoco/transparency';
import type { CommissionChange } from '../commissions/commission.js';
import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { DomainError } from '@dailydoco/errors';
import { remakeLeaf } from './leaf.js';
import { blindingBoundTo, ENTRY_SEQUENCE, type PlacedLeaf } from './log.js';

/** A leaf with what opens it, still sealed. */
export interface OwnLeaf extends PlacedLeaf {
  readonly sealedBlinding: Uint8Array;
}

/** A leaf that can be read. */
export interface OpenedLeaf {
  readonly index: number;
  readonly leaf: Leaf;
  readonly blinding: Uint8Array;
}

/** What leaves are made once more from. */
export interface LeafFacts {
  /** Of the commissions' purchases, each once. */
  readonly purchases: readonly { readonly purchase: PurchaseRecord; readonly plan: PlanVersion }[];
  /** Of the commissions, whether they are asked for or not. */
  readonly changes: readonly CommissionChange[];
}

export interface LeafReads {
  facts(tenantId: TenantId, commissionIds: readonly CommissionId[]): Promise<LeafFacts>;
  blindingKey(tenantId: TenantId, person: UserId): Promise<Uint8Array | undefined>;
}

/** Leaves opened without a pause in between. */
const LEAVES_IN_A_ROW = 50;
/** Commissions whose facts are read together. */
const COMMISSIONS_AT_ONCE = 500;

/**
 * Opens leaves of one person: makes each once more out of what was recorded and unseals its blinding. Together they must
 * give what stands in the log; anything else is a fault, and is thrown. CONFLICT when the person was erased.
 */
export async function openLeaves(
  reads: LeafReads,
  leaves: readonly OwnLeaf[],
  { tenantId, breathe }: { tenantId: TenantId; breathe: () => Promise<void> },
): Promise<OpenedLeaf[]> {
  const [first] = leaves;
  if (first === undefined) return [];
  const key = await reads.blindingKey(tenantId, first.beneficiaryId);
  const opened: OpenedLeaf[] = [];
  for (let from = 0; from < leaves.length; from += COMMISSIONS_AT_ONCE) {
    const some = leaves.slice(from, from + COMMISSIONS_AT_ONCE);
    const facts = byCommission(await reads.facts(tenantId, [...new Set(some.map((leaf) => leaf.commissionId))]));
    for (const placed of some) {
      opened.push(open(placed, facts, key));
      if (opened.length % LEAVES_IN_A_ROW === 0) await breathe();
    }
  }
  return opened;
}

interface FactsByCommission {
  readonly purchases: ReadonlyMap<CommissionId, LeafFacts['purchases'][number]>;
  readonly changes: ReadonlyMap<string, CommissionChange>;
}

function byCommission({ purchases, changes }: LeafFacts): FactsByCommission {
  return {
    purchases: new Map(purchases.flatMap((each) => each.purchase.commissions.map(({ id }) => [id, each] as const))),
    changes: new Map(changes.map((change) => [`${change.commissionId}/${change.purchaseSequence}`, change])),
  };
}

function open(placed: OwnLeaf, facts: FactsByCommission, key: Uint8Array | undefined): OpenedLeaf {
  const { commissionId, purchaseSequence } = placed;
  const bought = facts.purchases.get(commissionId);
  const change = facts.changes.get(`${commissionId}/${purchaseSequence}`);
  if (bought === undefined || (change === undefined) !== (purchaseSequence === ENTRY_SEQUENCE)) {
    throw new Error('What a leaf tells of is never gone');
  }
  const leaf = remakeLeaf(placed, { ...bought, change });
  const blinding = blindingOf(placed, key);
  if (!isSameHash(commitTo(encodeLeaf(leaf), blinding), placed.commitment)) {
    throw new Error(`The books say other than leaf ${placed.index} of the log`);
  }
  return { index: placed.index, leaf, blinding };
}

function blindingOf(placed: OwnLeaf, key: Uint8Array | undefined): Uint8Array {
  try {
    if (key !== undefined) return unseal(placed.sealedBlinding, { key, boundTo: blindingBoundTo(placed) });
  } catch {
    // Sealed under a key that erasure destroyed; another one was made since.
  }
  throw new DomainError('CONFLICT', { detail: 'This person was erased: what opens the leaves is destroyed.' });
}
