import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { currencyOf } from '@dailydoco/money';
import type { PayoutId, TenantId, UserId } from '../src/ids.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import { requestPayout } from '../src/payouts/change-payout.js';
import type { Payout } from '../src/payouts/payout.js';
import { ReviewStore } from '../src/payouts/review.store.js';
import { screenPayouts } from '../src/payouts/screen-payouts.js';
import { railRegistry } from '../src/rails/registry.js';
import { screens } from '../src/risk/screens.module.js';
import { decideHit } from '../src/screening/decide-hit.js';
import { HitStore } from '../src/screening/hit.store.js';
import { rescreen } from '../src/screening/screening.module.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { addBankAccount, screeningTools } from './findings.js';

let books: Books;
let edges: Edges;
let tools: ReturnType<typeof screeningTools>;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { env: { PAYOUT_CANCEL_WINDOW_MS: '0' } });
  tools = screeningTools(books);
});

beforeEach(() => {
  books.screens = screens(books.pool, tools);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Matched {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly financeId: UserId;
  readonly finance: string;
  readonly methodId: Awaited<ReturnType<Books['addMethod']>>;
}

/** A person with 100.00 by the name of an entry; the list is put in force unless told. */
async function matched({ listed = true } = {}): Promise<Matched> {
  const [tenantId, personId, financeId] = [books.newTenant(), books.newPerson(), books.newPerson()];
  await books.earn(tenantId, personId, '100.00');
  const methodId = await books.addMethod(tenantId, personId);
  await addBankAccount(books, { tenantId, personId, name: 'Jose Marquez', account: newId() });
  const finance = await edges.person(tenantId, financeId, ['finance']);
  const here = { tenantId, personId, financeId, finance, methodId };
  if (listed) await list(here);
  return here;
}

async function list({ finance }: Matched): Promise<void> {
  const body = { list: 'blocked', kind: 'sanctions', format: 'csv', content: 'name\nJose Marquez\n', reason: 'a spec' };
  expect((await edges.call('POST', '/v1/screening/lists', { as: finance, body })).status).toBe(200);
}

const ask = ({ tenantId, personId, methodId }: Matched, amount = '10.00') =>
  books.request({ tenantId, personId, methodId, amount });

async function hitOf({ finance }: Matched, status = 'open'): Promise<string> {
  const { body } = await edges.call('GET', `/v1/screening/hits?status=${status}`, { as: finance });
  return body.items[0]?.id;
}

const decide = async (here: Matched, decision: string, { as = here.finance, hit = '' } = {}) =>
  edges.call('POST', `/v1/screening/hits/${hit || (await hitOf(here))}/decide`, {
    as,
    body: { decision, reason: 'passport seen' },
  });

const story = async ({ finance }: Matched, id: PayoutId) =>
  (await edges.call('GET', `/v1/payouts/${id}`, { as: finance })).body;

const statuses = (...payouts: Payout[]) =>
  Promise.all(payouts.map(async (payout) => (await books.payout(payout)).status));

async function rescreenAll(): Promise<void> {
  for (let round = 0; round < 50 && (await rescreen({ ...tools, pool: books.pool })); round += 1);
}

describe('A match with a list', () => {
  it('is decided once for it and for every payout that waits, and nowhere else', async () => {
    const here = await matched();
    const payouts = [await ask(here), await ask(here)];
    await books.work();
    const hit = await hitOf(here);
    const [first] = payouts as [Payout];
    expect((await story(here, first.id)).findings).toEqual([
      expect.objectContaining({ code: 'sanctions_hit', position: 1, hitId: hit }),
    ]);
    const closing = { as: here.finance, body: { decision: 'cleared', reason: 'nothing' } };
    const refused = await edges.call('POST', `/v1/payouts/${first.id}/findings/1/close`, closing);
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      409,
      'SCREENING_HIT_DECIDES',
      `Decide about the match: POST /v1/screening/hits/${hit}/decide.`,
    ]);
    await books.work();
    expect(await statuses(...payouts)).toEqual(['requested', 'requested']);
    expect((await decide(here, 'cleared')).status).toBe(200);
    expect(await statuses(...payouts)).toEqual(['approved', 'approved']);
    expect((await story(here, first.id)).findings[0].closed).toMatchObject({
      decision: 'cleared',
      reason: 'passport seen',
      by: here.financeId,
    });
    await books.work();
    expect(await statuses(...payouts)).toEqual(['settled', 'settled']);
  });

  it('leaves a payout waiting that something else speaks against', async () => {
    const here = await matched();
    const more = { source: 'risk', code: 'velocity', detail: 'Many.' } as const;
    const found = books.screens;
    books.screens = [
      ...found,
      { findingsOf: (payouts) => Promise.resolve(new Map(payouts.map(({ id }) => [id, [more]] as const))) },
    ];
    const payout = await ask(here);
    await books.work();
    await decide(here, 'cleared');
    expect(await statuses(payout)).toEqual(['requested']);
    const closing = { as: here.finance, body: { decision: 'cleared', reason: 'nothing' } };
    await edges.call('POST', `/v1/payouts/${payout.id}/findings/2/close`, closing);
    expect(await statuses(payout)).toEqual(['approved']);
    const rules = await edges.call('GET', '/v1/risk/rules', { as: here.finance });
    const records = rules.body.rules.map(({ rule, decided, upheld, precision }: Record<string, unknown>) => [
      rule,
      decided,
      upheld,
      precision,
    ]);
    expect(records).toContainEqual(['velocity', 1, 0, 0]);
    expect(records).toContainEqual(['negative_balance', 0, 0, null]);
  });

  it('that is confirmed ends all that no rail has been told of, and gives the money back', async () => {
    const here = await matched({ listed: false });
    const policy = { minimums: [], approvalsAbove: [usd('20.00')], reason: 'four eyes' };
    await edges.call('PUT', '/v1/payout-policy', { as: here.finance, body: policy });
    const [sent, large] = [await ask(here), await ask(here, '30.00')];
    await books.work();
    expect(await statuses(sent, large)).toEqual(['settled', 'screened']);
    await list(here);
    const small = await ask(here);
    await books.work();
    expect((await decide(here, 'confirmed')).status).toBe(200);
    expect(await statuses(sent, large, small)).toEqual(['settled', 'failed', 'failed']);
    expect((await books.payout(large)).reason).toBe('review_upheld');
    expect((await story(here, small.id)).findings[0].closed.decision).toBe('upheld');
    expect((await books.balance(here.tenantId, here.personId))?.availableMicros).toBe(90_000_000n);
    expect(await books.breaks(here.tenantId)).toEqual([]);
    // The next one is stopped again, and the same word ends it.
    const next = await ask(here);
    await books.work();
    expect(await statuses(next)).toEqual(['requested']);
    await decide(here, 'confirmed', { hit: await hitOf(here, 'confirmed') });
    expect(await statuses(next)).toEqual(['failed']);
  });

  it('stops what was screened before the list: it is neither approved nor sent until somebody has decided', async () => {
    const here = await matched({ listed: false });
    const policy = { minimums: [], approvalsAbove: [usd('20.00')], reason: 'four eyes' };
    await edges.call('PUT', '/v1/payout-policy', { as: here.finance, body: policy });
    const [small, large] = [await ask(here), await ask(here, '30.00')];
    const screened = await inDatabaseTransaction(books.pool, (tx) =>
      screenPayouts(books.payoutBook(tx), { screens: screens(tx, tools), now: books.clock.now() }),
    );
    expect(screened.changed.map(({ status }) => status)).toEqual(['screened', 'approved', 'screened']);
    // Nobody was known by any list before: the person is screened when they next ask.
    await list(here);
    await ask(here, '1.00');
    await inDatabaseTransaction(books.pool, (tx) =>
      screenPayouts(books.payoutBook(tx), { screens: screens(tx, tools), now: books.clock.now() }),
    );
    await rescreenAll();
    await books.work();
    expect(await statuses(small, large)).toEqual(['approved', 'screened']);
    const approval = { as: here.finance, body: { reason: 'known to us' } };
    const refused = await edges.call('POST', `/v1/payouts/${large.id}/approve`, approval);
    expect([refused.status, refused.body.code]).toEqual([409, 'SCREENING_HIT_DECIDES']);
    await decide(here, 'cleared');
    expect((await edges.call('POST', `/v1/payouts/${large.id}/approve`, approval)).status).toBe(200);
    await books.work();
    expect(await statuses(small, large)).toEqual(['settled', 'settled']);
  });

  it('is decided by nobody about themselves, or about a payout that they have asked for', async () => {
    const here = await matched();
    const { tenantId, personId, methodId, financeId } = here;
    const amount = { amountMicros: 10_000_000n, currency: currencyOf('USD') };
    const payout = await inDatabaseTransaction(books.pool, (tx) =>
      requestPayout(
        books.payoutBook(tx),
        { tenantId, personId, methodId, amount, requestedBy: financeId },
        { newId, cancelWindowMs: 0, reach: railRegistry([books.rail]), now: books.clock.now() },
      ),
    );
    await books.work();
    const self = await edges.person(here.tenantId, here.personId, ['finance']);
    for (const [as, code] of [
      [self, 'FORBIDDEN'],
      [here.finance, 'SELF_APPROVAL'],
    ] as const) {
      const { status, body } = await decide(here, 'cleared', { as });
      expect([status, body.code]).toEqual([403, code]);
    }
    expect(await statuses(payout)).toEqual(['requested']);
    const other = await edges.person(tenantId, books.newPerson(), ['finance']);
    expect((await decide(here, 'cleared', { as: other })).status).toBe(200);
    expect(await statuses(payout)).toEqual(['approved']);
  });
});

describe('A match that is decided while a payout is screened', () => {
  const screening = (ready: () => void, until: Promise<unknown>) =>
    inDatabaseTransaction(books.pool, async (tx) => {
      await screenPayouts(books.payoutBook(tx), { screens: screens(tx, tools), now: books.clock.now() });
      ready();
      await until;
    });

  /** Resolves when somebody waits for a lock. */
  async function somebodyWaits(): Promise<void> {
    for (;;) {
      const { rows } = await books.pool.query('SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1');
      if (rows.length > 0) return;
    }
  }

  /** Finds the person out, so that the hit is known, and leaves no payout behind. */
  async function known(): Promise<{ here: Matched; hit: string }> {
    const here = await matched();
    await ask(here);
    await books.work();
    const hit = await hitOf(here);
    await decide(here, 'confirmed');
    return { here, hit };
  }

  it('waits for the worker, and finds the payout that it has just stopped', async () => {
    const { here, hit } = await known();
    const payout = await ask(here);
    const [ready, decided] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const worker = screening(ready.resolve, decided.promise);
    await ready.promise;
    const decision = decide(here, 'cleared', { hit });
    await somebodyWaits();
    decided.resolve();
    await worker;
    expect((await decision).status).toBe(200);
    expect(await statuses(payout)).toEqual(['approved']);
  });

  it('finds one, too, that was asked for and stopped after its payouts were looked up', async () => {
    const { here, hit } = await known();
    const [ready, waits] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let late: Payout | undefined;
    let worker: Promise<unknown> = Promise.resolve();
    await inDatabaseTransaction(books.pool, async (tx) => {
      const payouts = new ReviewStore(tx, { ledger: new LedgerStore(tx, books), outbox: books.outbox });
      const lockUnsent = payouts.lockUnsent.bind(payouts);
      payouts.lockUnsent = async (tenantId, personId) => {
        const found = await lockUnsent(tenantId, personId);
        late = await ask(here);
        worker = screening(ready.resolve, waits.promise);
        await ready.promise;
        void somebodyWaits().then(waits.resolve);
        return found;
      };
      const decidedBy = { userId: here.financeId, callerId: 'user:spec' };
      const order = { tenantId: here.tenantId, hitId: hit, decision: 'cleared', reason: 'a spec', decidedBy } as const;
      await decideHit(new HitStore(tx, payouts), order, books.clock.now());
    });
    await worker;
    expect(late && (await statuses(late))).toEqual(['approved']);
  });
});
