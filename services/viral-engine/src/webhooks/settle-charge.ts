import { DomainError } from '@dailydoco/errors';
import type { PurchaseId } from '../ids.js';
import { recordRefund, type RefundBook } from '../refunds/record-refund.js';
import { type ChargebackBook, undoRefund } from '../refunds/restore-chargeback.js';
import type { ChargeRefunded, ReceivedEvent, RefundFailed } from './billing-fact.js';
import {
  type ChargeHistory,
  type ChargeSum,
  type FailedRefund,
  type RefundPart,
  settleParts,
} from './charge-refunds.js';

/** What was told of charges, in an open database transaction. */
export interface ChargeBook extends RefundBook, ChargebackBook {
  /** The purchase that was recorded for the invoice, or for the one that a payment was for. */
  findPurchaseOf(
    event: ReceivedEvent,
    by: { invoiceId: string | undefined; paymentIds: readonly string[] },
  ): Promise<PurchaseId | undefined>;
  /** An event that is there already changes nothing. */
  addChargeSum(event: ReceivedEvent, chargeId: string, sum: ChargeSum): Promise<void>;
  /** A refund fails once, whatever tells of it. */
  addFailedRefund(event: ReceivedEvent, chargeId: string, failed: FailedRefund): Promise<void>;
  readCharge(event: ReceivedEvent, chargeId: string): Promise<Omit<ChargeHistory, 'refunds'>>;
  addChargeRefund(event: ReceivedEvent, chargeId: string, part: RefundPart): Promise<void>;
}

export const PURCHASE_MISSING = 'PURCHASE_UNKNOWN';

interface Settling {
  readonly event: ReceivedEvent;
  readonly fact: ChargeRefunded | RefundFailed;
  readonly given: { readonly now: Date; readonly newId: () => string };
}

/**
 * Notes what an event tells of a charge, and records refunds, or undoes what was recorded, until the purchase says what
 * stands refunded of the charge. Returns the reason when the purchase is not there yet.
 */
export async function settleCharge(book: ChargeBook, { event, fact, given }: Settling): Promise<string | undefined> {
  await book.shareSplitLock();
  const { tenantId } = event;
  const { chargeId, paymentIds } = fact;
  const invoiceId = fact.kind === 'chargeRefunded' ? fact.invoiceId : undefined;
  const purchaseId = await book.findPurchaseOf(event, { invoiceId, paymentIds });
  if (purchaseId === undefined) return PURCHASE_MISSING;
  // Under the purchase's lock, so that two events about one charge count one after the other.
  if ((await book.lockPurchase(tenantId, purchaseId)) === undefined) throw new DomainError('PURCHASE_UNATTRIBUTED');
  await note(book, event, fact);
  const currency = fact.kind === 'chargeRefunded' ? fact.currency : fact.amount.currency;
  const refunds = fact.kind === 'chargeRefunded' ? fact.refunds : [];
  const { undo, add } = settleParts({ ...(await book.readCharge(event, chargeId)), refunds });
  for (const { externalId } of undo) {
    const refund = await book.findByExternalId(tenantId, externalId);
    if (refund === undefined) throw new Error('A part that was recorded is a refund');
    await undoRefund(book, { tenantId, refundId: refund.id, at: given.now });
  }
  for (const part of add) {
    const requested = { amountMicros: part.amountMicros, currency };
    const order = { tenantId, purchaseId, externalId: part.externalId, reason: 'requested', requested } as const;
    await recordRefund(book, order, given);
    await book.addChargeRefund(event, chargeId, part);
  }
  return undefined;
}

async function note(book: ChargeBook, event: ReceivedEvent, fact: Settling['fact']): Promise<void> {
  const { chargeId } = fact;
  const toldAt = event.sentAt;
  if (fact.kind === 'chargeRefunded') {
    return book.addChargeSum(event, chargeId, { toldAt, refundedMicros: fact.refundedMicros });
  }
  const { refundId: externalId, amount } = fact;
  return book.addFailedRefund(event, chargeId, { externalId, amountMicros: amount.amountMicros, toldAt });
}
