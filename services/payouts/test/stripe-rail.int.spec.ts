import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ABSENT_AFTER_MS, type StripeDestination, stripeTransferRail } from '../src/rails/stripe/stripe-rail.js';
import { StripeTransferStore } from '../src/rails/stripe/stripe-transfer.store.js';
import { StripeTransfers } from '../src/rails/stripe/transfers.adapter.js';
import { type CallRail, RailRefusal } from '../src/rails/rail.js';
import { type Books, startBooks } from './books.js';
import { never, obeysTheContract, paymentTo, type RailUnderTest } from './call-rail.contract.js';
import { type StripeFault, StripeServer } from './stripe-server.js';

const LOOK_AGAIN_MS = 30 * 86_400_000;
let books: Books;
let stripe: StripeServer;
let rail: CallRail<StripeDestination>;
let accounts = 0;

beforeAll(async () => {
  books = await startBooks();
  stripe = await new StripeServer(books.clock).start();
});

/** A new process each time: what it knows is in the database. */
beforeEach(() => {
  rail = stripeTransferRail({
    transfers: new StripeTransfers({ apiKey: stripe.apiKey, apiBase: stripe.url }),
    memory: new StripeTransferStore(books.pool),
    clock: books.clock,
    lookAgainMs: LOOK_AGAIN_MS,
  });
});

afterAll(async () => {
  await stripe.stop();
  await books.stop();
});

const newDetails = () => ({ accountId: `acct_Spec${(accounts += 1).toString().padStart(12, '0')}`, country: 'DE' });
const order = () => paymentTo(rail.destinationOf(newDetails()));
const madeTo = ({ accountId }: StripeDestination) =>
  stripe.transfers.filter((each) => each['destination'] === accountId);
const elapse = (ms = ABSENT_AFTER_MS): void => books.clock.advance(ms);

const under = (): RailUnderTest<StripeDestination> => ({
  rail,
  newDetails,
  refusedDetails: () => {
    const details = newDetails();
    stripe.closedAccounts.add(details.accountId);
    return Promise.resolve(details);
  },
  paidFor: ([payment]) => {
    const transfers = payment === undefined ? [] : madeTo(payment.destination);
    const micros = transfers.reduce((sum, each) => sum + BigInt(each['amount'] as number) * 10_000n, 0n);
    return Promise.resolve({ micros, payments: transfers.length });
  },
  pass: () => {
    elapse();
    return Promise.resolve();
  },
});

describe('The Stripe rail', () => {
  obeysTheContract(under, {
    bad: [
      ['accountId', undefined],
      ['accountId', { accountId: 'cus_NffrFeUfNV2Hib', country: 'DE' }],
      ['accountId', { accountId: 'acct_1; DROP', country: 'DE' }],
      ['country', { accountId: 'acct_1MTfjCQ9PRzxEwkZ' }],
      ['country', { accountId: 'acct_1MTfjCQ9PRzxEwkZ', country: 'de' }],
      ['iban', { accountId: 'acct_1MTfjCQ9PRzxEwkZ', country: 'DE', iban: 'DE89' }],
    ],
  });

  it('orders under the payout’s id as key and group, in a written-down version of the interface', async () => {
    const payment = order();
    expect(await rail.submit(payment, never())).toMatchObject({
      state: 'settled',
      railReference: madeTo(payment.destination)[0]!['id'],
    });
    expect(stripe.orders.at(-1)).toEqual({ key: `payout-${payment.reference}`, version: '2026-10-28.endive' });
    expect(madeTo(payment.destination)).toMatchObject([
      {
        amount: 3_000,
        currency: 'usd',
        transfer_group: payment.reference,
        metadata: { payout_id: payment.reference, tenant_id: payment.tenantId },
      },
    ]);
  });

  it.each<[StripeFault, made: number]>([
    ['rate_limit', 0],
    ['key_in_use', 0],
    ['unauthenticated', 0],
    ['not_json', 0],
    ['reset_before', 0],
    ['reset_after', 1],
    ['server_error', 0],
    ['server_error_after', 1],
  ])('after %s says nothing, and whoever asks and submits again pays once', async (fault, made) => {
    const payment = order();
    stripe.failNext(fault);
    const failure = await rail.submit(payment, never()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(RailRefusal);
    expect(madeTo(payment.destination)).toHaveLength(made);
    // At once nobody can be sure that it will not be made yet.
    expect((await rail.find(payment, never())).state).toBe(made === 1 ? 'settled' : 'processing');
    elapse(ABSENT_AFTER_MS - 1);
    expect((await rail.find(payment, never())).state).toBe(made === 1 ? 'settled' : 'processing');
    elapse(1);
    expect((await rail.find(payment, never())).state).toBe(made === 1 ? 'settled' : 'absent');
    // Stripe keeps an error that came after the work began for a day; the day over, the order is carried out.
    stripe.forgetKeys();
    expect((await rail.submit(payment, never())).state).toBe('settled');
    expect(madeTo(payment.destination)).toHaveLength(1);
  });

  it('makes no second transfer when the key is forgotten and the answer was lost', async () => {
    const payment = order();
    stripe.failNext('reset_after');
    await expect(rail.submit(payment, never())).rejects.toThrow();
    stripe.forgetKeys();
    expect((await rail.submit(payment, never())).state).toBe('settled');
    expect(madeTo(payment.destination)).toHaveLength(1);
  });

  it('makes one transfer when an order is carried out only after the one that repeats it', async () => {
    const payment = order();
    stripe.failNext('overtaken');
    const first = rail.submit(payment, never());
    while (stripe.orders.at(-1)?.key !== `payout-${payment.reference}`) await new Promise(setImmediate);
    const answers = await Promise.all([rail.submit(payment, never()), first]);
    expect(answers.map(({ state }) => state)).toEqual(['settled', 'settled']);
    expect(madeTo(payment.destination)).toHaveLength(1);
  });

  it('does not believe a refusal when an order before it was carried out', async () => {
    const payment = order();
    stripe.failNext('reset_after');
    await expect(rail.submit(payment, never())).rejects.toThrow();
    stripe.closedAccounts.add(payment.destination.accountId);
    stripe.forgetKeys();
    expect((await rail.submit(payment, never())).state).toBe('settled');
  });

  it('ends a call with its signal', async () => {
    const payment = order();
    const stopping = new AbortController();
    const asked = rail.submit(payment, stopping.signal);
    stopping.abort(new Error('the round is over'));
    await expect(asked).rejects.toThrow();
    // The order may have been read before the line went.
    elapse();
    await rail.submit(payment, never());
    expect(madeTo(payment.destination)).toHaveLength(1);
  });

  it('tells a transfer that was taken back as returned, and one taken back in part as paid', async () => {
    const payment = order();
    const { railReference } = await rail.submit(payment, never());
    stripe.reverse(railReference!, 1_000);
    expect((await rail.find(payment, never())).state).toBe('settled');
    stripe.reverse(railReference!);
    expect(await rail.find(payment, never())).toMatchObject({ state: 'returned', reason: 'reversed' });
  });
});
