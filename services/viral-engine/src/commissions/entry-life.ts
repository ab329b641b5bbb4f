/** In order of precedence: what stands further left is never left for what stands further right by a hold or release. */
export const COMMISSION_STATUSES = ['forfeited', 'reversed', 'held', 'available', 'pending'] as const;
export type CommissionStatus = (typeof COMMISSION_STATUSES)[number];

/** Why an entry is held. An entry may be held for several causes; it is lifted with the last of them. */
export type HoldCause = 'beneficiary_suspended' | 'fraud_review' | 'dispute' | 'finance';

/** The part of a commission that lives. */
export interface EntryState {
  readonly status: CommissionStatus;
  readonly netMicros: bigint;
  /** When the hold period ends; it moves by the time that the entry was held. */
  readonly availableAt: Date;
  /** Empty unless held. */
  readonly holdCauses: readonly HoldCause[];
  readonly heldSince: Date | undefined;
}

/** What can happen to an entry. `netMicros` is what stands afterwards by the refund formula. */
export type LifeEvent =
  | { readonly kind: 'refunded'; readonly netMicros: bigint; readonly at: Date }
  | { readonly kind: 'restored'; readonly netMicros: bigint; readonly at: Date }
  | { readonly kind: 'held'; readonly cause: HoldCause; readonly at: Date }
  | { readonly kind: 'lifted'; readonly cause: HoldCause; readonly at: Date }
  | { readonly kind: 'fellDue'; readonly at: Date }
  | { readonly kind: 'releasedEarly'; readonly at: Date }
  | { readonly kind: 'forfeited'; readonly at: Date };

/**
 * What an event makes of an entry; undefined when it changes nothing there. The rules, by event:
 *
 * - refunded: any entry but a forfeited one takes the net given. At zero it is reversed, and an open hold closes as
 *   moot; a held entry that shrinks stays held.
 * - restored (a chargeback won): a reversed entry returns to pending, or to available when its hold period is over;
 *   others keep their status. A forfeited entry stays forfeited.
 * - held: a pending entry is held whole and its clock stops. Another cause may join; nothing else can be held.
 * - lifted: with its last cause gone a held entry is pending again, due later by the time it was held.
 * - fellDue: a pending entry whose hold period is over becomes available.
 * - releasedEarly: finance ends the hold period of a pending entry now; it is available, and stays so once restored.
 * - forfeited: a pending or held entry ends at net zero, for good.
 */
export function liveThrough(entry: EntryState, event: LifeEvent): EntryState | undefined {
  switch (event.kind) {
    case 'refunded':
      return refunded(entry, event);
    case 'restored':
      return restored(entry, event);
    case 'held':
      return held(entry, event);
    case 'lifted':
      return lifted(entry, event);
    case 'fellDue':
      if (entry.status !== 'pending' || entry.availableAt > event.at) return undefined;
      return { ...entry, status: 'available' };
    case 'releasedEarly':
      if (entry.status !== 'pending') return undefined;
      return {
        ...entry,
        status: 'available',
        availableAt: entry.availableAt > event.at ? event.at : entry.availableAt,
      };
    case 'forfeited':
      if (entry.status !== 'pending' && entry.status !== 'held') return undefined;
      return { ...withoutHold(entry, event.at), status: 'forfeited', netMicros: 0n };
  }
}

/** An entry as the split makes it: pending, also when it is already due; nothing but the scheduler releases. */
export function newEntry(grossMicros: bigint, availableAt: Date): EntryState {
  return { status: 'pending', netMicros: grossMicros, availableAt, holdCauses: [], heldSince: undefined };
}

function refunded(entry: EntryState, { netMicros, at }: { netMicros: bigint; at: Date }): EntryState | undefined {
  if (entry.status === 'forfeited' || netMicros === entry.netMicros) return undefined;
  if (netMicros > entry.netMicros) throw new RangeError('A refund never raises a net');
  if (netMicros > 0n) return { ...entry, netMicros };
  return { ...withoutHold(entry, at), status: 'reversed', netMicros };
}

function restored(entry: EntryState, { netMicros, at }: { netMicros: bigint; at: Date }): EntryState | undefined {
  if (entry.status === 'forfeited' || netMicros === entry.netMicros) return undefined;
  if (netMicros < entry.netMicros) throw new RangeError('A chargeback won never lowers a net');
  if (entry.status !== 'reversed') return { ...entry, netMicros };
  return { ...entry, netMicros, status: entry.availableAt > at ? 'pending' : 'available' };
}

function held(entry: EntryState, { cause, at }: { cause: HoldCause; at: Date }): EntryState | undefined {
  if (entry.status === 'pending') return { ...entry, status: 'held', holdCauses: [cause], heldSince: at };
  if (entry.status !== 'held' || entry.holdCauses.includes(cause)) return undefined;
  return { ...entry, holdCauses: [...entry.holdCauses, cause] };
}

function lifted(entry: EntryState, { cause, at }: { cause: HoldCause; at: Date }): EntryState | undefined {
  if (entry.status !== 'held' || !entry.holdCauses.includes(cause)) return undefined;
  const holdCauses = entry.holdCauses.filter((other) => other !== cause);
  if (holdCauses.length > 0) return { ...entry, holdCauses };
  return { ...withoutHold(entry, at), status: 'pending' };
}

/** Ends a hold: the clock goes on, so the due time moves by the time held. */
function withoutHold(entry: EntryState, at: Date): EntryState {
  if (entry.heldSince === undefined) return entry;
  const heldMs = Math.max(0, at.getTime() - entry.heldSince.getTime());
  const availableAt = new Date(entry.availableAt.getTime() + heldMs);
  return { ...entry, availableAt, holdCauses: [], heldSince: undefined };
}
