import type { CurrencyCode, Money } from '@dailydoco/money';
import type { CustomerId, EndpointId, TenantId, UserId } from '../ids.js';

/** An invoice was paid: a purchase by its customer, under the invoice's own id. */
export interface InvoicePaid {
  readonly kind: 'invoicePaid';
  readonly invoiceId: string;
  readonly customerId: CustomerId;
  /** What the checkout said about who the customer is, if anything. */
  readonly userId: UserId | undefined;
  readonly amount: Money;
  readonly occurredAt: Date;
  /** Charges and payment intents that paid it, as far as the event says. */
  readonly paymentIds: readonly string[];
}

/** A payment was for an invoice: how refunds and disputes, which know the payment, find the purchase. */
export interface InvoicePaymentMade {
  readonly kind: 'invoicePaymentMade';
  readonly invoiceId: string;
  readonly paymentIds: readonly string[];
}

/** A charge has been refunded up to a sum, in one or more refunds. */
export interface ChargeRefunded {
  readonly kind: 'chargeRefunded';
  readonly chargeId: string;
  readonly invoiceId: string | undefined;
  readonly paymentIds: readonly string[];
  readonly currency: CurrencyCode;
  /** All that was refunded of the charge so far, this event included. */
  readonly refundedMicros: bigint;
  /** The refunds that make up that sum, where the event carries them all. */
  readonly refunds: readonly { readonly refundId: string; readonly amountMicros: bigint }[];
}

/** A refund of a charge failed or was cancelled after it was told: the money did not go back. */
export interface RefundFailed {
  readonly kind: 'refundFailed';
  readonly refundId: string;
  readonly chargeId: string;
  readonly paymentIds: readonly string[];
  readonly amount: Money;
}

/** The customer's bank took the money back. */
export interface DisputeOpened {
  readonly kind: 'disputeOpened';
  readonly disputeId: string;
  readonly paymentIds: readonly string[];
  readonly amount: Money;
}

/** The bank gave it back. */
export interface DisputeWon {
  readonly kind: 'disputeWon';
  readonly disputeId: string;
}

/** What an event of a billing system means to us, without the sender's words. */
export type BillingFact = InvoicePaid | InvoicePaymentMade | ChargeRefunded | RefundFailed | DisputeOpened | DisputeWon;

/** An event as it was received. */
export interface BillingEvent {
  /** The sender's own id of the event: the same one is never applied twice. */
  readonly eventId: string;
  readonly type: string;
  readonly sentAt: Date;
  /** Undefined: it means nothing to us. */
  readonly fact: BillingFact | undefined;
}

/** An event to be applied, and whose it is. */
export interface ReceivedEvent {
  readonly tenantId: TenantId;
  readonly endpointId: EndpointId;
  readonly stream: string;
  readonly eventId: string;
  readonly fact: BillingFact;
  /** When the sender made it. */
  readonly sentAt: Date;
  readonly receivedAt: Date;
  /** This try included. */
  readonly attempts: number;
}

/** How much of a chargeback the rest of a purchase can bear. */
export function chargebackTaken(
  purchase: { readonly amountMicros: bigint; readonly refundedMicros: bigint },
  disputedMicros: bigint,
): { takenMicros: bigint; excessMicros: bigint } {
  const leftMicros = purchase.amountMicros - purchase.refundedMicros;
  const takenMicros = disputedMicros < leftMicros ? disputedMicros : leftMicros;
  return { takenMicros, excessMicros: disputedMicros - takenMicros };
}

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 10 * 60_000;
const ABANDONED_AFTER_MS = 60 * 86_400_000;

/**
 * When an event whose purchase is not there is looked at again: after 5 s, 10 s, 20 s … 10 minutes. Undefined after 60
 * days: the purchase will not come, and somebody should look.
 */
export function tryAgainAt(event: { attempts: number; receivedAt: Date }, now: Date): Date | undefined {
  if (now.getTime() - event.receivedAt.getTime() > ABANDONED_AFTER_MS) return undefined;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(event.attempts - 1, 16));
  return new Date(now.getTime() + pauseMs);
}
