import { DomainError, isTransient } from '@dailydoco/errors';
import type { IncomingPurchase } from '../customers/unattributed-purchase.js';
import type { CustomerId, PurchaseId, TenantId, UserId } from '../ids.js';
import { recordRefund } from '../refunds/record-refund.js';
import { restoreChargeback } from '../refunds/restore-chargeback.js';
import {
  chargebackTaken,
  type DisputeOpened,
  type DisputeWon,
  type InvoicePaid,
  type ReceivedEvent,
  tryAgainAt,
} from './billing-fact.js';
import { type ChargeBook, PURCHASE_MISSING, settleCharge } from './settle-charge.js';

export type Applied =
  | { readonly status: 'applied' }
  /** What it is about is not there yet. */
  | { readonly status: 'parked'; readonly reason: string; readonly tryAfter: Date }
  | { readonly status: 'refused' | 'abandoned'; readonly reason: string };

export interface EventQueue {
  /** Events that are due, in the order of arrival; nobody else gets them for a minute. */
  take(now: Date, limit: number): Promise<ReceivedEvent[]>;
  settle(event: ReceivedEvent, applied: Applied, now: Date): Promise<void>;
}

/** What a billing system's events did, in an open database transaction. */
export interface BillingBook extends ChargeBook {
  linkPayments(event: ReceivedEvent, link: { invoiceId: string; paymentIds: readonly string[] }): Promise<void>;
  hasExcess(event: ReceivedEvent, disputeId: string): Promise<boolean>;
  addExcess(event: ReceivedEvent, excess: ChargebackExcess): Promise<void>;
}

export interface ChargebackExcess {
  readonly disputeId: string;
  readonly purchaseId: PurchaseId;
  readonly takenMicros: bigint;
  readonly excessMicros: bigint;
  readonly currency: string;
  readonly recordedAt: Date;
}

export interface ApplyEventsDependencies {
  readonly queue: EventQueue;
  readonly recordPurchase: (order: IncomingPurchase) => Promise<unknown>;
  /** Throws USER_UNKNOWN, CUSTOMER_CONFLICT, UNAVAILABLE. */
  readonly mapCustomer: (order: {
    tenantId: TenantId;
    customerId: CustomerId;
    userId: UserId;
    mappedBy: string;
  }) => Promise<unknown>;
  readonly withBook: <T>(work: (book: BillingBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  /** What became of each event, for the metric. */
  readonly settled: (status: Applied['status']) => void;
  /** An event failed for a reason that is no answer: a store that is away, or a fault of ours. */
  readonly failed: (event: ReceivedEvent, error: unknown) => void;
}

/** Most events that one run takes. */
const EVENTS_AT_ONCE = 50;

/**
 * Applies the events of billing systems in the order of their arrival. Every effect has a key of its own (the invoice,
 * the refund, the dispute), so an event that is applied twice, by two replicas or after a crash, changes nothing more.
 * What came before the thing it is about is parked and looked at again.
 */
export class ApplyEvents {
  readonly #dependencies: ApplyEventsDependencies;

  constructor(dependencies: ApplyEventsDependencies) {
    this.#dependencies = dependencies;
  }

  /** One batch. Returns true when there may be more to do at once. */
  async runOnce(): Promise<boolean> {
    const { queue, clock, settled } = this.#dependencies;
    const events = await queue.take(clock.now(), EVENTS_AT_ONCE);
    for (const event of events) {
      const applied = await this.#apply(event);
      await queue.settle(event, applied, clock.now());
      settled(applied.status);
    }
    return events.length === EVENTS_AT_ONCE;
  }

  async #apply(event: ReceivedEvent): Promise<Applied> {
    try {
      const missing = await this.#effect(event);
      return missing === undefined ? { status: 'applied' } : this.#later(event, missing);
    } catch (error) {
      if (error instanceof DomainError && !isTransient(error)) return this.#refusal(event, error);
      this.#dependencies.failed(event, error);
      return this.#later(event, 'UNAVAILABLE');
    }
  }

  /** A purchase that has no buyer yet will have one; everything else that is refused stays refused. */
  #refusal(event: ReceivedEvent, { reason }: DomainError): Applied {
    return reason === 'PURCHASE_UNATTRIBUTED' ? this.#later(event, reason) : { status: 'refused', reason };
  }

  #later(event: ReceivedEvent, reason: string): Applied {
    const tryAfter = tryAgainAt(event, this.#dependencies.clock.now());
    return tryAfter === undefined ? { status: 'abandoned', reason } : { status: 'parked', reason, tryAfter };
  }

  /** Returns the reason when what the event is about is not there yet. */
  #effect(event: ReceivedEvent): Promise<string | undefined> {
    const { withBook, clock, newId } = this.#dependencies;
    const { fact } = event;
    const given = { now: clock.now(), newId };
    switch (fact.kind) {
      case 'invoicePaid':
        return this.#recordInvoice(event, fact);
      case 'invoicePaymentMade':
        return withBook(async (book) => {
          await book.linkPayments(event, fact);
          return undefined;
        });
      case 'chargeRefunded':
      case 'refundFailed':
        return withBook((book) => settleCharge(book, { event, fact, given }));
      case 'disputeOpened':
        return withBook((book) => chargeBack(book, { event, fact, given }));
      case 'disputeWon':
        return withBook((book) => winBack(book, { event, fact, given }));
    }
  }

  async #recordInvoice(event: ReceivedEvent, fact: InvoicePaid): Promise<undefined> {
    const { withBook, recordPurchase } = this.#dependencies;
    const { tenantId, stream } = event;
    const { invoiceId, customerId, amount, occurredAt, userId } = fact;
    await withBook((book) => book.linkPayments(event, fact));
    if (userId !== undefined) await this.#map(event, { customerId, userId });
    await recordPurchase({
      tenantId,
      externalId: invoiceId,
      customerId,
      amount,
      stream,
      websiteId: undefined,
      occurredAt,
      metadata: undefined,
    });
  }

  /** What a checkout says holds as long as nobody said otherwise, and as long as there is such a user. */
  async #map(event: ReceivedEvent, who: { customerId: CustomerId; userId: UserId }): Promise<void> {
    const { tenantId, endpointId } = event;
    try {
      await this.#dependencies.mapCustomer({ tenantId, ...who, mappedBy: `webhook:${endpointId}` });
    } catch (error) {
      const holds = error instanceof DomainError && ['CUSTOMER_CONFLICT', 'USER_UNKNOWN'].includes(error.reason);
      if (!holds) throw error;
    }
  }
}

interface Step<Fact> {
  readonly event: ReceivedEvent;
  readonly fact: Fact;
  readonly given: { readonly now: Date; readonly newId: () => string };
}

async function chargeBack(book: BillingBook, { event, fact, given }: Step<DisputeOpened>): Promise<string | undefined> {
  const { tenantId } = event;
  const { disputeId, amount } = fact;
  const purchaseId = await book.findPurchaseOf(event, { invoiceId: undefined, paymentIds: fact.paymentIds });
  if (purchaseId === undefined) return PURCHASE_MISSING;
  const purchase = await book.lockPurchase(tenantId, purchaseId);
  if (purchase === undefined) throw new DomainError('PURCHASE_UNATTRIBUTED');
  if (await isKnown(book, event, disputeId)) return undefined;
  if (amount.currency !== purchase.currency) throw new DomainError('CURRENCY_MISMATCH');
  const { takenMicros, excessMicros } = chargebackTaken(purchase, amount.amountMicros);
  if (takenMicros > 0n) {
    const requested = { amountMicros: takenMicros, currency: purchase.currency };
    await recordRefund(book, { tenantId, purchaseId, externalId: disputeId, reason: 'chargeback', requested }, given);
  }
  if (excessMicros > 0n) {
    const { currency } = purchase;
    await book.addExcess(event, { disputeId, purchaseId, takenMicros, excessMicros, currency, recordedAt: given.now });
  }
  return undefined;
}

async function isKnown(book: BillingBook, event: ReceivedEvent, disputeId: string): Promise<boolean> {
  return (
    (await book.findByExternalId(event.tenantId, disputeId)) !== undefined || (await book.hasExcess(event, disputeId))
  );
}

async function winBack(book: BillingBook, { event, fact, given }: Step<DisputeWon>): Promise<string | undefined> {
  const { tenantId } = event;
  const refund = await book.findByExternalId(tenantId, fact.disputeId);
  if (refund === undefined) {
    // Nothing was left to take, so there is nothing to give back; else the dispute itself is still to come.
    return (await book.hasExcess(event, fact.disputeId)) ? undefined : 'REFUND_UNKNOWN';
  }
  await restoreChargeback(book, { tenantId, refundId: refund.id, at: given.now });
  return undefined;
}
