// Events in the shapes that Stripe publishes for API version 2026-10-28 (endive), shortened to what a reader needs to
// recognise them; `legacy` has the members of the versions before 2025-03-31 (basil), where they differ.

export interface StripeEventBody {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: Record<string, unknown>; readonly previous_attributes?: Record<string, unknown> };
  readonly livemode: boolean;
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: string;
}

let made = 0;

/** A new id as Stripe spells it: `in_1Sx…`. */
export function stripeId(prefix: string): string {
  made += 1;
  return `${prefix}_1Sx${String(made).padStart(6, '0')}LkdIwHu7ix${Math.random().toString(36).slice(2, 8)}`;
}

export function stripeEvent(
  type: string,
  object: Record<string, unknown>,
  other: Partial<StripeEventBody> = {},
): StripeEventBody {
  return {
    id: stripeId('evt'),
    object: 'event',
    api_version: '2026-10-28.endive',
    created: 1_780_315_200,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    ...other,
  };
}

/** An invoice of a subscription that was paid: 79.00 USD at 2026-06-01T11:59:00Z. */
export function paidInvoice(other: Record<string, unknown> = {}): Record<string, unknown> & { id: string } {
  return {
    id: stripeId('in'),
    object: 'invoice',
    amount_due: 7900,
    amount_overpaid: 0,
    amount_paid: 7900,
    amount_remaining: 0,
    auto_advance: false,
    billing_reason: 'subscription_cycle',
    collection_method: 'charge_automatically',
    created: 1_780_311_600,
    currency: 'usd',
    customer: 'cus_NffrFeUfNV2Hib',
    customer_email: 'jennyrosen@example.com',
    customer_name: 'Jenny Rosen',
    lines: { object: 'list', data: [], has_more: false, total_count: 1, url: '/v1/invoices/in/lines' },
    livemode: false,
    metadata: {},
    number: 'D2B1FA4C-0001',
    parent: {
      quote_details: null,
      subscription_details: { metadata: {}, subscription: 'sub_1MowQVLkdIwHu7ixeRlqHVzs' },
      type: 'subscription_details',
    },
    period_end: 1_780_311_600,
    period_start: 1_777_719_600,
    status: 'paid',
    status_transitions: {
      finalized_at: 1_780_315_080,
      marked_uncollectible_at: null,
      paid_at: 1_780_315_140,
      voided_at: null,
    },
    subtotal: 7900,
    total: 7900,
    ...other,
  };
}

/** Which payment was for which invoice: what `invoice_payment.paid` carries. */
export function invoicePayment(invoiceId: string, paymentIntentId: string): Record<string, unknown> {
  return {
    id: stripeId('inpay'),
    object: 'invoice_payment',
    amount_paid: 7900,
    amount_requested: 7900,
    created: 1_780_315_080,
    currency: 'usd',
    invoice: invoiceId,
    is_default: true,
    livemode: false,
    payment: { payment_intent: paymentIntentId, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: 1_780_315_140 },
  };
}

/** A charge as `charge.refunded` carries it: `amount_refunded` is the sum so far. */
export function refundedCharge(
  charge: { id: string; paymentIntentId: string; refunded: number },
  other: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    id: charge.id,
    object: 'charge',
    amount: 7900,
    amount_captured: 7900,
    amount_refunded: charge.refunded,
    balance_transaction: 'txn_3MmlLrLkdIwHu7ix0uke3Ezy',
    billing_details: { address: null, email: null, name: 'Jenny Rosen', phone: null, tax_id: null },
    captured: true,
    created: 1_780_315_140,
    currency: 'usd',
    customer: 'cus_NffrFeUfNV2Hib',
    disputed: false,
    livemode: false,
    metadata: {},
    outcome: { network_status: 'approved_by_network', type: 'authorized' },
    paid: true,
    payment_intent: charge.paymentIntentId,
    refunded: charge.refunded === 7900,
    status: 'succeeded',
    ...other,
  };
}

/** A refund as `refund.failed`, `refund.updated` and `charge.refund.updated` carry it. */
export function refundOf(
  charge: { id: string; paymentIntentId: string },
  other: Record<string, unknown> = {},
): Record<string, unknown> & { id: string } {
  return {
    id: stripeId('re'),
    object: 'refund',
    amount: 1000,
    balance_transaction: 'txn_1Nispe2eZvKYlo2Cd31jOCgZ',
    charge: charge.id,
    created: 1_780_315_200,
    currency: 'usd',
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number' },
      type: 'card',
    },
    failure_balance_transaction: 'txn_1NirtpF2eZvKYlo2CRbMBIkd',
    failure_reason: 'lost_or_stolen_card',
    metadata: {},
    payment_intent: charge.paymentIntentId,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'failed',
    transfer_reversal: null,
    ...other,
  };
}

/** A dispute as `charge.dispute.created` and `charge.dispute.closed` carry it. */
export function dispute(
  about: { chargeId: string; paymentIntentId: string },
  other: Record<string, unknown> = {},
): Record<string, unknown> & { id: string } {
  return {
    id: stripeId('du'),
    object: 'dispute',
    amount: 7900,
    balance_transactions: [],
    charge: about.chargeId,
    created: 1_780_401_600,
    currency: 'usd',
    enhanced_eligibility_types: [],
    evidence: {},
    evidence_details: { due_by: 1_781_006_400, has_evidence: false, past_due: false, submission_count: 0 },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: about.paymentIntentId,
    reason: 'fraudulent',
    status: 'needs_response',
    ...other,
  };
}
