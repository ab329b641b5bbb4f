import { expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { newId } from '@dailydoco/lifecycle';
import { asPayoutId, asTenantId } from '../src/ids.js';
import { type CallRail, type Payment, RailRefusal } from '../src/rails/rail.js';
import { START } from './lives.js';

/** A rail with something behind it that keeps its own record of what was paid. */
export interface RailUnderTest<Destination> {
  readonly rail: CallRail<Destination>;
  /** Details of an account that nobody was paid on yet. */
  readonly newDetails: () => unknown;
  /** Details of an account that the other side refuses to pay. */
  readonly refusedDetails: () => Promise<unknown>;
  /** What the other side says that was paid for these payments to one account, in micros, and in how many payments. */
  paidFor(payments: readonly Payment<Destination>[]): Promise<{ micros: bigint; payments: number }>;
  /** Lets happen what happens by itself: answers that come later, blocks, minutes. */
  pass(): Promise<void>;
}

export const never = (): AbortSignal => new AbortController().signal;

export function paymentTo<Destination>(destination: Destination, amountMicros = 30_000_000n): Payment<Destination> {
  return {
    tenantId: asTenantId(newId()),
    reference: asPayoutId(newId()),
    amountMicros,
    currency: currencyOf('USD'),
    destination,
    requestedAt: START,
  };
}

const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
};

/** Whether a payment has been made once: settled by the rail's word, and by the other side's record. */
async function expectPaidOnce<Destination>(under: RailUnderTest<Destination>, payment: Payment<Destination>) {
  await under.pass();
  expect(await under.rail.find(payment, never())).toMatchObject({
    state: 'settled',
    railReference: expect.any(String),
  });
  expect(await under.paidFor([payment])).toEqual({ micros: payment.amountMicros, payments: 1 });
}

const destinationOn = <Destination>({ rail, newDetails }: RailUnderTest<Destination>): Destination =>
  rail.destinationOf(newDetails());

/**
 * What holds for every rail that is called payment by payment (`CallRail`), whatever stands behind it. `bad` are details
 * that it refuses, by the path of the field to blame.
 */
export function obeysTheContract<Destination>(
  start: () => RailUnderTest<Destination>,
  { bad }: { bad: readonly (readonly [path: string, details: unknown])[] },
): void {
  paysByItsReference(start);
  readsDetails(start, bad);
}

/** The part of the contract about money. */
export function paysByItsReference<Destination>(start: () => RailUnderTest<Destination>): void {
  paysByReference(start);
  paysNothingElse(start);
}

function paysByReference<Destination>(start: () => RailUnderTest<Destination>): void {
  it('pays once, however often and however many at once submit the same reference', async () => {
    const under = start();
    const payment = paymentTo(destinationOn(under));
    // Some may fail for being at once; none may pay a second time.
    await Promise.allSettled(Array.from({ length: 4 }, () => under.rail.submit(payment, never())));
    await under.pass();
    await under.rail.submit(payment, never());
    await expectPaidOnce(under, payment);
  });

  it('finds nothing where nothing was submitted, and pays nothing by looking', async () => {
    const under = start();
    const payment = paymentTo(destinationOn(under));
    expect(await under.rail.find(payment, never())).toMatchObject({ state: 'absent' });
    await under.pass();
    expect(await under.paidFor([payment])).toEqual({ micros: 0n, payments: 0 });
    await under.rail.submit(payment, never());
    for (let look = 0; look < 3; look += 1) await under.rail.find(payment, never());
    await expectPaidOnce(under, payment);
  });

  it('keeps references apart, also to one account', async () => {
    const under = start();
    const to = destinationOn(under);
    const [one, two] = [paymentTo(to, 10_000_000n), paymentTo(to, 20_000_000n)];
    await under.rail.submit(one, never());
    await under.rail.submit(two, never());
    await under.pass();
    for (const each of [one, two]) expect((await under.rail.find(each, never())).state).toBe('settled');
    expect(await under.paidFor([one, two])).toEqual({ micros: 30_000_000n, payments: 2 });
  });
}

function paysNothingElse<Destination>(start: () => RailUnderTest<Destination>): void {
  it('does not pay another amount under a reference that was used', async () => {
    const under = start();
    const payment = paymentTo(destinationOn(under));
    await under.rail.submit(payment, never());
    await under.pass();
    const other = { ...payment, amountMicros: payment.amountMicros + 1_000_000n };
    const failure = await failureOf(under.rail.submit(other, never()));
    expect(failure).toBeInstanceOf(Error);
    // A refusal would say that nothing was paid, and the payout would be paid anew.
    expect(failure).not.toBeInstanceOf(RailRefusal);
    await expectPaidOnce(under, payment);
  });

  it('refuses with a reason, and then nothing was paid', async () => {
    const under = start();
    const payment = paymentTo(under.rail.destinationOf(await under.refusedDetails()));
    const failure = await failureOf(under.rail.submit(payment, never()));
    expect(failure).toBeInstanceOf(RailRefusal);
    expect((failure as RailRefusal).reason).toMatch(/^[a-z][a-z0-9_]*$/);
    await under.pass();
    expect(await under.paidFor([payment])).toEqual({ micros: 0n, payments: 0 });
  });

  it('pays once when a call that was told to stop is made again', async () => {
    const under = start();
    const payment = paymentTo(destinationOn(under));
    const failure = await failureOf(under.rail.submit(payment, AbortSignal.abort()));
    expect(failure).not.toBeInstanceOf(RailRefusal);
    await under.pass();
    await under.rail.submit(payment, never());
    await expectPaidOnce(under, payment);
  });
}

function readsDetails<Destination>(
  start: () => RailUnderTest<Destination>,
  bad: readonly (readonly [path: string, details: unknown])[],
): void {
  it('reads details into one spelling, masks all but four characters, and tells accounts apart', () => {
    const under = start();
    const { rail } = under;
    const [one, two] = [destinationOn(under), destinationOn(under)];
    expect(rail.destinationOf(one)).toEqual(one);
    expect(rail.fingerprintOf(rail.destinationOf(one))).toBe(rail.fingerprintOf(one));
    expect(rail.fingerprintOf(one)).not.toBe(rail.fingerprintOf(two));
    const shown = rail.mask(one).split('•').at(-1) ?? '';
    expect(shown.length).toBeLessThanOrEqual(4);
    expect(rail.mask(one)).not.toContain(rail.fingerprintOf(one));
  });

  it.each(bad)('refuses details whose %s is wrong: %j', (path, details) => {
    let failure: unknown;
    try {
      start().rail.destinationOf(details);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(DomainError);
    expect(failure).toMatchObject({ reason: 'VALIDATION_FAILED' });
    expect((failure as DomainError).fieldErrors.map((field) => field.path)).toContain(path);
  });
}
