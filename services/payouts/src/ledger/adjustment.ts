import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { AdjustmentId, JournalId, TenantId, UserId } from '../ids.js';
import { type AccountKind, type HouseKind, isHouseKind } from './account.js';
import type { Journal, JournalCause, Leg } from './journal.js';

export const ADJUSTMENT_STATUSES = ['proposed', 'approved', 'rejected'] as const;
export type AdjustmentStatus = (typeof ADJUSTMENT_STATUSES)[number];

/** What finance may change in the books by hand; everything else follows from events and payouts. */
export type AdjustmentTerms =
  | {
      /** A person's balance below zero that nothing will be netted from any more: bad debt → available. */
      readonly kind: 'write_off';
      readonly personId: UserId;
      readonly amountMicros: bigint;
    }
  | {
      /** A journal taken back, leg by leg; see mayBeReversed. */
      readonly kind: 'reversal';
      readonly reverses: JournalId;
    }
  | {
      /** Between two accounts of the house: a bank's fee, say, or the second half of a correction. */
      readonly kind: 'transfer';
      readonly debit: HouseKind;
      readonly credit: HouseKind;
      readonly amountMicros: bigint;
      readonly corrects: JournalId | undefined;
    };

export interface Adjustment {
  readonly tenantId: TenantId;
  readonly id: AdjustmentId;
  readonly terms: AdjustmentTerms;
  readonly currency: CurrencyCode;
  readonly reason: string;
  /** When the fact took place; the journal's effective date. */
  readonly effectiveAt: Date;
  readonly proposedBy: UserId;
  readonly proposedAt: Date;
  readonly decision: AdjustmentDecision | undefined;
  /** The journal that it made; undefined until it is approved. */
  readonly journalId: JournalId | undefined;
}

export interface AdjustmentDecision {
  readonly decision: Exclude<AdjustmentStatus, 'proposed'>;
  readonly reason: string | undefined;
  readonly decidedBy: UserId;
  readonly decidedAt: Date;
}

/** A journal as it stands in the books, in the words of Journal, with its legs. */
export interface BookedJournal {
  readonly id: JournalId;
  readonly currency: CurrencyCode;
  readonly causeKind: JournalCause['kind'];
  readonly legs: readonly Leg[];
  /** The journal that took it back. */
  readonly reversedBy: JournalId | undefined;
}

export function statusOf({ decision }: Pick<Adjustment, 'decision'>): AdjustmentStatus {
  return decision?.decision ?? 'proposed';
}

/**
 * Throws unless the journal may be taken back by hand. What persons have follows viral-engine's word and the payouts'
 * steps (I4, I6): a journal of theirs is put right where its fact is put right. Left are the adjustments themselves, and
 * what touches accounts of the house only.
 */
export function checkReversible({ causeKind, legs, reversedBy }: BookedJournal): void {
  if (reversedBy !== undefined) throw conflict(`It was reversed already, by journal ${reversedBy}.`);
  const ofHouse = legs.every(({ kind }: { kind: AccountKind }) => isHouseKind(kind));
  if (causeKind !== 'adjustment' && !ofHouse) {
    throw conflict('Balances of persons follow purchases and payouts: correct the fact there, and the books follow.');
  }
}

/**
 * Throws SELF_APPROVAL to whoever proposed it and to whose debt it would write off, and CONFLICT when it is decided
 * already.
 */
export function checkApproval(adjustment: Adjustment, by: UserId): void {
  checkUndecided(adjustment);
  const { terms, proposedBy } = adjustment;
  if (proposedBy === by || (terms.kind === 'write_off' && terms.personId === by))
    throw new DomainError('SELF_APPROVAL');
}

export function checkUndecided({ decision }: Adjustment): void {
  if (decision !== undefined) throw conflict(`The adjustment was ${decision.decision} already.`);
}

export function conflict(detail: string): DomainError {
  return new DomainError('CONFLICT', { detail });
}

/** The journal of an approved adjustment. `reversed` is what a reversal takes back. */
export function journalOfAdjustment(adjustment: Adjustment, reversed: BookedJournal | undefined): Journal {
  const { tenantId, id: adjustmentId, terms, currency, reason, effectiveAt } = adjustment;
  return {
    tenantId,
    currency,
    reason,
    cause: { kind: 'adjustment', adjustmentId },
    occurredAt: effectiveAt,
    eventType: EVENT_TYPES[terms.kind],
    legs: legsOf(terms, reversed),
    reverses: terms.kind === 'reversal' ? terms.reverses : undefined,
    corrects: terms.kind === 'transfer' ? terms.corrects : undefined,
    // Taking a write-off back leaves the balance below zero, where it was.
    mayOverdraw: true,
  };
}

const EVENT_TYPES = {
  write_off: 'NegativeBalanceWrittenOff',
  reversal: 'JournalReversed',
  transfer: 'HouseTransferred',
} as const;

function legsOf(terms: AdjustmentTerms, reversed: BookedJournal | undefined): Leg[] {
  const house = (kind: HouseKind, amountMicros: bigint): Leg => ({ personId: undefined, kind, amountMicros });
  switch (terms.kind) {
    case 'write_off': {
      const { personId, amountMicros } = terms;
      return [house('bad_debt', -amountMicros), { personId, kind: 'available', amountMicros }];
    }
    case 'transfer':
      return [house(terms.debit, -terms.amountMicros), house(terms.credit, terms.amountMicros)];
    case 'reversal': {
      if (reversed?.id !== terms.reverses) throw new Error('a reversal needs the journal that it takes back');
      return reversed.legs.map((leg) => ({ ...leg, amountMicros: -leg.amountMicros }));
    }
  }
}
