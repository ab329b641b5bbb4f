import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import type { ReceivedEvent } from '@dailydoco/events';
import type { PayoutMethodId, TenantId, UserId } from '../src/ids.js';
import { LedgerReadStore } from '../src/ledger/ledger-reads.store.js';
import type { CallRail } from '../src/rails/rail.js';
import { reconcileTenant } from '../src/reconciliation/reconcile-tenant.js';
import { type Books, railThrough, startBooks, statesOf } from './books.js';
import { type Dice, expectedNets, type Life, oneOf, randomLife, seeded, shuffled } from './lives.js';
import { receivedOf } from './wire.js';

const PURCHASES = 120;
const CONSUMERS = 4;
/** Payouts that each payer asks for at least, however fast the events are consumed. */
const LEAST_REQUESTS = 25;
const OUTCOMES = ['settled', 'failed', 'returned'] as const;
const CURRENCIES = ['USD', 'JPY'];

let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

const wrongIn = async (sql: string, values: unknown[] = []) => (await books.pool.query(sql, values)).rows;

/** Every event of the lives, some more than once, in any order at all, in batches of chance. */
function deliveries(lives: readonly Life[], dice: Dice): ReceivedEvent[][] {
  const all = lives.flatMap(receivedOf);
  const sent = shuffled([...all, ...all.filter(() => dice(4) === 0)], dice);
  const batches: ReceivedEvent[][] = [];
  for (let n = 0; n < sent.length; ) {
    const size = 1 + dice(60);
    batches.push(sent.slice(n, n + size));
    n += size;
  }
  return batches;
}

/** A consumer that dies now and then: after it applied a batch and before the commit; then the batch comes again. */
async function consume(batches: ReceivedEvent[][], dice: Dice): Promise<number> {
  let deaths = 0;
  const die = async (tx: DatabaseTransaction): Promise<void> => {
    if (dice(8) === 0) await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
  };
  for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
    try {
      await books.apply(batch, die);
    } catch (error) {
      if (!/terminat|Connection/.test(String(error))) throw error;
      deaths += 1;
      batches.push(batch);
    }
  }
  return deaths;
}

/** Persons ask for what they may or may not have, while the rail loses every third answer. */
async function payOut(
  { tenantId, methods }: { tenantId: TenantId; methods: ReadonlyMap<UserId, PayoutMethodId[]> },
  { dice, running }: { dice: Dice; running: () => boolean },
): Promise<void> {
  const rail = lossy(dice);
  for (let n = 0; n < LEAST_REQUESTS || running(); n += 1) {
    const [personId, own] = oneOf([...methods], dice);
    const amount = oneOf(['0.01', '7.00', '1000.00', '99999.99'], dice);
    try {
      await books.request({ tenantId, personId, methodId: oneOf(own, dice), amount });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
    await books.work(rail);
  }
}

const lossy = (dice: Dice): CallRail => {
  const through = async (answer: () => ReturnType<CallRail['find']>) => {
    // Lost on its way there, or on its way back.
    if (dice(6) === 0) throw new Error('the question was lost');
    const told = await answer();
    if (dice(4) === 0) throw new Error('the answer was lost');
    return told;
  };
  return railThrough(books.rail, { submit: through, find: through });
};

/** Lets the worker go on until no payout waits for anything. */
async function drainPayouts(tenantId: TenantId, dice: Dice): Promise<void> {
  for (let round = 0; round < 60; round += 1) {
    const open = await wrongIn('SELECT id FROM payout WHERE tenant_id = $1 AND ask_at IS NOT NULL', [tenantId]);
    if (open.length === 0) return;
    books.clock.advance(600_000);
    await books.work(lossy(dice));
  }
  throw new Error('payouts stay open');
}

describe.each([11, 22, 33])('After random lives, seed %i,', (seed) => {
  let tenantId: TenantId;
  let people: UserId[];
  let lives: Life[];
  let deaths: number[];

  beforeAll(async () => {
    const dice = seeded(seed);
    tenantId = books.newTenant();
    people = Array.from({ length: 6 }, () => books.newPerson());
    lives = Array.from({ length: PURCHASES }, () => randomLife(dice, { tenantId, people, currencies: CURRENCIES }));
    const methods = new Map<UserId, PayoutMethodId[]>();
    for (const personId of people) {
      const own = await Promise.all(OUTCOMES.map((outcome) => books.addMethod(tenantId, personId, outcome)));
      methods.set(personId, own);
    }
    const batches = deliveries(lives, dice);
    let consuming = true;
    const paying = [1, 2].map((n) =>
      payOut({ tenantId, methods }, { dice: seeded(seed + n), running: () => consuming }),
    );
    const consumers = Array.from({ length: CONSUMERS }, (_, n) => consume(batches, seeded(100 * seed + n)));
    deaths = await Promise.all(consumers).finally(() => {
      consuming = false;
    });
    await Promise.all(paying);
    await drainPayouts(tenantId, seeded(seed + 7));
  }, 60_000);

  it('something has happened: commissions of every status, payouts of every end, consumers that died', async () => {
    const { rows } = await books.pool.query<{ status: string }>(
      `SELECT status FROM purchase_entry WHERE tenant_id = $1 UNION SELECT status FROM payout WHERE tenant_id = $1`,
      [tenantId],
    );
    const seen = rows.map(({ status }) => status);
    expect(seen).toEqual(expect.arrayContaining(['pending', 'held', 'available', 'reversed']));
    expect(seen).toEqual(expect.arrayContaining(['settled', 'failed', 'returned']));
    expect(deaths.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);
  });

  it('nothing is left set aside, and every purchase is at its last event', async () => {
    expect(await wrongIn('SELECT * FROM set_aside_event')).toEqual([]);
    const { rows } = await books.pool.query<{ purchase_id: string; sequence: bigint }>(
      'SELECT purchase_id, sequence FROM purchase_progress WHERE tenant_id = $1',
      [tenantId],
    );
    expect(new Map(rows.map((row) => [row.purchase_id, row.sequence]))).toEqual(
      new Map(lives.map(({ purchaseId, events }) => [purchaseId, BigInt(events.length)])),
    );
  });

  it('I1 every journal sums to zero, and so do debits and credits', async () => {
    expect(await wrongIn('SELECT journal_id FROM posting GROUP BY 1 HAVING sum(amount_micros) <> 0')).toEqual([]);
    const trial = await new LedgerReadStore(books.pool).trialBalance(tenantId);
    expect(trial.map(({ currency }) => currency)).toEqual(['JPY', 'USD']);
    for (const { debitMicros, creditMicros } of trial) {
      expect(debitMicros).toBe(creditMicros);
      expect(debitMicros).toBeGreaterThan(0n);
    }
  });

  it('I2 every balance is the sum of its postings, and every running balance the sum up to it', async () => {
    const wrong = await wrongIn(
      `SELECT * FROM (
         SELECT p.account_id, p.position, p.balance_after_micros,
                sum(p.amount_micros) OVER own AS sum, row_number() OVER own AS n
         FROM posting p JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
         WHERE p.tenant_id = $1 AND a.owner_id <> a.tenant_id
         WINDOW own AS (PARTITION BY p.account_id ORDER BY p.position)) AS line
       WHERE balance_after_micros <> sum OR position <> n`,
      [tenantId],
    );
    expect(wrong).toEqual([]);
  });

  it('I1–I6 the books find no break in themselves', async () => {
    expect(await books.breaks(tenantId)).toEqual([]);
  });

  it('I4 everybody has what the plain model says', async () => {
    const nets = expectedNets(lives);
    for (const personId of people) {
      for (const currency of CURRENCIES) {
        const balance = await books.balance(tenantId, personId, currency);
        const of = (status: string) => nets.get(`${personId} ${currency} ${status}`) ?? 0n;
        const {
          pendingMicros = 0n,
          heldMicros = 0n,
          availableMicros = 0n,
          inTransitMicros = 0n,
          paidMicros = 0n,
        } = balance ?? {};
        expect({
          personId,
          currency,
          pendingMicros,
          heldMicros,
          sum: availableMicros + inTransitMicros + paidMicros,
        }).toEqual({
          personId,
          currency,
          pendingMicros: of('pending'),
          heldMicros: of('held'),
          sum: of('available'),
        });
        expect(inTransitMicros).toBe(0n);
      }
    }
  });

  it('I4 reconciliation with viral-engine balances, page by page', async () => {
    const run = await reconcileTenant(tenantId, {
      states: statesOf(() => lives, { pageSize: 7 }),
      books: books.ownBooks(),
      clock: books.clock,
      signal: new AbortController().signal,
    });
    expect(run).toMatchObject({ outcome: 'balanced', compared: PURCHASES, inFlight: 0, breaks: [] });
  });

  it('I5 what each purchase pays and what is left to the house are what was not refunded', async () => {
    const { rows } = await books.pool.query<{ purchase_id: string; amount_micros: bigint; net: string }>(
      `SELECT g.purchase_id, g.amount_micros, coalesce(sum(e.net_micros), 0) AS net
       FROM purchase_progress g LEFT JOIN purchase_entry e USING (tenant_id, purchase_id)
       WHERE g.tenant_id = $1 GROUP BY 1, 2`,
      [tenantId],
    );
    const found = new Map(rows.map((row) => [row.purchase_id, row]));
    for (const { purchaseId, entries, amountMicros, leftMicros } of lives) {
      const row = found.get(purchaseId)!;
      expect(row.amount_micros).toBe(amountMicros);
      expect(BigInt(row.net)).toBe(entries.reduce((sum, { netMicros }) => sum + netMicros, 0n));
      expect(leftMicros - BigInt(row.net)).toBeGreaterThanOrEqual(0n);
    }
    const { rows: expense } = await books.pool.query<{ sum: string }>(
      `SELECT coalesce(sum(b.balance_micros), 0) AS sum FROM account a
       JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
       WHERE a.tenant_id = $1 AND a.kind = 'commission_expense'`,
      [tenantId],
    );
    const nets = lives.flatMap(({ entries }) => entries).reduce((sum, { netMicros }) => sum + netMicros, 0n);
    expect(BigInt(expense[0]!.sum)).toBe(-nets);
  });

  it('I6 the rail was asked to pay each payout under one reference, and cash left once for what settled', async () => {
    const wrong = await wrongIn(
      `SELECT p.id, p.status, r.outcome FROM payout p
       LEFT JOIN sandbox_payment r ON r.tenant_id = p.tenant_id AND r.reference = p.id
       WHERE p.tenant_id = $1 AND (r.reference IS NULL OR r.outcome <> p.status)`,
      [tenantId],
    );
    expect(wrong).toEqual([]);
  });

  it('and all of it once more changes nothing', async () => {
    const count = async () => (await wrongIn('SELECT count(*) FROM posting'))[0];
    const before = await count();
    for (const batch of deliveries(lives, seeded(seed + 99))) await books.apply(batch);
    expect(await count()).toEqual(before);
    expect(await wrongIn('SELECT * FROM set_aside_event')).toEqual([]);
  });
});
