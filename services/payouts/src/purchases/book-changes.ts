import type { AccountKind } from '../ledger/account.js';
import type { Leg } from '../ledger/journal.js';
import type { ChangesKind, EntryChange, EntryStatus } from './money-event.js';

/** A commission as the events so far leave it. */
export interface Entry {
  readonly status: EntryStatus;
  readonly netMicros: bigint;
}

/** The account that a commission of this status stands on; none once nothing of it stands. */
const STANDS_ON: Readonly<Record<EntryStatus, Extract<AccountKind, 'pending' | 'held' | 'available'> | undefined>> = {
  pending: 'pending',
  held: 'held',
  available: 'available',
  reversed: undefined,
  forfeited: undefined,
};

type Moves = Readonly<Partial<Record<EntryStatus | 'nothing', readonly EntryStatus[]>>>;

interface Allowed {
  /** From each status, where to. */
  readonly moves: Moves;
  /** The sign of the change of the net: -1, 0, 1; zero is always allowed, since a part may be too small to divide. */
  readonly sign: -1 | 0 | 1;
}

/** Which moves each event may tell of. What was forfeited stays so. */
const ALLOWED: Readonly<Record<ChangesKind, Allowed>> = {
  CommissionsAccrued: { moves: { nothing: ['pending', 'held'] }, sign: 1 },
  CommissionsHeld: { moves: { pending: ['held'], held: ['pending', 'held'] }, sign: 0 },
  CommissionsReleased: { moves: { pending: ['available'] }, sign: 0 },
  CommissionsReversed: {
    moves: {
      pending: ['pending', 'reversed'],
      held: ['held', 'reversed'],
      available: ['available', 'reversed'],
      reversed: ['reversed'],
      forfeited: ['forfeited'],
    },
    sign: -1,
  },
  CommissionsRestored: {
    moves: {
      pending: ['pending'],
      held: ['held'],
      available: ['available'],
      reversed: ['pending', 'available', 'reversed'],
      forfeited: ['forfeited'],
    },
    sign: 1,
  },
  CommissionsForfeited: { moves: { pending: ['forfeited'], held: ['forfeited'] }, sign: -1 },
};

/**
 * The legs of one change. One rule makes every line of the ledger's table: what stood on the account of the old status
 * leaves it, what stands now goes onto that of the new one, and commission expense takes the difference. So accruing
 * debits expense and credits pending, releasing moves pending to available, a refund after the payout may leave
 * available negative. Throws on a change that does not follow from the entry as it stands, or that the event may not
 * tell of.
 */
export function bookChange(kind: ChangesKind, change: EntryChange, entry: Entry | undefined): Leg[] {
  const { commissionId, beneficiaryId: personId, fromStatus, toStatus, deltaMicros, netMicros } = change;
  const netBefore = netMicros - deltaMicros;
  if (entry?.status !== fromStatus || (entry?.netMicros ?? 0n) !== netBefore) {
    throw new Error(
      `${kind}: commission ${commissionId} stands at ${entry?.status ?? 'nothing'} ${entry?.netMicros ?? 0n}, not at ${fromStatus ?? 'nothing'} ${netBefore}`,
    );
  }
  refuseUnlawful(kind, change);
  const legs: Leg[] = [];
  const from = fromStatus && STANDS_ON[fromStatus];
  const to = STANDS_ON[toStatus];
  if (from !== undefined) legs.push({ personId, kind: from, amountMicros: -netBefore });
  if (to !== undefined) legs.push({ personId, kind: to, amountMicros: netMicros });
  legs.push({ personId: undefined, kind: 'commission_expense', amountMicros: -deltaMicros });
  return legs;
}

function refuseUnlawful(kind: ChangesKind, change: EntryChange): void {
  const { commissionId, fromStatus, toStatus, deltaMicros, netMicros } = change;
  const { moves, sign } = ALLOWED[kind];
  const mayMove = moves[fromStatus ?? 'nothing']?.includes(toStatus) === true;
  const wrongSign = deltaMicros !== 0n && (sign === 0 || deltaMicros > 0n !== sign > 0);
  if (!mayMove || wrongSign) {
    throw new Error(
      `${kind} cannot move commission ${commissionId} from ${fromStatus ?? 'nothing'} to ${toStatus} by ${deltaMicros}`,
    );
  }
  if (netMicros < 0n) throw new Error(`${kind} leaves commission ${commissionId} below zero`);
  if (STANDS_ON[toStatus] === undefined && netMicros !== 0n) {
    throw new Error(`${kind} leaves ${netMicros} on commission ${commissionId}, which is ${toStatus}`);
  }
}
