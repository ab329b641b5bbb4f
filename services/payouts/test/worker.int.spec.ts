import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { barrier } from '@dailydoco/testing';
import type { TenantId, UserId } from '../src/ids.js';
import { cancelPayout } from '../src/payouts/change-payout.js';
import type { SandboxOutcome } from '../src/methods/method.js';
import type { Payout } from '../src/payouts/payout.js';
import { ASK_UNKNOWN_AFTER_MS } from '../src/payouts/record-answers.js';
import { measurePayouts } from '../src/payouts/work.store.js';
import { type CallRail, RailRefusal } from '../src/rails/rail.js';
import { type Books, micros, railThrough, startBooks } from './books.js';

const CLAIM_MS = 30_000;
let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

interface Case {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly payout: Payout;
}

/** A person with 100.00 who asks for 30.00. */
async function asked(outcome: SandboxOutcome = 'settled'): Promise<Case> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  await books.earn(tenantId, personId, '100.00');
  const methodId = await books.addMethod(tenantId, personId, { outcome });
  return { tenantId, personId, payout: await books.request({ tenantId, personId, methodId, amount: '30.00' }) };
}

const balanceOf = async ({ tenantId, personId }: Case) => {
  const { availableMicros, inTransitMicros, paidMicros } = (await books.balance(tenantId, personId))!;
  return [availableMicros, inTransitMicros, paidMicros].map((amount) => Number(amount) / 1e6);
};

const timesAsked = async ({ payout: { tenantId, id } }: Case) => {
  const { rows } = await books.pool.query<{ times_asked: number }>(
    'SELECT times_asked FROM sandbox_payment WHERE tenant_id = $1 AND reference = $2',
    [tenantId, id],
  );
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0]?.times_asked ?? 0;
};

const statusOf = async ({ payout }: Case) => (await books.payout(payout)).status;

const lost = async (answer: () => Promise<unknown>): Promise<never> => {
  await answer();
  throw new Error('the answer was lost');
};

/** Pays, and then loses the answer. */
const deaf = (): CallRail => railThrough(books.rail, { submit: lost, find: lost });

const WAY = ['PayoutRequested', 'PayoutScreened', 'PayoutApproved', 'PayoutSubmitted'];

const soundBooks = async ({ tenantId }: Case) => expect(await books.breaks(tenantId)).toEqual([]);

describe('A payout', () => {
  it('settles: the money waits in transit and then has left', async () => {
    const one = await asked();
    expect(await balanceOf(one)).toEqual([70, 30, 0]);
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    expect(await books.published(one.payout.id)).toEqual([...WAY, 'PayoutSettled']);
    books.clock.advance(3_600_000);
    expect(await books.work()).toEqual({ steps: [], failures: [] });
    await soundBooks(one);
  });

  it('fails: the money is available again, with the reason', async () => {
    const one = await asked('failed');
    expect((await books.work()).steps).toEqual(['failed']);
    expect(await balanceOf(one)).toEqual([100, 0, 0]);
    expect(await books.payout(one.payout)).toMatchObject({ status: 'failed', reason: 'sandbox_failure' });
    expect(await books.published(one.payout.id)).toEqual([...WAY, 'PayoutFailed']);
    await soundBooks(one);
  });

  it('is returned after it settled: cash comes back', async () => {
    const one = await asked('returned');
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    await soundBooks(one);
    expect((await books.work()).steps).toEqual([]);
    books.clock.advance(1_000);
    expect((await books.work()).steps).toEqual(['returned']);
    expect(await balanceOf(one)).toEqual([100, 0, 0]);
    expect(await books.payout(one.payout)).toMatchObject({ status: 'returned', reason: 'sandbox_return' });
    expect(await books.published(one.payout.id)).toEqual([...WAY, 'PayoutSettled', 'PayoutReturned']);
    await soundBooks(one);
  });
});

describe('I6 nobody is paid twice', () => {
  it('when the answers of the rail are lost, again and again', async () => {
    const one = await asked();
    expect((await books.work(deaf())).steps).toEqual(['unknown']);
    for (let n = 1; n <= 5; n += 1) {
      expect([await statusOf(one), await timesAsked(one)]).toEqual(['unknown', n]);
      // Claimed, or not worth asking yet: nobody asks.
      expect(await books.work()).toEqual({ steps: [], failures: [] });
      expect(await balanceOf(one)).toEqual([70, 30, 0]);
      books.clock.advance(n === 1 ? ASK_UNKNOWN_AFTER_MS : n * CLAIM_MS);
      if (n < 5) expect((await books.work(deaf())).failures).toHaveLength(1);
    }
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    expect(await books.published(one.payout.id)).toEqual([...WAY, 'PayoutUnknown', 'PayoutSettled']);
    await soundBooks(one);
  });

  it('when the question was lost: the rail says that it has nothing, and only then it is sent again', async () => {
    const one = await asked();
    const mute = railThrough(books.rail, { submit: () => Promise.reject(new Error('the question was lost')) });
    expect((await books.work(mute)).steps).toEqual(['unknown']);
    books.clock.advance(ASK_UNKNOWN_AFTER_MS);
    const submitted: string[] = [];
    const counting = railThrough(books.rail, {
      submit: (answer, reference) => {
        submitted.push(reference);
        return answer();
      },
    });
    expect((await books.work(counting)).steps).toEqual(['settled']);
    expect(submitted).toEqual([one.payout.id]);
    expect(await books.published(one.payout.id)).toEqual([...WAY, 'PayoutUnknown', 'PayoutSubmitted', 'PayoutSettled']);
    await soundBooks(one);
  });

  it('when an old "absent" comes after somebody else has sent it again', async () => {
    const one = await asked();
    const mute = railThrough(books.rail, { submit: () => Promise.reject(new Error('the question was lost')) });
    await books.work(mute);
    books.clock.advance(ASK_UNKNOWN_AFTER_MS);
    const [told, heard] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = books.work(
      railThrough(books.rail, {
        find: async (answer) => {
          const absent = await answer();
          told.resolve();
          await heard.promise;
          return absent;
        },
        submit: () => Promise.reject(new Error('it must not be sent by the old word')),
      }),
    );
    await told.promise;
    books.clock.advance(2 * CLAIM_MS);
    // Sent by another worker, whose answer is lost.
    expect((await books.work(railThrough(books.rail, { submit: lost }))).steps).toEqual(['unknown']);
    heard.resolve();
    expect(await slow).toEqual({ steps: [], failures: [] });
    books.clock.advance(ASK_UNKNOWN_AFTER_MS);
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    await soundBooks(one);
  });

  it('when an old refusal comes after somebody else has sent it again', async () => {
    const one = await asked();
    const [told, heard] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const paused = books.work(
      railThrough(books.rail, {
        submit: async () => {
          told.resolve();
          await heard.promise;
          throw new RailRefusal('insufficient_funds');
        },
      }),
    );
    await told.promise;
    books.clock.advance(CLAIM_MS);
    // The rail has nothing, so another worker sends it: it is paid, and the answer is lost.
    expect((await books.work(railThrough(books.rail, { submit: lost }))).steps).toEqual(['unknown', 'unknown']);
    heard.resolve();
    expect(await paused).toEqual({ steps: [], failures: [] });
    expect([await statusOf(one), await balanceOf(one)]).toEqual(['unknown', [70, 30, 0]]);
    books.clock.advance(ASK_UNKNOWN_AFTER_MS);
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    await soundBooks(one);
  });

  it('when the answer "settled" was lost and the payment has come back since', async () => {
    const one = await asked('returned');
    await books.work(deaf());
    books.clock.advance(CLAIM_MS);
    expect((await books.work()).steps).toEqual(['settled', 'returned']);
    expect(await balanceOf(one)).toEqual([100, 0, 0]);
    const lived = [...WAY, 'PayoutUnknown', 'PayoutSettled', 'PayoutReturned'];
    expect(await books.published(one.payout.id)).toEqual(lived);
    await soundBooks(one);
  });

  it('when the rail takes back what it said: what stands stays, and it is told', async () => {
    const one = await asked('returned');
    expect((await books.work()).steps).toEqual(['settled']);
    books.clock.advance(1_000);
    const failed = { state: 'failed', reason: 'sandbox_failure', askAgainAfterMs: undefined } as const;
    const round = await books.work(railThrough(books.rail, { find: () => Promise.resolve(failed) }));
    expect(round).toEqual({
      steps: [],
      failures: [expect.objectContaining({ message: expect.stringContaining('failed') })],
    });
    expect(await balanceOf(one)).toEqual([70, 0, 30]);
    books.clock.advance(10 * CLAIM_MS);
    expect((await books.work()).steps).toEqual(['returned']);
    await soundBooks(one);
  });

  it('when the process dies between the payment and its record', async () => {
    const one = await asked();
    const death = books.work(books.rail, async (tx) => {
      await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    await expect(death).rejects.toThrow();
    expect(await balanceOf(one)).toEqual([70, 30, 0]);
    expect(await books.published(one.payout.id)).toEqual(WAY);
    books.clock.advance(CLAIM_MS);
    expect((await books.work()).steps).toEqual(['settled']);
    expect([await balanceOf(one), await timesAsked(one)]).toEqual([[70, 0, 30], 2]);
    await soundBooks(one);
  });

  it('when the claim runs out while a slow answer is on its way', async () => {
    const one = await asked('returned');
    const [told, heard] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = async (answer: () => ReturnType<CallRail['submit']>) => {
      const settled = await answer();
      told.resolve();
      await heard.promise;
      return settled;
    };
    const slow = books.work(railThrough(books.rail, { submit: late }));
    await told.promise;
    books.clock.advance(CLAIM_MS);
    expect((await books.work()).steps).toEqual(['settled', 'returned']);
    heard.resolve();
    expect(await slow).toEqual({ steps: [], failures: [] });
    expect([await statusOf(one), await balanceOf(one)]).toEqual(['returned', [100, 0, 0]]);
    await soundBooks(one);
  });

  it('when everything stands still between the mark and the call', async () => {
    const one = await asked();
    let submitted = 0;
    const counting = railThrough(books.rail, {
      submit: (answer) => {
        submitted += 1;
        return answer();
      },
    });
    books.beforeSending = () => books.clock.advance(CLAIM_MS);
    const { failures } = await books.work(counting);
    books.beforeSending = () => undefined;
    expect(submitted).toBe(0);
    // Once as it was to be sent, and once more after the rail had said that it has nothing.
    const notSent = expect.objectContaining({ message: expect.stringContaining('was not sent') });
    expect(failures).toEqual([notSent, notSent]);
    expect((await books.work(counting)).steps.at(-1)).toBe('settled');
    expect([submitted, await statusOf(one), await balanceOf(one)]).toEqual([1, 'settled', [70, 0, 30]]);
    await soundBooks(one);
  });

  it('when two workers look at the same payouts at the same moment', async () => {
    const cases = await Promise.all(Array.from({ length: 12 }, () => asked()));
    const meet = barrier(2);
    const rounds = await Promise.all(
      [1, 2].map(async () => {
        await meet();
        return books.work();
      }),
    );
    expect(rounds.flatMap(({ steps }) => steps)).toEqual(Array.from({ length: 12 }, () => 'settled'));
    for (const one of cases) {
      expect([await timesAsked(one), await balanceOf(one)]).toEqual([1, [70, 0, 30]]);
      await soundBooks(one);
    }
  });
});

describe('One balance', () => {
  it('is given out once, however many ask for it at the same moment', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    await books.earn(tenantId, personId, '100.00');
    const methodId = await books.addMethod(tenantId, personId);
    const meet = barrier(8);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => books.request({ tenantId, personId, methodId, amount: '30.00' }, meet)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ reason: 'INSUFFICIENT_BALANCE' });
    }
    const balance = await books.balance(tenantId, personId);
    expect(balance).toMatchObject({ availableMicros: micros('10.00'), inTransitMicros: micros('90.00') });
    expect(await books.breaks(tenantId)).toEqual([]);
    expect((await books.work()).steps).toEqual(['settled', 'settled', 'settled']);
  });

  it('is cancelled or submitted, never both', async () => {
    const cases = await Promise.all(Array.from({ length: 10 }, () => asked()));
    const [cancels, { steps }] = await Promise.all([
      Promise.allSettled(
        cases.map(({ tenantId, personId, payout: { id } }) =>
          inDatabaseTransaction(books.pool, (tx) =>
            cancelPayout(books.payoutBook(tx), { tenantId, personId, id, now: books.clock.now() }),
          ),
        ),
      ),
      books.work(),
    ]);
    const cancelled = cancels.filter(({ status }) => status === 'fulfilled').length;
    await books.work();
    expect(cancelled + steps.length).toBeLessThanOrEqual(10);
    for (const [n, one] of cases.entries()) {
      const won = cancels[n]!.status === 'fulfilled';
      expect(await statusOf(one)).toBe(won ? 'cancelled' : 'settled');
      expect(await balanceOf(one)).toEqual(won ? [100, 0, 0] : [70, 0, 30]);
      expect(await timesAsked(one)).toBe(won ? 0 : 1);
      await soundBooks(one);
    }
  });
});

describe('A suspended person', () => {
  it('is not paid; the payout stays and goes on after the reactivation', async () => {
    const one = await asked();
    await books.suspend(one.tenantId, one.personId);
    books.clock.advance(3_600_000);
    expect(await books.work()).toEqual({ steps: [], failures: [] });
    expect([await statusOf(one), await timesAsked(one)]).toEqual(['requested', 0]);
    await books.suspend(one.tenantId, one.personId, false);
    expect((await books.work()).steps).toEqual(['settled']);
    await soundBooks(one);
  });

  it('is not paid when the suspension comes between the claim and the sending', async () => {
    const one = await asked();
    books.meanwhile = () => books.suspend(one.tenantId, one.personId);
    expect(await books.work()).toEqual({ steps: [], failures: [] });
    books.meanwhile = () => Promise.resolve();
    expect([await statusOf(one), await timesAsked(one)]).toEqual(['approved', 0]);
    await books.suspend(one.tenantId, one.personId, false);
    books.clock.advance(CLAIM_MS);
    expect((await books.work()).steps).toEqual(['settled']);
    await soundBooks(one);
  });

  it('is not sent anything again either, but how the sent ends and what comes back is booked', async () => {
    const [absent, paid, back] = [await asked(), await asked(), await asked('returned')];
    await books.work(
      railThrough(books.rail, {
        submit: (answer, reference) => {
          if (reference === absent.payout.id) throw new Error('the question was lost');
          return reference === paid.payout.id ? lost(answer) : answer();
        },
      }),
    );
    for (const { tenantId, personId } of [absent, paid, back]) await books.suspend(tenantId, personId);
    books.clock.advance(3_600_000);
    expect((await books.work()).steps.toSorted()).toEqual(['returned', 'settled']);
    expect([await statusOf(absent), await timesAsked(absent)]).toEqual(['unknown', 0]);
    expect([await balanceOf(back), await balanceOf(paid)]).toEqual([
      [100, 0, 0],
      [70, 0, 30],
    ]);
    await books.suspend(absent.tenantId, absent.personId, false);
    books.clock.advance(3_600_000);
    expect((await books.work()).steps).toEqual(['settled']);
    for (const one of [absent, paid, back]) await soundBooks(one);
  });

  it('cannot be suspended by an older word', async () => {
    const one = await asked();
    await books.suspend(one.tenantId, one.personId, false);
    books.clock.advance(-60_000);
    await books.suspend(one.tenantId, one.personId);
    books.clock.advance(60_000);
    expect((await books.work()).steps).toEqual(['settled']);
  });
});

describe('The age of the oldest unsettled payout', () => {
  const age = async () => (await measurePayouts(books.pool, books.clock.now())).oldestUnsettledSeconds;

  it('grows until the rail has settled it, and leaves suspended persons aside', async () => {
    while ((await books.work()).steps.length > 0) books.clock.advance(3_600_000);
    const before = await age();
    const [one, suspended] = [await asked(), await asked()];
    await books.suspend(suspended.tenantId, suspended.personId);
    books.clock.advance(90_000);
    expect([before, await age()]).toEqual([0, 90]);
    await books.work(deaf());
    expect(await age()).toBe(90);
    books.clock.advance(CLAIM_MS);
    expect(await age()).toBe(120);
    await books.work();
    expect([await statusOf(one), await age()]).toEqual(['settled', 0]);
  });
});
