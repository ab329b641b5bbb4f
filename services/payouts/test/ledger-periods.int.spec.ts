import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { barrier, eventually } from '@dailydoco/testing';
import type { TenantId, UserId } from '../src/ids.js';
import { EarlierBooksStore } from '../src/ledger/earlier-books.store.js';
import { takeSnapshot } from '../src/ledger/period.store.js';
import { type Books, micros, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { Life } from './lives.js';
import { receivedOf } from './wire.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

const at = (moment: string) => books.clock.set(new Date(moment));
const finance = (tenantId: TenantId) => edges.person(tenantId, books.newPerson(), ['finance']);
const close = (as: string, period: string) => edges.call('POST', `/v1/ledger/periods/${period}/close`, { as });
const snapshots = async () => {
  while (await inDatabaseTransaction(books.pool, (tx) => takeSnapshot(tx, books.clock.now())));
};

function sale(tenantId: TenantId, personId: UserId, amount = '20.00'): Life {
  return new Life({
    tenantId,
    currency: currencyOf('USD'),
    amountMicros: micros('100.00'),
    shares: [{ beneficiaryId: personId, micros: micros(amount) }],
  });
}

const recordedOf = async (tenantId: TenantId) =>
  (
    await books.pool.query<{ recorded_at: Date }>(
      'SELECT recorded_at FROM journal WHERE tenant_id = $1 ORDER BY recorded_at',
      [tenantId],
    )
  ).rows.map(({ recorded_at }) => recorded_at.toISOString());

describe('A month', () => {
  it('closes in its order, once it is over, once, with what it came to', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const as = await finance(tenantId);
    at('2026-07-10T00:00:00Z');
    await books.earn(tenantId, personId, '50.00');
    at('2026-08-10T00:00:00Z');
    await books.live(sale(tenantId, personId));
    const codes = [];
    for (const period of ['2026-08', '2026-13', '2026-07', '2026-07', '2026-08']) {
      const { status, body } = await close(as, period);
      codes.push([period, status, body.code ?? body.status]);
    }
    expect(codes).toEqual([
      ['2026-08', 409, 'CONFLICT'],
      ['2026-13', 400, 'VALIDATION_FAILED'],
      ['2026-07', 200, 'closing'],
      ['2026-07', 422, 'PERIOD_CLOSED'],
      ['2026-08', 409, 'CONFLICT'],
    ]);
    at('2026-09-02T00:00:00Z');
    await books.live(sale(tenantId, personId));
    expect((await close(as, '2026-08')).status).toBe(200);
    await snapshots();
    const { body } = await edges.call('GET', '/v1/ledger/periods?pageSize=1', { as });
    expect(body.items).toMatchObject([
      { period: '2026-08', status: 'closed', journals: 1, trialBalance: [{ debit: '70.00', credit: '70.00' }] },
    ]);
    const rest = await edges.call('GET', `/v1/ledger/periods?pageToken=${body.nextPageToken}`, { as });
    expect(rest.body.items).toMatchObject([{ period: '2026-07', journals: 2, trialBalance: [{ debit: '50.00' }] }]);
  });

  it('with an open month before it is refused', async () => {
    const tenantId = books.newTenant();
    at('2026-07-10T00:00:00Z');
    await books.earn(tenantId, books.newPerson(), '50.00');
    at('2026-09-10T00:00:00Z');
    const { status, body } = await close(await finance(tenantId), '2026-08');
    expect([status, body.code, body.detail]).toEqual([409, 'CONFLICT', 'Close 2026-07 first.']);
  });

  it('is closed by finance, and seen by support', async () => {
    const tenantId = books.newTenant();
    const answers = [];
    for (const role of ['support', 'partner'] as const) {
      const as = await edges.person(tenantId, books.newPerson(), [role]);
      answers.push((await close(as, '2026-01')).status, (await edges.call('GET', '/v1/ledger/periods', { as })).status);
    }
    expect(answers).toEqual([403, 200, 403, 403]);
  });
});

describe('A closed month', () => {
  it('waits for the journals under way, and takes none after them, whatever a writer’s clock says', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const as = await finance(tenantId);
    at('2026-07-31T23:59:59.900Z');
    const [written, closing] = [barrier(2), barrier(2)];
    const underWay = books.apply(receivedOf(sale(tenantId, personId)), async () => {
      await written();
      await closing();
    });
    await written();
    at('2026-08-01T00:00:01Z');
    const closed = close(as, '2026-07');
    await eventually(async () => {
      const { rows } = await books.pool.query<{ n: bigint }>(
        "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
      );
      expect(rows).toEqual([{ n: 1n }]);
    });
    await closing();
    await underWay;
    expect((await closed).status).toBe(200);
    at('2026-07-31T23:59:59.950Z');
    const late = sale(tenantId, personId);
    await books.live(late);
    expect(await recordedOf(tenantId)).toEqual(['2026-07-31T23:59:59.900Z', '2026-08-01T00:00:00.000Z']);
    expect(await books.breaks(tenantId)).toEqual([]);
  });

  it('refuses a journal that names it, whoever writes', async () => {
    const tenantId = books.newTenant();
    at('2026-08-02T00:00:00Z');
    await close(await finance(tenantId), '2026-07');
    const insert = (moment: string) =>
      books.pool.query(
        `INSERT INTO journal (tenant_id, id, event_type, currency, payout_id, payout_step, occurred_at, recorded_at)
         VALUES ($1, gen_random_uuid(), 'x', 'USD', gen_random_uuid(), 'x', $2, $2)`,
        [tenantId, moment],
      );
    await expect(insert('2026-07-31T23:59:59.999Z')).rejects.toMatchObject({ code: '23001' });
    await insert('2026-08-01T00:00:00Z');
  });
});

describe('The books of an earlier moment', () => {
  it('are the same from kept balances as from all postings, at every step of a life', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const as = await finance(tenantId);
    const mine = await edges.person(tenantId, personId);
    const seen: { moment: string; balance: unknown; trial: unknown }[] = [];
    const look = async (moment: string, query: string) => ({
      moment,
      balance: (await edges.call('GET', `/v1/balances/me${query}`, { as: mine })).body.balances.map(
        (balance: object) => ({ ...balance, accounts: undefined }),
      ),
      trial: (await edges.call('GET', `/v1/ledger/trial-balance${query}`, { as })).body.currencies,
    });
    const step = async (moment: string, work: () => Promise<unknown>): Promise<void> => {
      at(moment);
      await work();
      seen.push(await look(moment, ''));
    };
    const methodId = await books.addMethod(tenantId, personId);
    let paidLife: Life | undefined;
    await step('2026-06-10T00:00:00.000Z', async () => {
      paidLife = await books.earn(tenantId, personId, '50.00');
    });
    await step('2026-06-20T00:00:00.000Z', () => books.request({ tenantId, personId, methodId, amount: '30.00' }));
    await step('2026-07-05T00:00:00.000Z', () => books.work());
    await step('2026-08-05T00:00:00.000Z', async () => {
      paidLife?.refund(paidLife.leftMicros);
      if (paidLife) await books.live(paidLife);
    });
    await step('2026-09-05T00:00:00.000Z', () => books.earn(tenantId, personId, '5.00'));

    const before = await edges.call('GET', '/v1/balances/me?asOf=2026-06-09T00:00:00Z', { as: mine });
    expect(before.body.balances).toEqual([]);
    for (const { moment, ...then } of seen) expect(await look(moment, `?asOf=${moment}`)).toEqual({ moment, ...then });
    for (const period of ['2026-06', '2026-07', '2026-08']) expect((await close(as, period)).status).toBe(200);
    await snapshots();
    for (const { moment, ...then } of seen) expect(await look(moment, `?asOf=${moment}`)).toEqual({ moment, ...then });
    expect(seen.map(({ balance }) => balance)).toMatchObject([
      [{ available: usd('50.00') }],
      [{ available: usd('20.00'), inTransit: usd('30.00') }],
      [{ available: usd('20.00'), paid: usd('30.00') }],
      [{ available: usd('-30.00'), paid: usd('30.00') }],
      [{ available: usd('-25.00'), paid: usd('30.00') }],
    ]);
    const ahead = await edges.call('GET', '/v1/balances/me?asOf=2999-01-01T00:00:00Z', { as: mine });
    expect([ahead.status, ahead.body.errors]).toMatchObject([400, [{ path: 'asOf' }]]);
  });

  it('count a posting of before the close that stands behind a later one', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    // One writer’s clock is ahead, the next one’s behind: the later month comes first on the account.
    at('2026-08-01T00:00:00.100Z');
    await books.live(sale(tenantId, personId, '1.00'));
    at('2026-07-31T23:59:59.900Z');
    await books.live(sale(tenantId, personId, '2.00'));
    at('2026-08-03T00:00:00Z');
    await close(await finance(tenantId), '2026-07');
    await snapshots();
    const pending = async (moment: string) =>
      (await new EarlierBooksStore(books.pool).balancesOf(tenantId, personId, new Date(moment)))[0]?.pendingMicros;
    expect([await pending('2026-08-01T00:00:00Z'), await pending('2026-08-02T00:00:00Z')]).toEqual([
      micros('2.00'),
      micros('3.00'),
    ]);
  });
});

describe('A statement', () => {
  it('of a range of time keeps its running balance', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    for (const day of ['01', '02', '03', '04']) {
      at(`2026-07-${day}T00:00:00Z`);
      await books.live(sale(tenantId, personId));
    }
    const as = await finance(tenantId);
    const { body } = await edges.call('GET', '/v1/ledger/accounts', { as });
    const read = await Promise.all(
      body.items.map(async ({ id, kind }: { id: string; kind: string }) => {
        const path = `/v1/ledger/accounts/${id}/statement?from=2026-07-02T00:00:00Z&to=2026-07-04T00:00:00Z`;
        const { items } = (await edges.call('GET', path, { as })).body;
        return [kind, items.map(({ balance }: { balance: { amount: string } }) => balance.amount)];
      }),
    );
    expect(Object.fromEntries(read)).toEqual({
      pending: ['60.00', '40.00'],
      commission_expense: ['-60.00', '-40.00'],
    });
  });
});

describe('The export', () => {
  it('streams a range in the order of recording, and goes on behind a journal', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const as = await finance(tenantId);
    for (const day of ['01', '02', '03']) {
      at(`2026-07-${day}T00:00:00Z`);
      await books.live(sale(tenantId, personId));
    }
    const read = async (query: string, who = as) => {
      const url = `${edges.url}/v1/ledger/export?from=2026-07-01T00:00:00Z&to=2026-07-03T00:00:00Z${query}`;
      const response = await fetch(url, { headers: { authorization: who } });
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    const csv = await read('');
    expect([csv.status, csv.type, csv.text.split('\r\n')]).toMatchObject([
      200,
      'text/csv; charset=utf-8',
      { length: 6 },
    ]);
    const jsonl = await read('&format=jsonl');
    const [first, second] = jsonl.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      event: 'CommissionsAccrued',
      recordedAt: '2026-07-01T00:00:00.000Z',
      purchaseSequence: '2',
      postings: [
        { account: 'commission_expense', amount: '-20.00' },
        { account: 'pending', ownerId: personId },
      ],
    });
    const rest = await read(`&format=jsonl&after=${first.journalId}`);
    expect(rest.text.trimEnd()).toBe(JSON.stringify(second));
    const support = await edges.person(tenantId, books.newPerson(), ['support']);
    const refused = [await read('', support), await read(`&after=${books.newId()}`), await read('&format=xml')];
    expect(refused.map(({ status }) => status)).toEqual([403, 400, 400]);
    expect((await read('', await finance(books.newTenant()))).text.trimEnd().split('\r\n')).toHaveLength(1);
  });
});
