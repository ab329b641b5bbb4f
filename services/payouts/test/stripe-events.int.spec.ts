import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { asPayoutId } from '../src/ids.js';
import { type Books, startBooks } from './books.js';
import { type Edges, specEnv, startEdges } from './edges.js';

const SECRET = 'whsec_spec_of_the_rail';
const PATH = '/v1/rails/stripe/events';
let books: Books;
let edges: Edges;
let url: string;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { env: { STRIPE_WEBHOOK_SECRET: SECRET } });
  url = edges.urlOf(PATH);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

/** A transfer event about a payout, as Stripe sends it. */
function created(tenantId: string, payoutId: string, type = 'transfer.created') {
  const id = `evt_${books.newId()}`;
  const object = {
    id: 'tr_1MiN3gLkdIwHu7ixNCZvFdgA',
    object: 'transfer',
    amount: 3_000,
    amount_reversed: 0,
    created: 1_795_000_000,
    currency: 'usd',
    destination: 'acct_1MTfjCQ9PRzxEwkZ',
    metadata: { payout_id: payoutId, tenant_id: tenantId },
    reversed: false,
  };
  return { id, object: 'event', type, created: 1_795_000_000, data: { object } };
}

async function send(event: object, secret = SECRET): Promise<{ status: number; body: Record<string, unknown> }> {
  const payload = JSON.stringify(event, null, 2);
  const timestamp = Math.floor(books.clock.now().getTime() / 1_000);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const response = await fetch(url, { method: 'POST', headers, body: payload });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function reports(reportId: string) {
  const { rows } = await books.pool.query<{ rail: string; state: string; applied: string }>(
    'SELECT rail, state, applied FROM rail_report WHERE report_id = $1',
    [reportId],
  );
  return rows;
}

describe('An event of Stripe', () => {
  it('is stored once, also when it comes ten times at once, and a payout that nobody knows is a break', async () => {
    const event = created(books.newTenant(), books.newId());
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(event)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect((await send(event)).body).toEqual({ received: true, duplicate: true, ignored: false });
    expect(await reports(event.id)).toEqual([{ rail: 'stripe', state: 'settled', applied: 'unknown_reference' }]);
  });

  it('moves nothing of a payout that another rail carries', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    await books.earn(tenantId, personId, '100.00');
    const methodId = await books.addMethod(tenantId, personId);
    const { id } = await books.request({ tenantId, personId, methodId, amount: '30.00' });
    const event = created(tenantId, id);
    expect((await send(event)).status).toBe(200);
    expect(await reports(event.id)).toMatchObject([{ applied: 'unknown_reference' }]);
    expect((await books.payout({ tenantId, id: asPayoutId(id) })).status).toBe('requested');
  });

  it('with another secret, or none, is refused, and nothing is written', async () => {
    const event = created(books.newTenant(), books.newId());
    expect(await send(event, 'whsec_another_one')).toMatchObject({ status: 400, body: { code: 'SIGNATURE_INVALID' } });
    const unsigned = await edges.call('POST', PATH, { body: event, key: null });
    expect([unsigned.status, unsigned.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    expect(await reports(event.id)).toEqual([]);
  });

  it('of the connected account’s own payouts is taken and means nothing', async () => {
    const event = created(books.newTenant(), books.newId(), 'payout.failed');
    expect(await send(event)).toEqual({ status: 200, body: { received: true, duplicate: false, ignored: true } });
    expect(await reports(event.id)).toEqual([]);
  });

  it('finds nothing where the installation has no secret', async () => {
    const without = await startEdges(books, { env: specEnv(books) });
    const answer = await without.call('POST', PATH, { body: created(books.newTenant(), books.newId()), key: null });
    // Without a signature nobody learns whether there is one.
    expect([answer.status, answer.body.code]).toEqual([400, 'SIGNATURE_INVALID']);
    url = without.urlOf(PATH);
    expect((await send(created(books.newTenant(), books.newId()))).status).toBe(404);
    url = edges.urlOf(PATH);
    await without.stop();
  });
});
