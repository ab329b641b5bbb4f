// The life of an entry, after the words of the rules: what holds it, how long its clock stands still, where it ends.
import type { Share } from './model-split.js';

export type Status = 'pending' | 'held' | 'available' | 'reversed' | 'forfeited';
/** What an entry may be held for. It is held by as many causes as there are. */
export type Cause = 'beneficiary_suspended' | 'dispute' | 'finance';

export interface Entry {
  /** The commission's id; empty until it was read. */
  id: string;
  readonly kind: Share['kind'];
  readonly level: number;
  readonly beneficiary: string;
  readonly gross: bigint;
  net: bigint;
  status: Status;
  /** Milliseconds since 1970. */
  availableAt: number;
  heldSince: number | undefined;
  /** In the order of the alphabet; empty unless held. */
  causes: readonly Cause[];
  /** When the last of the causes was over that no longer hold it; undefined: all of them still do. */
  overAt: number | undefined;
}

/** The whole entry is held and its clock stands still; what is held already has one cause more. */
export function hold(entry: Entry, cause: Cause, at: number): void {
  if (entry.status !== 'pending' && entry.status !== 'held') return;
  if (entry.status === 'pending') entry.heldSince = at;
  entry.status = 'held';
  entry.causes = [...new Set([...entry.causes, cause])].toSorted();
}

/** The cause is over since `at`. With the last of them the clock goes on, from the moment at which all of them were over. */
export function lift(entry: Entry, cause: Cause, at: number): void {
  if (!entry.causes.includes(cause)) return;
  const overAt = Math.max(at, entry.overAt ?? at);
  const causes = entry.causes.filter((each) => each !== cause);
  Object.assign(entry, { causes, overAt });
  if (causes.length > 0) return;
  letGo(entry, overAt);
  entry.status = 'pending';
}

/** Nothing of it stands any more; whatever held it is moot. */
export function reverse(entry: Entry, at: number): void {
  letGo(entry, at);
  entry.status = 'reversed';
}

/** For good. */
export function forfeit(entry: Entry, at: number): void {
  letGo(entry, at);
  entry.status = 'forfeited';
  entry.net = 0n;
}

/** The hold period ends now, if it has not ended before. */
export function releaseEarly(entry: Entry, at: number): void {
  entry.status = 'available';
  entry.availableAt = Math.min(entry.availableAt, at);
}

/** The clock of the hold goes on. */
function letGo(entry: Entry, at: number): void {
  if (entry.heldSince !== undefined) entry.availableAt += Math.max(0, at - entry.heldSince);
  Object.assign(entry, { heldSince: undefined, causes: [], overAt: undefined });
}
