import type { ChangedCommission, ChangeReason, Commission, CommissionChange } from '../commissions/commission.js';
import { type LifeEvent, liveThrough } from '../commissions/entry-life.js';
import { type EntryMove, type MoneyEvent, type MoneyFact, moveOf } from '../commissions/money-event.js';
import type { RefundId } from '../ids.js';
import type { PurchaseRecord } from './purchase.js';

/** One thing that happens to a purchase's commissions, and how it is told. */
export interface EntryStep {
  readonly reason: ChangeReason;
  readonly refundId?: RefundId;
  /** What happens to an entry; undefined: nothing. */
  readonly happens: (commission: Commission) => LifeEvent | undefined;
  /** The fact that the moves of all changed entries make. */
  readonly fact: (moves: readonly EntryMove[]) => MoneyFact;
}

/**
 * Everything that happens to one purchase in one database transaction, under its row lock: facts get the next
 * sequences, and every change of a commission becomes a row and a part of an event. Pure; a store writes it down.
 */
export class PurchaseUpdate {
  readonly at: Date;
  readonly events: MoneyEvent[] = [];
  readonly changes: CommissionChange[] = [];
  readonly #touched = new Map<string, Commission>();
  #purchase: PurchaseRecord;

  constructor(before: PurchaseRecord, at: Date) {
    this.#purchase = before;
    this.at = at;
  }

  /** As it stands after everything so far. */
  get purchase(): PurchaseRecord {
    return this.#purchase;
  }

  /** The commissions to be written, each once, in their last state. */
  get touched(): readonly Commission[] {
    return [...this.#touched.values()];
  }

  get isEmpty(): boolean {
    return this.events.length === 0 && this.#touched.size === 0;
  }

  /** Sets R, all refunded so far. */
  setRefunded(refundedMicros: bigint): void {
    this.#purchase = { ...this.#purchase, refundedMicros, changedAt: this.at };
  }

  /** Tells a fact under the next sequence. */
  tell(fact: MoneyFact): void {
    const { tenantId, id: purchaseId, buyerId, currency } = this.#purchase;
    const sequence = this.#purchase.sequence + 1n;
    this.#purchase = { ...this.#purchase, sequence, changedAt: this.at };
    this.events.push({ tenantId, purchaseId, buyerId, currency, sequence, at: this.at, fact });
  }

  /** Lets something happen to every commission, tells it when anything changed, and returns what did. */
  change(step: EntryStep): readonly ChangedCommission[] {
    const changed: ChangedCommission[] = [];
    const commissions = this.#purchase.commissions.map((before) => {
      const event = step.happens(before);
      const state = event && liveThrough(before, event);
      if (state === undefined) return before;
      const after = { ...before, ...state };
      this.#touched.set(after.id, after);
      // Another cause to hold what is held already moves nothing, so there is nothing to tell.
      if (after.status !== before.status || after.netMicros !== before.netMicros) changed.push({ before, after });
      return after;
    });
    this.#purchase = { ...this.#purchase, commissions };
    if (changed.length === 0) return changed;
    this.tell(step.fact(changed.map(moveOf)));
    this.changes.push(...changed.map((each) => this.#rowOf(each, step)));
    return changed;
  }

  #rowOf({ before, after }: ChangedCommission, { reason, refundId }: EntryStep): CommissionChange {
    return {
      commissionId: after.id,
      purchaseId: after.purchaseId,
      purchaseSequence: this.#purchase.sequence,
      fromStatus: before.status,
      toStatus: after.status,
      deltaMicros: after.netMicros - before.netMicros,
      netMicros: after.netMicros,
      availableAt: after.availableAt,
      reason,
      refundId,
      changedAt: this.at,
    };
  }
}
