import type { CurrencyCode } from '@dailydoco/money';
import type { CommissionId, PurchaseId, TenantId, UserId } from '../ids.js';
import type { Journal } from '../ledger/journal.js';
import { bookChange, type Entry } from './book-changes.js';
import type { ChangesKind, MoneyEvent, MoneyFact } from './money-event.js';

export interface PurchaseRef {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
}

/** How far a purchase's events have been applied, and what its commissions stand at. */
export interface PurchaseProgress extends PurchaseRef {
  readonly currency: CurrencyCode;
  readonly sequence: bigint;
  readonly amountMicros: bigint | undefined;
  readonly houseMicros: bigint | undefined;
  readonly entries: ReadonlyMap<CommissionId, Entry>;
  /** Events that came before their turn. */
  readonly setAside: readonly MoneyEvent[];
}

/** An entry with whose it is. */
export interface OwnedEntry extends Entry {
  readonly beneficiaryId: UserId;
}

export interface ProgressUpdate extends PurchaseRef {
  readonly currency: CurrencyCode;
  readonly sequence: bigint;
  readonly amountMicros: bigint | undefined;
  readonly houseMicros: bigint | undefined;
  readonly changedEntries: ReadonlyMap<CommissionId, OwnedEntry>;
  /** Sequences of events that had been set aside and have had their turn. */
  readonly taken: readonly bigint[];
  readonly toSetAside: readonly MoneyEvent[];
}

/** The purchases of a batch in an open database transaction. */
export interface ProgressBook {
  /** Locks the purchases in one order for everybody, so that writers wait and never deadlock; new ones begin at 0. */
  lock(purchases: readonly (PurchaseRef & { currency: CurrencyCode })[]): Promise<PurchaseProgress[]>;
  save(updates: readonly ProgressUpdate[], journals: readonly Journal[]): Promise<void>;
}

/**
 * Applies money events: per purchase in the order of their sequence, 1, 2, …, each once for ever. A later one is set
 * aside until those before it have come; one that was applied before is dropped. Every applied event that moves money
 * makes one journal. Throws on an event that contradicts what stands; then nothing of the batch is applied.
 */
export async function applyMoneyEvents(book: ProgressBook, received: readonly MoneyEvent[]): Promise<void> {
  const byPurchase = Map.groupBy(received, ({ tenantId, purchaseId }) => `${tenantId} ${purchaseId}`);
  const firsts = [...byPurchase.values()].flatMap((events) => events.slice(0, 1));
  const purchases = await book.lock(firsts);
  const updates: ProgressUpdate[] = [];
  const journals: Journal[] = [];
  for (const progress of purchases) {
    const events = byPurchase.get(`${progress.tenantId} ${progress.purchaseId}`) ?? [];
    const advance = new Advance(progress);
    advance.take(events);
    updates.push(advance.update);
    journals.push(...advance.journals);
  }
  await book.save(updates, journals);
}

/** One purchase on its way through the events that have come for it. */
class Advance {
  readonly journals: Journal[] = [];
  readonly #progress: PurchaseProgress;
  readonly #changed = new Map<CommissionId, OwnedEntry>();
  readonly #waiting = new Map<bigint, MoneyEvent>();
  #sequence: bigint;
  #amountMicros: bigint | undefined;
  #houseMicros: bigint | undefined;

  constructor(progress: PurchaseProgress) {
    this.#progress = progress;
    this.#sequence = progress.sequence;
    this.#amountMicros = progress.amountMicros;
    this.#houseMicros = progress.houseMicros;
    for (const event of progress.setAside) this.#waiting.set(event.sequence, event);
  }

  take(events: readonly MoneyEvent[]): void {
    for (const event of events) {
      if (event.sequence < 1n) throw new Error(`sequences begin at 1, not at ${event.sequence}`);
      if (event.currency !== this.#progress.currency) throw new Error('a purchase has one currency');
      if (event.sequence > this.#sequence && !this.#waiting.has(event.sequence)) {
        this.#waiting.set(event.sequence, event);
      }
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#apply(next);
  }

  get update(): ProgressUpdate {
    const { tenantId, purchaseId, currency, setAside } = this.#progress;
    const known = new Set(setAside.map(({ sequence }) => sequence));
    return {
      tenantId,
      purchaseId,
      currency,
      sequence: this.#sequence,
      amountMicros: this.#amountMicros,
      houseMicros: this.#houseMicros,
      changedEntries: this.#changed,
      taken: [...known].filter((sequence) => sequence <= this.#sequence),
      toSetAside: [...this.#waiting.values()].filter(({ sequence }) => !known.has(sequence)),
    };
  }

  #next(): MoneyEvent | undefined {
    return this.#waiting.get(this.#sequence + 1n);
  }

  #apply(event: MoneyEvent): void {
    const { fact } = event;
    if (fact.kind === 'PurchaseRecorded') {
      if (event.sequence !== 1n) throw new Error('PurchaseRecorded is the first event of a purchase');
      this.#amountMicros = fact.amountMicros;
      this.#houseMicros = fact.houseMicros;
    } else if (event.sequence === 1n) {
      throw new Error(`the first event of a purchase is PurchaseRecorded, not ${fact.kind}`);
    } else if (fact.kind !== 'RefundRecorded') {
      this.#book(event, fact);
    }
    this.#waiting.delete(event.sequence);
    this.#sequence = event.sequence;
  }

  #book(event: MoneyEvent, fact: Extract<MoneyFact, { kind: ChangesKind }>): void {
    const { tenantId, currency, purchaseId, sequence, occurredAt } = event;
    const legs = fact.changes.flatMap((change) => {
      const { commissionId, beneficiaryId, toStatus, netMicros } = change;
      const entry = this.#changed.get(commissionId) ?? this.#progress.entries.get(commissionId);
      const booked = bookChange(fact.kind, change, entry);
      this.#changed.set(commissionId, { beneficiaryId, status: toStatus, netMicros });
      return booked;
    });
    if (fact.kind === 'CommissionsAccrued') this.#checkSplit(fact.changes);
    this.journals.push({
      tenantId,
      eventType: fact.kind,
      currency,
      cause: { kind: 'purchase', purchaseId, sequence, refundId: fact.refundId },
      reason: fact.reason,
      occurredAt,
      legs,
      mayOverdraw: true,
    });
  }

  /** Invariant I5 at the split: what the levels get and what the house keeps is the amount, to the micro. */
  #checkSplit(changes: readonly { netMicros: bigint }[]): void {
    const paid = changes.reduce((sum, { netMicros }) => sum + netMicros, 0n);
    if (paid + (this.#houseMicros ?? 0n) !== this.#amountMicros) {
      throw new Error(`I5: ${paid} and the house's ${this.#houseMicros} are not the amount ${this.#amountMicros}`);
    }
  }
}
