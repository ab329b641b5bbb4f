import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { Customers } from '../src/customers/customers.js';
import { RecordPurchase } from '../src/purchases/record-purchase.js';
import type { ApplyEvents } from '../src/webhooks/apply-events.js';
import { applyEvents } from '../src/webhooks/webhooks.module.js';
import { type Edges, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';
import {
  dispute,
  invoicePayment,
  paidInvoice,
  refundedCharge,
  refundOf,
  type StripeEventBody,
  stripeEvent,
  stripeId,
} from './stripe-events.js';
import { type Sender, StripeSide } from './stripe-sender.js';

let engine: Engine;
let edges: Edges;
let stripe: StripeSide;
let worker: ApplyEvents;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  stripe = new StripeSide({ engine, edges });
  worker = applyEvents(edges.runtime, { recordPurchase: edges.get(RecordPurchase), customers: edges.get(Customers) });
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

const newSecret = () => stripe.newSecret();
const sender = (levels?: number) => stripe.sender(levels);
const send: StripeSide['send'] = (...args) => stripe.send(...args);

async function deliver(to: Sender, ...events: StripeEventBody[]): Promise<void> {
  for (const event of events) expect((await send(to, event)).status).toBe(200);
  await applyAll();
}

async function applyAll(): Promise<void> {
  let more = true;
  while (more) more = await worker.runOnce();
}

async function eventsOf(to: Sender, status?: string) {
  const query = status === undefined ? '' : `?status=${status}`;
  const { body } = await edges.call('GET', `/v1/webhook-endpoints/${to.endpointId}/events${query}`, { as: to.admin });
  return body.items;
}

const purchaseOf = async (to: Sender, invoiceId: string) =>
  (await edges.call('GET', `/v1/purchases?externalId=${invoiceId}`, { as: to.key })).body;

/** A sale by Stripe: the invoice, its payment, and the charge behind it. */
async function sold(to: Sender, other: Record<string, unknown> = {}) {
  const invoice = paidInvoice(other);
  const payment = { id: stripeId('ch'), paymentIntentId: stripeId('pi') };
  await deliver(
    to,
    stripeEvent('invoice.paid', invoice),
    stripeEvent('invoice_payment.paid', invoicePayment(invoice.id, payment.paymentIntentId)),
  );
  const purchase = await purchaseOf(to, invoice.id);
  const about = { chargeId: payment.id, paymentIntentId: payment.paymentIntentId };
  const refund = (refunded: number, more: Record<string, unknown> = {}) =>
    stripeEvent('charge.refunded', refundedCharge({ ...payment, refunded }, more));
  const stands = async () => {
    const { refunded, netTotal } = await purchaseOf(to, invoice.id);
    return [refunded.amount, netTotal.amount];
  };
  return { invoice, payment, purchase, about, refund, stands };
}

describe('An event', () => {
  const invoicePaid = () => stripeEvent('invoice.paid', paidInvoice());

  it('with a wrong signature, none, or for other bytes is refused, and nothing is written', async () => {
    const to = await sender();
    const wrong = await send(to, invoicePaid(), { secret: newSecret() });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    const none = await edges.call('POST', to.path, { body: invoicePaid(), key: null });
    expect([none.status, none.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    const payload = JSON.stringify(invoicePaid());
    const timestamp = Math.floor(engine.clock.now().getTime() / 1_000);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: to.secret, timestamp });
    const other = await edges.call('POST', to.path, {
      body: payload.replace('7900', '9900'),
      key: null,
      headers: { 'stripe-signature': signature },
    });
    expect([other.status, other.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    expect(await eventsOf(to)).toEqual([]);
  });

  it('signed more than five minutes ago is refused', async () => {
    const to = await sender();
    const at = (agoS: number) => new Date(engine.clock.now().getTime() - agoS * 1_000);
    const old = await send(to, invoicePaid(), { at: at(301) });
    expect([old.status, old.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    expect((await send(to, invoicePaid(), { at: at(300) })).status).toBe(200);
  });

  it('that comes twice, also many times at once, is applied once', async () => {
    const to = await sender();
    const event = invoicePaid();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(to, event)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
    await applyAll();
    expect((await send(to, event)).body).toEqual({ received: true, duplicate: true, ignored: false });
    await applyAll();
    expect(await eventsOf(to)).toMatchObject([{ eventId: event.id, status: 'applied', attempts: 1 }]);
  });

  it('for an endpoint that does not exist is 404', async () => {
    const to = await sender();
    const nowhere = { ...to, path: `/v1/webhooks/stripe/${engine.newId()}` };
    expect((await send(nowhere, invoicePaid())).status).toBe(404);
  });

  it.each([
    ['a type nobody takes', stripeEvent('customer.created', { id: 'cus_1', object: 'customer' })],
    ['an invoice of which nothing was paid', stripeEvent('invoice.paid', paidInvoice({ amount_paid: 0 }))],
    ['a dispute that was lost', stripeEvent('charge.dispute.closed', dispute(nobody(), { status: 'lost' }))],
    ['an inquiry', stripeEvent('charge.dispute.created', dispute(nobody(), { status: 'warning_needs_response' }))],
  ])('of %s is 200 and ignored', async (_, event) => {
    const to = await sender();
    const answer = await send(to, event);
    expect([answer.status, answer.body]).toEqual([200, { received: true, duplicate: false, ignored: true }]);
    expect(await eventsOf(to)).toEqual([]);
  });

  it.each([
    ['no customer id', paidInvoice({ customer: { object: 'customer' } })],
    ['a currency that is none', paidInvoice({ currency: 'xxx' })],
    ['an amount that is not whole', paidInvoice({ amount_paid: 79.5 })],
    ['an amount above the limit', paidInvoice({ amount_paid: 100_000_000_001 })],
    ['no transitions', paidInvoice({ status_transitions: undefined })],
  ])('that is signed and has %s is 400, and nothing is written', async (_, invoice) => {
    const to = await sender();
    const answer = await send(to, stripeEvent('invoice.paid', invoice));
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(await eventsOf(to)).toEqual([]);
  });

  it('keeps nothing that names a person', async () => {
    const to = await sender();
    await deliver(to, invoicePaid());
    const { rows } = await engine.pool.query<{ text: string }>(
      'SELECT row_to_json(e)::text AS text FROM webhook_event e WHERE endpoint_id = $1',
      [to.endpointId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.text).not.toMatch(/jenny/i);
  });

  it('too large is 413', async () => {
    const to = await sender();
    const large = { ...invoicePaid(), request: { id: 'x'.repeat(1_100_000), idempotency_key: null } };
    expect((await send(to, large)).status).toBe(413);
  });
});

describe('invoice.paid', () => {
  it('is a purchase by its customer under its own id, of the time when it was paid', async () => {
    const to = await sender();
    const { invoice, purchase } = await sold(to);
    expect(purchase).toMatchObject({
      externalId: invoice.id,
      status: 'recorded',
      buyerId: to.people[0],
      amount: usd('79.00'),
      stream: 'subscription',
      occurredAt: '2026-06-01T11:59:00.000Z',
      total: usd('15.80'),
    });
  });

  it.each([
    ['usd', 7900, '79.00'],
    ['jpy', 7900, '7900.00'],
    ['kwd', 7900, '7.90'],
    ['isk', 7900, '79.00'],
    ['ugx', 7900, '79.00'],
    ['mga', 7900, '7900.00'],
  ])('in %s counts in the smallest unit that Stripe has for it', async (currency, units, amount) => {
    const to = await sender();
    const { purchase } = await sold(to, { currency, amount_paid: units });
    expect(purchase.amount).toEqual({ amount, currency: currency.toUpperCase() });
  });

  it('of a customer who is nobody yet stays unattributed', async () => {
    const to = await sender();
    const { purchase } = await sold(to, { customer: 'cus_unknown' });
    expect(purchase).toMatchObject({ status: 'unattributed', customerId: 'cus_unknown' });
  });

  it('may say at the checkout which user the customer is', async () => {
    const to = await sender();
    const metadata = { dailydoco_user_id: to.people[0]!.toUpperCase() };
    const parent = { type: 'subscription_details', subscription_details: { metadata, subscription: 'sub_1' } };
    const { purchase } = await sold(to, { customer: { id: 'cus_expanded', object: 'customer' }, parent });
    expect(purchase).toMatchObject({ status: 'recorded', buyerId: to.people[0] });
    const customer = await edges.call('GET', '/v1/customers?customerId=cus_expanded', { as: to.key });
    expect(customer.body.mappedBy).toBe(`webhook:${to.endpointId}`);
  });

  it('that names a user nobody knows is recorded all the same', async () => {
    const to = await sender();
    const { purchase } = await sold(to, { customer: 'cus_2', metadata: { dailydoco_user_id: engine.newId() } });
    expect(purchase.status).toBe('unattributed');
  });

  it('that clashes with what was told by the API is refused, and can be seen', async () => {
    const to = await sender();
    const invoice = paidInvoice();
    const body = { externalId: invoice.id, buyerId: to.people[0], amount: usd('1.00'), stream: 'subscription' };
    await edges.call('POST', '/v1/purchases', { as: to.key, body });
    await deliver(to, stripeEvent('invoice.paid', invoice));
    expect(await eventsOf(to, 'refused')).toMatchObject([{ type: 'invoice.paid', reason: 'PURCHASE_CONFLICT' }]);
  });
});

describe('A refund that fails', () => {
  const later = (event: StripeEventBody, seconds: number) => ({ ...event, created: event.created + seconds });

  it('gives back what it took, once, whatever tells of it and how often', async () => {
    const to = await sender();
    const sale = await sold(to);
    const failed = refundOf(sale.payment);
    await deliver(to, sale.refund(1000), later(sale.refund(3000), 10));
    expect(await sale.stands()).toEqual(['30.00', '9.80']);
    const tells = ['refund.failed', 'refund.updated', 'charge.refund.updated'];
    await deliver(to, ...tells.map((type) => later(stripeEvent(type, failed), 20)));
    await deliver(to, later(stripeEvent('refund.failed', failed), 25));
    expect(await sale.stands()).toEqual(['20.00', '11.80']);
    await deliver(to, later(sale.refund(7900), 30));
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
    const { body } = await edges.call('GET', `/v1/commissions/${sale.purchase.commissions[0].id}`, { as: to.admin });
    const reasons = body.changes.map(({ reason }: { reason: string }) => reason);
    expect(reasons).toEqual(['refund', 'refund', 'refund_failed', 'refund']);
    expect((await eventsOf(to)).every((event: { status: string }) => event.status === 'applied')).toBe(true);
  });

  it('that was told together with another leaves the other standing', async () => {
    const to = await sender();
    const sale = await sold(to);
    await deliver(to, sale.refund(3000));
    await deliver(to, later(stripeEvent('refund.failed', refundOf(sale.payment)), 5));
    expect(await sale.stands()).toEqual(['20.00', '11.80']);
  });

  it('before it was counted takes nothing when the charge is told late', async () => {
    const to = await sender();
    const sale = await sold(to);
    const canceled = refundOf(sale.payment, { status: 'canceled', failure_reason: null });
    await deliver(to, later(stripeEvent('refund.updated', canceled), 5), sale.refund(1000));
    expect(await sale.stands()).toEqual(['0.00', '15.80']);
  });

  it('is nothing while it goes on, and waits for its purchase like every other event', async () => {
    const to = await sender();
    const goesOn = stripeEvent(
      'refund.updated',
      refundOf({ id: stripeId('ch'), paymentIntentId: stripeId('pi') }, { status: 'pending' }),
    );
    expect((await send(to, goesOn)).body.ignored).toBe(true);
    await deliver(to, stripeEvent('refund.failed', refundOf({ id: stripeId('ch'), paymentIntentId: stripeId('pi') })));
    expect(await eventsOf(to, 'parked')).toMatchObject([{ reason: 'PURCHASE_UNKNOWN' }]);
  });
});

describe('charge.refunded', () => {
  it('takes back what was refunded, in parts that add up, whatever comes twice or out of order', async () => {
    const to = await sender();
    const sale = await sold(to);
    await deliver(to, sale.refund(1000));
    expect(await sale.stands()).toEqual(['10.00', '13.80']);
    await deliver(to, sale.refund(7900), sale.refund(3000));
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
    const { body } = await edges.call('GET', `/v1/purchases/${sale.purchase.id}/refunds`, { as: to.key });
    expect(body.items.map((refund: { amount: object }) => refund.amount)).toEqual(['10.00', '69.00'].map(usd));
    expect((await eventsOf(to)).every((event: { status: string }) => event.status === 'applied')).toBe(true);
  });

  it('records refunds under their own ids where the charge carries them', async () => {
    const to = await sender();
    const sale = await sold(to);
    const refunds = (...data: { id: string; amount: number; status: string }[]) => ({
      refunds: { object: 'list', data, has_more: false, url: '/v1/charges/ch/refunds' },
    });
    const first = { id: stripeId('re'), amount: 1000, status: 'succeeded' };
    const second = { id: stripeId('re'), amount: 500, status: 'succeeded' };
    const failed = { id: stripeId('re'), amount: 700, status: 'failed' };
    await deliver(to, sale.refund(1000, refunds(first)), sale.refund(1500, refunds(second, failed, first)));
    const { body } = await edges.call('GET', `/v1/purchases/${sale.purchase.id}/refunds`, { as: to.key });
    expect(body.items.map((refund: { externalId: string }) => refund.externalId)).toEqual([first.id, second.id]);
    expect(await sale.stands()).toEqual(['15.00', '12.80']);
  });

  it('finds its purchase by the invoice and charge that versions before basil name', async () => {
    const to = await sender();
    const chargeId = stripeId('ch');
    const invoice = paidInvoice({ charge: chargeId, payment_intent: stripeId('pi') });
    const other = paidInvoice();
    const refund = (id: string, more: object) =>
      stripeEvent(
        'charge.refunded',
        refundedCharge({ id, paymentIntentId: stripeId('pi'), refunded: 7900 }, { ...more }),
      );
    await deliver(
      to,
      stripeEvent('invoice.paid', invoice),
      stripeEvent('invoice.paid', other),
      refund(chargeId, {}),
      refund(stripeId('ch'), { invoice: other.id }),
    );
    for (const { id } of [invoice, other]) expect((await purchaseOf(to, id)).refunded).toEqual(usd('79.00'));
  });

  it('finds its purchase by the payments that an invoice may carry', async () => {
    const to = await sender();
    const paymentIntentId = stripeId('pi');
    const invoice = paidInvoice();
    const payments = { object: 'list', data: [invoicePayment(invoice.id, paymentIntentId)], has_more: false };
    const charge = { id: stripeId('ch'), paymentIntentId, refunded: 7900 };
    await deliver(
      to,
      stripeEvent('invoice.paid', { ...invoice, payments }),
      stripeEvent('charge.refunded', refundedCharge(charge)),
    );
    expect((await purchaseOf(to, invoice.id)).refunded).toEqual(usd('79.00'));
  });

  it('before its purchase is parked, and applied when the purchase is there', async () => {
    const to = await sender();
    const invoice = paidInvoice();
    const payment = { id: stripeId('ch'), paymentIntentId: stripeId('pi'), refunded: 7900 };
    await deliver(to, stripeEvent('charge.refunded', refundedCharge(payment)));
    expect(await eventsOf(to, 'parked')).toMatchObject([{ reason: 'PURCHASE_UNKNOWN', attempts: 1 }]);
    await deliver(
      to,
      stripeEvent('invoice.paid', invoice),
      stripeEvent('invoice_payment.paid', invoicePayment(invoice.id, payment.paymentIntentId)),
    );
    expect((await purchaseOf(to, invoice.id)).refunded).toEqual(usd('0.00'));
    engine.clock.advance(5_000);
    await applyAll();
    expect((await purchaseOf(to, invoice.id)).refunded).toEqual(usd('79.00'));
    expect(await eventsOf(to, 'parked')).toEqual([]);
  });

  it('whose purchase never comes is abandoned after 60 days', async () => {
    const to = await sender();
    const payment = { id: stripeId('ch'), paymentIntentId: stripeId('pi'), refunded: 7900 };
    await deliver(to, stripeEvent('charge.refunded', refundedCharge(payment)));
    engine.clock.advance(60 * 86_400_000 + 1);
    try {
      await applyAll();
      expect(await eventsOf(to, 'abandoned')).toMatchObject([{ reason: 'PURCHASE_UNKNOWN', attempts: 2 }]);
    } finally {
      engine.clock.set(START);
    }
  });

  it('waits for an unattributed purchase to have a buyer', async () => {
    const to = await sender();
    const sale = await sold(to, { customer: 'cus_later' });
    await deliver(to, sale.refund(7900));
    expect(await eventsOf(to, 'parked')).toMatchObject([{ reason: 'PURCHASE_UNATTRIBUTED' }]);
  });

  it('for more than is left of the purchase is refused, and can be seen', async () => {
    const to = await sender();
    const sale = await sold(to);
    const body = { externalId: 'by hand', amount: usd('70.00'), reason: 'requested' };
    await edges.call('POST', `/v1/purchases/${sale.purchase.id}/refunds`, { as: to.key, body });
    await deliver(to, sale.refund(1000));
    expect(await eventsOf(to, 'refused')).toMatchObject([{ reason: 'REFUND_EXCEEDS_PURCHASE' }]);
    expect(await sale.stands()).toEqual(['70.00', '1.80']);
  });
});

describe('charge.dispute', () => {
  it('created takes the money back once, and won gives it back', async () => {
    const to = await sender();
    const sale = await sold(to);
    const opened = dispute(sale.about);
    await deliver(
      to,
      stripeEvent('charge.dispute.created', opened),
      stripeEvent('charge.dispute.funds_withdrawn', opened),
    );
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
    const closed = { ...opened, status: 'won' };
    await deliver(to, stripeEvent('charge.dispute.closed', closed), stripeEvent('charge.dispute.closed', closed));
    expect(await sale.stands()).toEqual(['0.00', '15.80']);
  });

  it('lost changes nothing more', async () => {
    const to = await sender();
    const sale = await sold(to);
    const opened = dispute(sale.about);
    await deliver(
      to,
      stripeEvent('charge.dispute.created', opened),
      stripeEvent('charge.dispute.closed', { ...opened, status: 'lost' }),
    );
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
  });

  it('won before it was created is parked until it was', async () => {
    const to = await sender();
    const sale = await sold(to);
    const opened = dispute(sale.about);
    await deliver(to, stripeEvent('charge.dispute.closed', { ...opened, status: 'won' }));
    expect(await eventsOf(to, 'parked')).toMatchObject([{ reason: 'REFUND_UNKNOWN' }]);
    await deliver(to, stripeEvent('charge.dispute.created', opened));
    engine.clock.advance(5_000);
    await applyAll();
    expect(await sale.stands()).toEqual(['0.00', '15.80']);
  });

  it('above the rest takes the rest and records the excess; won gives back what was taken', async () => {
    const to = await sender();
    const sale = await sold(to);
    const opened = dispute(sale.about);
    await deliver(to, sale.refund(5900), stripeEvent('charge.dispute.created', opened));
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
    const [seen] = await eventsOf(to);
    expect(seen).toMatchObject({ type: 'charge.dispute.created', status: 'applied', excess: usd('59.00') });
    await deliver(to, stripeEvent('charge.dispute.closed', { ...opened, status: 'won' }));
    expect(await sale.stands()).toEqual(['59.00', '4.00']);
  });

  it('with nothing left takes nothing, and won gives nothing', async () => {
    const to = await sender();
    const sale = await sold(to);
    const opened = dispute(sale.about);
    await deliver(to, sale.refund(7900), stripeEvent('charge.dispute.created', opened));
    await deliver(to, stripeEvent('charge.dispute.closed', { ...opened, status: 'won' }));
    expect(await sale.stands()).toEqual(['79.00', '0.00']);
    const events = await eventsOf(to);
    expect(events.map(({ status, excess }: { status: string; excess: object | null }) => [status, excess])).toEqual(
      expect.arrayContaining([['applied', usd('79.00')]]),
    );
    expect(events.every(({ status }: { status: string }) => status === 'applied')).toBe(true);
  });
});

describe('Applying', () => {
  it('by several replicas at once applies each event once', async () => {
    const to = await sender();
    const sales = await Promise.all(Array.from({ length: 5 }, () => sold(to)));
    const events = sales.flatMap((sale) => [sale.refund(1000), sale.refund(2000), sale.refund(7900)]);
    await Promise.all(events.map((event) => send(to, event)));
    await Promise.all([applyAll(), applyAll(), applyAll()]);
    engine.clock.advance(61_000);
    await applyAll();
    for (const sale of sales) expect(await sale.stands()).toEqual(['79.00', '0.00']);
  });

  it('starts again after a crash between the effect and its being noted', async () => {
    const to = await sender();
    const sale = await sold(to);
    await send(to, sale.refund(1000));
    await applyAll();
    // As if the process had ended before the note.
    await engine.pool.query(`UPDATE webhook_progress SET status = 'received', try_after = $2 WHERE endpoint_id = $1`, [
      to.endpointId,
      engine.clock.now(),
    ]);
    await applyAll();
    expect(await sale.stands()).toEqual(['10.00', '13.80']);
    expect((await eventsOf(to)).map(({ status }: { status: string }) => status)).toEqual([
      'applied',
      'applied',
      'applied',
    ]);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});

/** A payment that nobody made. */
function nobody() {
  return { chargeId: stripeId('ch'), paymentIntentId: stripeId('pi') };
}
