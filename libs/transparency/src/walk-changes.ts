import { type Finding, type FindingCode, finding } from './finding.js';
import type { ChangeLeaf, EntryLeaf, EntryStatus } from './leaf.js';

/** What stands of a commission after all its changes. */
export interface EntryState {
  readonly status: EntryStatus;
  readonly net: bigint;
  readonly availableAt: string;
}

export interface Walk {
  readonly state: EntryState;
  readonly findings: readonly Finding[];
}

/** How a commission begins: pending, whole, also when it is already due. */
export function stateAtSplit(entry: EntryLeaf): EntryState {
  return { status: 'pending', net: BigInt(entry.gross), availableAt: entry.availableAt };
}

/** Follows a commission through its changes, by sequence, and tells each step that the rules do not allow. */
export function walkChanges(entry: EntryLeaf, changes: readonly ChangeLeaf[]): Walk {
  const inOrder = changes.toSorted((a, b) => (BigInt(a.purchaseSequence) < BigInt(b.purchaseSequence) ? -1 : 1));
  const findings: Finding[] = [];
  let state = stateAtSplit(entry);
  let sequence = 0n;
  for (const change of inOrder) {
    if (BigInt(change.purchaseSequence) === sequence) {
      findings.push(finding('ENTRY_TWICE', `change ${change.purchaseSequence}`, change.ordinal));
    }
    findings.push(...checkChange(entry, state, change));
    sequence = BigInt(change.purchaseSequence);
    state = { status: change.toStatus, net: BigInt(change.net), availableAt: change.availableAt };
  }
  return { state, findings };
}

function checkChange(entry: EntryLeaf, before: EntryState, change: ChangeLeaf): Finding[] {
  const found: Finding[] = [];
  const wrong = (code: FindingCode, where: string): unknown => found.push(finding(code, where, change.ordinal));
  const { fromStatus, toStatus, reason } = change;
  const [delta, net] = [BigInt(change.delta), BigInt(change.net)];
  if (fromStatus !== before.status) wrong('STATUS_IMPOSSIBLE', `from ${fromStatus}, but it was ${before.status}`);
  if (net !== before.net + delta) wrong('NET_WRONG', `${before.net} and ${delta} is not ${net}`);
  if (!isRefundRight(entry, change)) wrong('REFUND_WRONG', `net ${net} after ${change.refunded ?? 'nothing'} refunded`);
  if (!isAllowed(before, change)) wrong('STATUS_IMPOSSIBLE', `${fromStatus} to ${toStatus} by ${reason}, ${delta}`);
  if (!isDueRight(before, change)) wrong('AVAILABLE_AT_WRONG', `${before.availableAt} became ${change.availableAt}`);
  return found;
}

/** Reasons that move money by the refund formula; the house knows no others. */
const BY_REFUND: ReadonlySet<string> = new Set(['refund', 'chargeback', 'chargeback_won', 'refund_failed']);

/** net = floor(gross × (amount − R) ÷ amount) wherever a refund or a chargeback won moved it; R stands nowhere else. */
function isRefundRight(entry: EntryLeaf, { reason, refunded, net }: ChangeLeaf): boolean {
  if (!BY_REFUND.has(reason)) return refunded === undefined;
  if (refunded === undefined) return false;
  const [amount, taken] = [BigInt(entry.purchaseAmount), BigInt(refunded)];
  return taken <= amount && BigInt(net) === (BigInt(entry.gross) * (amount - taken)) / amount;
}

/** The life of an entry. Reasons that are not named here may hold, lift, release and forfeit, and move no other money. */
function isAllowed(before: EntryState, change: ChangeLeaf): boolean {
  const { toStatus: to, reason } = change;
  const [from, delta] = [before.status, BigInt(change.delta)];
  switch (reason) {
    case 'refund':
    case 'chargeback':
      return delta < 0n && from !== 'forfeited' && to === (BigInt(change.net) === 0n ? 'reversed' : from);
    case 'chargeback_won':
    case 'refund_failed':
      return delta > 0n && from !== 'forfeited' && to === (from === 'reversed' ? statusByDue(change) : from);
    case 'hold_over':
      return delta === 0n && from === 'pending' && to === 'available' && change.availableAt <= change.changedAt;
    case 'forfeited':
      return isForfeit(before, change);
    default:
      return to === 'forfeited' ? isForfeit(before, change) : delta === 0n && isMove(from, to);
  }
}

function isForfeit({ status, net }: EntryState, { toStatus, delta }: ChangeLeaf): boolean {
  return (status === 'pending' || status === 'held') && toStatus === 'forfeited' && BigInt(delta) === -net;
}

function isMove(from: EntryStatus, to: EntryStatus): boolean {
  if (from === 'pending') return to === 'held' || to === 'available';
  return from === 'held' && (to === 'pending' || to === 'available');
}

function statusByDue({ availableAt, changedAt }: ChangeLeaf): EntryStatus {
  return availableAt > changedAt ? 'pending' : 'available';
}

/**
 * The due time moves to later with the end of a hold, by the time held, and to the moment of the release where something
 * else than the scheduler releases. Times of one form compare as text.
 */
function isDueRight(before: EntryState, { toStatus, availableAt, changedAt, reason }: ChangeLeaf): boolean {
  if (availableAt === before.availableAt) return true;
  const isEarly = toStatus === 'available' && before.status !== 'available' && reason !== 'hold_over';
  if (availableAt < before.availableAt) return isEarly && !BY_REFUND.has(reason) && availableAt <= changedAt;
  return before.status === 'held' && toStatus !== 'held';
}
