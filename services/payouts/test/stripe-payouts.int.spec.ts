import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import Stripe from 'stripe';
import { ASK_UNKNOWN_AFTER_MS } from '../src/payouts/record-answers.js';
import { ABSENT_AFTER_MS } from '../src/rails/stripe/stripe-rail.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { type Partner, RailStory } from './rail-story.js';
import { StripeServer } from './stripe-server.js';

const SECRET = 'whsec_spec_of_the_payouts';
const PATH = '/v1/rails/stripe/events';
const THIRTY = 30_000_000n;
const MINUTE_MS = 60_000;
/** The default of the setting. */
const LOOK_AGAIN_MS = 30 * 86_400_000;

let books: Books;
let stripe: StripeServer;
let edges: Edges;
let story: RailStory;
let accounts = 0;

beforeAll(async () => {
  books = await startBooks();
  stripe = await new StripeServer(books.clock).start();
  const env = {
    PAYOUT_CANCEL_WINDOW_MS: '0',
    STRIPE_API_KEY: stripe.apiKey,
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRET: SECRET,
  };
  edges = await startEdges(books, { env });
  story = new RailStory(books, edges);
});

afterAll(async () => {
  await edges.stop();
  await stripe.stop();
  await books.stop();
});

const newAccount = () => `acct_Paid${(accounts += 1).toString().padStart(12, '0')}`;
const partner = (accountId = newAccount()) => story.partner('stripe', { accountId, country: 'DE' });

/** What Stripe has of a payout. */
const transfersOf = (id: string) => stripe.transfers.filter((each) => each['transfer_group'] === id);
const transferOf = (id: string) => {
  const [transfer, another] = transfersOf(id);
  if (transfer === undefined || another !== undefined) throw new Error('there is one transfer');
  return transfer;
};
/** What Stripe still holds as paid, in micros. */
const paidBy = (id: string) =>
  transfersOf(id).reduce((sum, each) => {
    const [amount, back] = [each['amount'], each['amount_reversed']] as [number, number];
    return sum + BigInt(amount - back) * 10_000n;
  }, 0n);

const transferredAt = (id: string) => Number(transferOf(id)['created']) * 1_000;
const askAtOf = async (id: string) => {
  const { rows } = await books.pool.query<{ ask_at: Date | null }>('SELECT ask_at FROM payout WHERE id = $1', [id]);
  return rows.map(({ ask_at: askAt }) => askAt?.getTime());
};

/** An event about a transfer as it stands now. */
const eventOf = (type: string, object: object) => ({
  id: `evt_${books.newId()}`,
  object: 'event',
  type,
  created: Math.floor(books.clock.now().getTime() / 1_000),
  data: { object: { ...object } },
});

async function send(event: object, { secret = SECRET, agedMs = 0 } = {}) {
  const payload = JSON.stringify(event, null, 2);
  const timestamp = Math.floor((books.clock.now().getTime() - agedMs) / 1_000);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const response = await fetch(edges.urlOf(PATH), { method: 'POST', headers, body: payload });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A payout that Stripe has paid, by the worker's word. */
async function paid(): Promise<{ here: Partner; id: string }> {
  const here = await partner();
  const id = await story.ask(here);
  await story.round();
  expect(await story.statusOf(here, id)).toBe('settled');
  return { here, id };
}

describe('A payout by Stripe', () => {
  it('is asked for, screened, approved by finance, paid and told, and the books equal Stripe’s record', async () => {
    const here = await partner();
    const id = await story.ask(here, '50.00');
    await story.round();
    expect(transfersOf(id)).toEqual([]);
    await story.approve(here, id);
    await story.round();
    const transfer = transferOf(id);
    expect(await story.look(here, id)).toMatchObject({ status: 'settled', rail: 'stripe' });
    expect(await story.stepsOf(here, id)).toEqual([
      'requested by the partner',
      'screened',
      'approved by finance',
      'submitted',
      'settled',
    ]);
    const lines = ['PayoutRequested', 'PayoutScreened', 'PayoutApproved', 'PayoutSubmitted', 'PayoutSettled'];
    expect(await story.events(id)).toEqual(lines);
    expect(await story.journalsOf(here, id)).toEqual([
      ['requested', { available: -50_000_000n, in_transit: 50_000_000n }],
      ['settled', { in_transit: -50_000_000n, cash: 50_000_000n }],
    ]);
    expect(paidBy(id)).toBe(await story.cashOf(here));
    // Stripe tells it besides, twice.
    const event = eventOf('transfer.created', transfer);
    const told = [await send(event), await send(event)];
    expect(told.map(({ body }) => body['duplicate'])).toEqual([false, true]);
    await story.expectPaid(here, id, '50.00');
  });

  it('that Stripe refuses has failed with its reason, and the money is available again', async () => {
    const closed = newAccount();
    stripe.closedAccounts.add(closed);
    const [here, poor] = [await partner(closed), await partner()];
    const id = await story.ask(here);
    await story.round();
    expect(await story.look(here, id)).toMatchObject({ status: 'failed', reason: 'transfers_not_allowed' });
    stripe.failNext('balance_empty');
    const unpaid = await story.ask(poor);
    await story.round();
    expect(await story.look(poor, unpaid)).toMatchObject({ status: 'failed', reason: 'balance_insufficient' });
    for (const each of [here, poor]) {
      expect(await story.balanceOf(each)).toEqual(['100.00', '0.00', '0.00']);
      expect([await story.cashOf(each), await story.breaksOf(each)]).toEqual([0n, []]);
    }
  });

  it('whose answer was lost is unknown, asked about by its reference, and paid once', async () => {
    const here = await partner();
    stripe.failNext('reset_after');
    const id = await story.ask(here);
    await story.round();
    expect([await story.statusOf(here, id), transfersOf(id).length]).toEqual(['unknown', 1]);
    expect(await story.balanceOf(here)).toEqual(['70.00', '30.00', '0.00']);
    // However often somebody looks before it is worth it.
    for (let n = 0; n < 3; n += 1) await story.round();
    expect(await story.statusOf(here, id)).toBe('unknown');
    await story.round(ASK_UNKNOWN_AFTER_MS);
    await story.expectPaid(here, id);
    expect(paidBy(id)).toBe(THIRTY);
    expect(stripe.orders.filter(({ key }) => key === `payout-${id}`)).toHaveLength(1);
  });

  it.each(['rate_limit', 'reset_before', 'server_error'] as const)(
    'that met %s is ordered again only when Stripe surely has nothing, and is paid once',
    async (fault) => {
      const here = await partner();
      stripe.failNext(fault);
      const id = await story.ask(here);
      await story.round();
      await story.round(ASK_UNKNOWN_AFTER_MS);
      for (let n = 0; n < 3; n += 1) await story.round(MINUTE_MS);
      // For a quarter of an hour the order may still be carried out.
      expect([await story.statusOf(here, id), transfersOf(id).length]).toEqual(['unknown', 0]);
      expect(stripe.orders.filter(({ key }) => key === `payout-${id}`)).toHaveLength(1);
      await story.round(ABSENT_AFTER_MS);
      if (fault === 'server_error') {
        // Stripe repeats its error for a day.
        expect(await story.statusOf(here, id)).toBe('unknown');
        stripe.forgetKeys();
        await story.round(ABSENT_AFTER_MS);
      }
      await story.expectPaid(here, id);
      expect([transfersOf(id).length, paidBy(id)]).toEqual([1, THIRTY]);
    },
  );

  it('is settled by a webhook that comes before the answer, and the answer changes nothing', async () => {
    const here = await partner();
    stripe.failNext('held');
    const id = await story.ask(here);
    const working = story.round();
    await eventually(() => expect(transfersOf(id)).toHaveLength(1));
    expect((await send(eventOf('transfer.created', transferOf(id)))).status).toBe(200);
    expect(await story.statusOf(here, id)).toBe('settled');
    stripe.answerHeld();
    await working;
    await story.expectPaid(here, id);
    expect(await story.stepsOf(here, id)).toEqual([
      'requested by the partner',
      'screened',
      'approved',
      'submitted',
      'settled',
    ]);
  });

  it('is settled by a webhook whose answer was lost, and not asked about as unknown', async () => {
    const here = await partner();
    stripe.failNext('reset_after');
    const id = await story.ask(here);
    await story.round();
    const event = eventOf('transfer.created', transferOf(id));
    expect((await Promise.all([send(event), send(event), send(event)])).map(({ status }) => status)).toEqual([
      200, 200, 200,
    ]);
    await story.expectPaid(here, id);
    await story.round(ASK_UNKNOWN_AFTER_MS);
    await story.expectPaid(here, id);
  });
});

describe('What Stripe tells of a payout', () => {
  it('moves nothing with another secret or an old signature', async () => {
    const { here, id } = await paid();
    const reversed = { ...transferOf(id), amount_reversed: 3_000, reversed: true };
    const event = eventOf('transfer.reversed', reversed);
    for (const how of [{ secret: 'whsec_of_somebody_else' }, { agedMs: 301_000 }]) {
      expect(await send(event, how)).toMatchObject({ status: 400, body: { code: 'SIGNATURE_INVALID' } });
    }
    await story.expectPaid(here, id);
    const other = await partner();
    // Under another tenant's name it is about nothing.
    const metadata = { payout_id: id, tenant_id: other.tenantId };
    expect((await send(eventOf('transfer.reversed', { ...reversed, metadata }))).status).toBe(200);
    await story.expectPaid(here, id);
    expect(await story.breaksOf(other)).toEqual(['R1']);
  });

  it('returns a payout that was taken back, once, in whatever order its events come', async () => {
    const { here, id } = await paid();
    const created = eventOf('transfer.created', transferOf(id));
    stripe.reverse(String(transferOf(id)['id']));
    const reversed = eventOf('transfer.reversed', transferOf(id));
    for (const event of [reversed, created, reversed, eventOf('transfer.updated', transferOf(id))]) {
      expect((await send(event)).status).toBe(200);
    }
    expect(await story.look(here, id)).toMatchObject({ status: 'returned', reason: 'reversed' });
    expect(await story.balanceOf(here)).toEqual(['100.00', '0.00', '0.00']);
    expect((await story.events(id)).slice(-2)).toEqual(['PayoutSettled', 'PayoutReturned']);
    expect((await story.journalsOf(here, id)).at(-1)).toEqual(['returned', { cash: -THIRTY, available: THIRTY }]);
    expect([await story.cashOf(here), paidBy(id)]).toEqual([0n, 0n]);
    expect(await story.breaksOf(here)).toEqual([]);
    // The money is there to be paid again.
    const again = await story.ask(here, '40.00');
    await story.round();
    expect([await story.statusOf(here, again), paidBy(again)]).toEqual(['settled', 40_000_000n]);
  });

  it('of a part that was taken back is a break, and moves nothing', async () => {
    const { here, id } = await paid();
    stripe.reverse(String(transferOf(id)['id']), 1_000);
    expect((await send(eventOf('transfer.reversed', transferOf(id)))).status).toBe(200);
    expect(await story.balanceOf(here)).toEqual(['70.00', '0.00', '30.00']);
    expect(await story.breaksOf(here)).toEqual(['R3']);
  });

  it('and was lost is found by looking again, as long as a transfer may come back', async () => {
    const [{ here, id }, kept] = [await paid(), await paid()];
    stripe.reverse(String(transferOf(id)['id']));
    await story.round(LOOK_AGAIN_MS - 1);
    expect(await story.statusOf(here, id)).toBe('settled');
    await story.round(1);
    expect(await story.look(here, id)).toMatchObject({ status: 'returned', reason: 'reversed' });
    expect([await story.balanceOf(here), await story.breaksOf(here)]).toEqual([['100.00', '0.00', '0.00'], []]);
    // An event in between does not end the looks; half a year does.
    await send(eventOf('transfer.updated', transferOf(kept.id)));
    for (let look = 2; look <= 6; look += 1) {
      expect(await askAtOf(kept.id)).toEqual([transferredAt(kept.id) + look * LOOK_AGAIN_MS]);
      await story.round(LOOK_AGAIN_MS);
    }
    expect(await askAtOf(kept.id)).toEqual([undefined]);
    await story.expectPaid(kept.here, kept.id);
  });

  it('of a transfer that it no longer knows changes nothing: what has settled is never ordered again', async () => {
    const { here, id } = await paid();
    stripe.transfers.splice(stripe.transfers.indexOf(transferOf(id)), 1);
    await story.round(LOOK_AGAIN_MS);
    expect([await story.statusOf(here, id), transfersOf(id)]).toEqual(['settled', []]);
    expect(stripe.orders.filter(({ key }) => key === `payout-${id}`)).toHaveLength(1);
  });

  it('is asked no more once the person’s account can no longer be opened', async () => {
    const { here, id } = await paid();
    await books.pool.query('DELETE FROM person_key WHERE tenant_id = $1', [here.tenantId]);
    await story.round(LOOK_AGAIN_MS);
    expect([await story.statusOf(here, id), await askAtOf(id)]).toEqual(['settled', [undefined]]);
  });
});
