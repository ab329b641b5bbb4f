import { DomainError } from '@dailydoco/errors';
import { validationFailed } from '@dailydoco/http';
import { MAX_PURCHASE_MICROS, type Money } from '@dailydoco/money';
import Stripe from 'stripe';
import { z } from 'zod';
import { asCustomerId, asUserId, isUuid } from '../ids.js';
import type { BillingEvent, BillingFact } from './billing-fact.js';
import type { SignedPayload } from './receive-event.js';
import { fromStripeAmount } from './stripe-amount.js';

// Events have the shape of the API version that their endpoint was made with, whatever the library's own. What changed
// between versions is read in both ways: since 2025-03-31 (basil) neither an invoice names its charge and payment intent
// nor a charge its invoice; the event `invoice_payment.paid` says which payment was for which invoice, and an invoice
// may carry its `payments`. Since 2022-11-15 a charge does not carry its `refunds`.

/** How old a signature may be; the library's default, written down because replays hang on it. */
const TOLERANCE_S = 300;

/**
 * Checks an event's signature and age with Stripe's own library, and says what the event means. Throws SIGNATURE_INVALID
 * when none of the secrets fits or the signature is more than five minutes old, VALIDATION_FAILED for an event that is
 * signed and cannot be read.
 */
export function openStripeEvent(
  payload: SignedPayload,
  { secrets, now }: { secrets: readonly string[]; now: Date },
): BillingEvent {
  const raw = verify(payload, { secrets, now });
  const event = parse(eventSchema, raw);
  const fact = factOf(event);
  return { eventId: event.id, type: event.type, sentAt: new Date(event.created * 1_000), fact };
}

function verify({ body, signature }: SignedPayload, { secrets, now }: { secrets: readonly string[]; now: Date }) {
  let refusal: unknown;
  for (const secret of secrets) {
    try {
      return Stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_S, undefined, now.getTime());
    } catch (error) {
      refusal = error;
    }
  }
  throw new DomainError('SIGNATURE_INVALID', { cause: refusal });
}

const id = z.string().min(1).max(200);
/** What an id may be expanded to. */
const reference = z
  .union([id, z.looseObject({ id })])
  .transform((either) => (typeof either === 'string' ? either : either.id));
const seconds = z.int().min(0).max(253_402_300_799);
const amount = z.int().min(0);

const eventSchema = z.looseObject({
  id,
  object: z.literal('event'),
  type: z.string().min(1).max(200),
  created: seconds,
  data: z.looseObject({ object: z.looseObject({}) }),
});

const payment = z.looseObject({
  payment: z.looseObject({ charge: reference.nullish(), payment_intent: reference.nullish() }),
});

const metadata = z.record(z.string(), z.string()).nullish();

const invoiceSchema = z.looseObject({
  id,
  customer: reference.nullish(),
  amount_paid: amount,
  currency: z.string(),
  status_transitions: z.looseObject({ paid_at: seconds.nullish() }),
  charge: reference.nullish(),
  payment_intent: reference.nullish(),
  payments: z.looseObject({ data: z.array(payment) }).nullish(),
  metadata,
  subscription_details: z.looseObject({ metadata }).nullish(),
  parent: z.looseObject({ subscription_details: z.looseObject({ metadata }).nullish() }).nullish(),
});

const invoicePaymentSchema = z.looseObject({ invoice: reference, ...payment.shape });

const chargeSchema = z.looseObject({
  id,
  amount_refunded: amount,
  currency: z.string(),
  invoice: reference.nullish(),
  payment_intent: reference.nullish(),
  refunds: z
    .looseObject({ data: z.array(z.looseObject({ id, amount, status: z.string().nullish() })), has_more: z.boolean() })
    .nullish(),
});

const refundSchema = z.looseObject({
  id,
  amount,
  currency: z.string(),
  charge: reference.nullish(),
  payment_intent: reference.nullish(),
  status: z.string().nullish(),
});

const disputeSchema = z.looseObject({
  id,
  amount,
  currency: z.string(),
  charge: reference,
  payment_intent: reference.nullish(),
  status: z.string(),
});

type StripeEvent = z.output<typeof eventSchema>;

function factOf({ type, created, data }: StripeEvent): BillingFact | undefined {
  switch (type) {
    case 'invoice.paid':
      return invoicePaid(parse(invoiceSchema, data.object), created);
    case 'invoice_payment.paid': {
      const { invoice, payment: paid } = parse(invoicePaymentSchema, data.object);
      return { kind: 'invoicePaymentMade', invoiceId: invoice, paymentIds: idsOf(paid.charge, paid.payment_intent) };
    }
    case 'charge.refunded':
      return chargeRefunded(parse(chargeSchema, data.object));
    case 'refund.failed':
    case 'refund.updated':
    case 'charge.refund.updated':
      return refundFailed(parse(refundSchema, data.object));
    case 'charge.dispute.created':
    case 'charge.dispute.funds_withdrawn':
      return disputeOpened(parse(disputeSchema, data.object));
    case 'charge.dispute.closed': {
      const { id: disputeId, status } = parse(disputeSchema, data.object);
      return status === 'won' ? { kind: 'disputeWon', disputeId } : undefined;
    }
    default:
      return undefined;
  }
}

/** Nothing was paid (a trial, a credit balance) or nobody is billed: nothing to us. */
function invoicePaid(invoice: z.output<typeof invoiceSchema>, created: number): BillingFact | undefined {
  const { customer, amount_paid: paid, currency, status_transitions: transitions } = invoice;
  if (paid === 0 || customer === null || customer === undefined) return undefined;
  const paymentIds = (invoice.payments?.data ?? []).flatMap(({ payment: each }) =>
    idsOf(each.charge, each.payment_intent),
  );
  return {
    kind: 'invoicePaid',
    invoiceId: invoice.id,
    customerId: asCustomerId(customer),
    userId: userOf(invoice),
    amount: moneyOf(paid, currency, 'amount_paid'),
    occurredAt: new Date((transitions.paid_at ?? created) * 1_000),
    paymentIds: [...new Set([...idsOf(invoice.charge, invoice.payment_intent), ...paymentIds])],
  };
}

/** Where a checkout may have written our user: metadata of the subscription, or of the invoice itself. */
function userOf({ parent, subscription_details: details, metadata: own }: z.output<typeof invoiceSchema>) {
  for (const each of [parent?.subscription_details?.metadata, details?.metadata, own]) {
    const text = each?.['dailydoco_user_id']?.toLowerCase();
    if (text !== undefined && isUuid(text)) return asUserId(text);
  }
  return undefined;
}

function chargeRefunded(charge: z.output<typeof chargeSchema>): BillingFact {
  const refunded = moneyOf(charge.amount_refunded, charge.currency, 'amount_refunded');
  const listed = charge.refunds?.has_more === false ? charge.refunds.data : [];
  return {
    kind: 'chargeRefunded',
    chargeId: charge.id,
    invoiceId: charge.invoice ?? undefined,
    paymentIds: idsOf(charge.id, charge.payment_intent),
    currency: refunded.currency,
    refundedMicros: refunded.amountMicros,
    refunds: listed
      .filter(({ status }) => status !== 'failed' && status !== 'canceled')
      .map((each) => ({
        refundId: each.id,
        amountMicros: moneyOf(each.amount, charge.currency, 'refunds.amount').amountMicros,
      })),
  };
}

/** Refunds that go on, or are of no charge, are nothing to us: `charge.refunded` tells what they took. */
function refundFailed(refund: z.output<typeof refundSchema>): BillingFact | undefined {
  const { id: refundId, charge, status } = refund;
  const failed = status === 'failed' || status === 'canceled';
  if (!failed || charge === null || charge === undefined || refund.amount === 0) return undefined;
  return {
    kind: 'refundFailed',
    refundId,
    chargeId: charge,
    paymentIds: idsOf(charge, refund.payment_intent),
    amount: moneyOf(refund.amount, refund.currency, 'amount'),
  };
}

/** An inquiry (`warning_…`) takes no money; if it becomes a dispute, `charge.dispute.funds_withdrawn` says so. */
function disputeOpened(dispute: z.output<typeof disputeSchema>): BillingFact | undefined {
  if (dispute.status.startsWith('warning_') || dispute.amount === 0) return undefined;
  return {
    kind: 'disputeOpened',
    disputeId: dispute.id,
    paymentIds: idsOf(dispute.charge, dispute.payment_intent),
    amount: moneyOf(dispute.amount, dispute.currency, 'amount'),
  };
}

function moneyOf(units: number, currency: string, path: string): Money {
  const money = fromStripeAmount(units, currency);
  if (money === undefined) throw invalid('currency', 'is not an active ISO 4217 code');
  if (money.amountMicros > MAX_PURCHASE_MICROS) throw invalid(path, 'must be at most 1000000000 units');
  return money;
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: `data.object.${path}`, message }] });
}

function idsOf(...ids: (string | null | undefined)[]): string[] {
  return ids.filter((each) => each !== null && each !== undefined);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  return parsed.data;
}
