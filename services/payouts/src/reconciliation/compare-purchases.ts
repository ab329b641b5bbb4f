import type { CommissionId, PurchaseId } from '../ids.js';
import type { Entry } from '../purchases/book-changes.js';
import type { Break } from './break-case.js';

/** A purchase as one side has it. */
export interface PurchaseState {
  readonly purchaseId: PurchaseId;
  readonly sequence: bigint;
  readonly entries: ReadonlyMap<CommissionId, Entry>;
  readonly changedAt: Date;
}

/** Events that have not arrived after this long are missing. */
export const IN_FLIGHT_MS = 15 * 60_000;

/**
 * Compares a page of viral-engine's purchases with the ledger's (invariant I4). Equal sequences must have equal entries.
 * A sequence behind means that events are under way, and is a break 15 minutes after viral-engine's last change. One
 * ahead means that the ledger was read later, and is a break when it has been there for 15 minutes: then viral-engine
 * has lost what it once told.
 */
export function comparePurchases(
  theirs: readonly PurchaseState[],
  ours: ReadonlyMap<PurchaseId, PurchaseState>,
  now: Date,
): { breaks: Break[]; inFlight: number } {
  const breaks: Break[] = [];
  let inFlight = 0;
  for (const their of theirs) {
    const our = ours.get(their.purchaseId);
    const ourSequence = our?.sequence ?? 0n;
    const subject = `purchase ${their.purchaseId}`;
    if (our !== undefined && ourSequence === their.sequence) {
      const detail = differenceOf(their.entries, our.entries);
      if (detail !== undefined) breaks.push({ invariant: 'I4', subject, detail });
    } else if (ourSequence < their.sequence && isOld(their, now)) {
      const detail = `stands at event ${their.sequence} since ${their.changedAt.toISOString()}; the ledger has ${ourSequence}`;
      breaks.push({ invariant: 'I4', subject, detail });
    } else if (our !== undefined && ourSequence > their.sequence && isOld(our, now)) {
      const detail = `stands at event ${their.sequence}; the ledger has ${ourSequence} since ${our.changedAt.toISOString()}`;
      breaks.push({ invariant: 'I4', subject, detail });
    } else {
      inFlight += 1;
    }
  }
  return { breaks, inFlight };
}

/** Purchases that only the ledger has. One that came while viral-engine was being read is under way. */
export function compareExtra(extra: readonly PurchaseState[], startedAt: Date): { breaks: Break[]; inFlight: number } {
  const old = extra.filter((purchase) => isOld(purchase, startedAt));
  return {
    breaks: old.map(({ purchaseId }) => ({
      invariant: 'I4',
      subject: `purchase ${purchaseId}`,
      detail: 'the ledger has it, viral-engine does not',
    })),
    inFlight: extra.length - old.length,
  };
}

function isOld({ changedAt }: PurchaseState, now: Date): boolean {
  return now.getTime() - changedAt.getTime() > IN_FLIGHT_MS;
}

function differenceOf(
  theirs: ReadonlyMap<CommissionId, Entry>,
  ours: ReadonlyMap<CommissionId, Entry>,
): string | undefined {
  for (const id of new Set([...theirs.keys(), ...ours.keys()])) {
    const [their, our] = [theirs.get(id), ours.get(id)];
    if (their?.status !== our?.status || their?.netMicros !== our?.netMicros) {
      return `commission ${id} is ${spell(their)} in viral-engine and ${spell(our)} in the ledger`;
    }
  }
  return undefined;
}

function spell(entry: Entry | undefined): string {
  return entry === undefined ? 'missing' : `${entry.status} ${entry.netMicros} micros`;
}
