import type { CurrencyCode, Money } from '@dailydoco/money';
import type { CustomerId, UserId } from '../ids.js';

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
export type BillingFact = InvoicePaid | InvoicePaymentMade | ChargeRefunded | DisputeOpened | DisputeWon;

/** An event as it was received. */
export interface BillingEvent {
  /** The sender's own id of the event: the same one is never applied twice. */
  readonly eventId: string;
  readonly type: string;
  readonly sentAt: Date;
  /** Undefined: it means nothing to us. */
  readonly fact: BillingFact | undefined;
}

/** One refund to be recorded, under an external id that it will always have. */
export interface RefundPart {
  readonly externalId: string;
  readonly amountMicros: bigint;
}

/**
 * What is left to be recorded of a charge's refunds. Senders tell the sum so far, so an event that comes late, twice or
 * not at all changes nothing about the end. Where all refunds are known by their own ids and the missing ones make up
 * the difference, each is recorded under its own; otherwise the difference is one part, named by the sum it leads to.
 */
export function refundParts(
  { chargeId, refundedMicros, refunds }: Pick<ChargeRefunded, 'chargeId' | 'refundedMicros' | 'refunds'>,
  recorded: readonly RefundPart[],
): RefundPart[] {
  const recordedMicros = recorded.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
  const missingMicros = refundedMicros - recordedMicros;
  if (missingMicros <= 0n) return [];
  const known = new Set(recorded.map(({ externalId }) => externalId));
  const own = refunds
    .filter(({ refundId, amountMicros }) => amountMicros > 0n && !known.has(refundId))
    .map(({ refundId: externalId, amountMicros }) => ({ externalId, amountMicros }));
  if (own.reduce((sum, { amountMicros }) => sum + amountMicros, 0n) === missingMicros) return own;
  return [{ externalId: `${chargeId}:refunded:${refundedMicros}`, amountMicros: missingMicros }];
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
