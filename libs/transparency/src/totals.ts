import type { ChangeLeaf, EntryLeaf, Leaf } from './leaf.js';
import { type EntryState, stateAtSplit } from './walk-changes.js';

/** What a person has in one currency, in micros as text: gross = takenBack + pending + held + available. */
export interface Totals {
  /** ISO 4217. */
  readonly currency: string;
  readonly entries: number;
  /** All entries at their splits. */
  readonly gross: string;
  /** What refunds, chargebacks and forfeits took back. */
  readonly takenBack: string;
  readonly pending: string;
  readonly held: string;
  /** What was released, whether paid out since or not. */
  readonly available: string;
}

/** One commission as it stands. */
export interface Standing {
  readonly entry: EntryLeaf;
  readonly state: EntryState;
}

/** Totals of a person's leaves: each commission as its last change left it. Changes without their entry are left out. */
export function totalsOf(leaves: readonly Leaf[]): Totals[] {
  const lastChange = new Map<string, ChangeLeaf>();
  for (const leaf of leaves) {
    if (leaf.kind !== 'change') continue;
    const known = lastChange.get(leaf.commissionId);
    const isLater = known === undefined || BigInt(leaf.purchaseSequence) > BigInt(known.purchaseSequence);
    if (isLater) lastChange.set(leaf.commissionId, leaf);
  }
  return sumUp(
    leaves.flatMap((entry) => {
      if (entry.kind !== 'entry') return [];
      const change = lastChange.get(entry.commissionId);
      if (change === undefined) return [{ entry, state: stateAtSplit(entry) }];
      const { toStatus: status, net, availableAt } = change;
      return [{ entry, state: { status, net: BigInt(net), availableAt } }];
    }),
  );
}

/** Sums commissions up, by currency in the order of its code. */
export function sumUp(commissions: readonly Standing[]): Totals[] {
  const currencies = [...new Set(commissions.map(({ entry }) => entry.currency))].toSorted();
  return currencies.map((currency) => {
    const own = commissions.filter(({ entry }) => entry.currency === currency);
    const netOf = (status: string): bigint =>
      own.reduce((sum, { state }) => (state.status === status ? sum + state.net : sum), 0n);
    const gross = own.reduce((sum, { entry }) => sum + BigInt(entry.gross), 0n);
    const net = own.reduce((sum, { state }) => sum + state.net, 0n);
    return {
      currency,
      entries: own.length,
      gross: gross.toString(),
      takenBack: (gross - net).toString(),
      pending: netOf('pending').toString(),
      held: netOf('held').toString(),
      available: netOf('available').toString(),
    };
  });
}
