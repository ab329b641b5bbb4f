import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId, UserId } from '../src/ids.js';
import { scheduleRound } from '../src/schedules/schedules.module.js';
import { type Books, micros, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { SPEC_RAILS } from './spec-rail.js';

const PATH = '/v1/payout-schedule';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { rails: SPEC_RAILS });
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

const round = (signal = new AbortController().signal) => scheduleRound(edges.runtime, signal);

interface Partner {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly as: string;
  readonly methodId: string;
}

async function partner(amount = '100.00', tenantId = books.newTenant()): Promise<Partner> {
  const personId = books.newPerson();
  if (amount !== '0.00') await books.earn(tenantId, personId, amount);
  const methodId = await books.addMethod(tenantId, personId);
  return { tenantId, personId, as: await edges.person(tenantId, personId), methodId };
}

const choose = ({ as, methodId }: Partner, choice: object) =>
  edges.call('PUT', PATH, { as, body: { currency: 'USD', methodId, ...choice } });

const look = async ({ as }: Partner) => {
  const { body } = await edges.call('GET', PATH, { as });
  return body.items[0];
};

const payouts = async ({ as }: Partner) => {
  const { body } = await edges.call('GET', '/v1/payouts', { as });
  return body.items.map(({ amount }: { amount: { amount: string } }) => amount.amount);
};

/** To the next midnight, UTC. */
const tomorrow = () => books.clock.advance(DAY_MS - (books.clock.now().getTime() % DAY_MS));

describe(PATH, () => {
  it.each([
    [{ interval: 'daily' }, { interval: 'daily' }],
    [
      { interval: 'weekly', day: 7 },
      { interval: 'weekly', day: 7 },
    ],
    [
      { interval: 'monthly', day: 28 },
      { interval: 'monthly', day: 28 },
    ],
    [
      { interval: 'threshold', threshold: usd('50.00') },
      { interval: 'threshold', threshold: usd('50.00') },
    ],
  ])('is chosen, chosen anew and ended: %j', async (choice, shown) => {
    const me = await partner();
    await choose(me, { interval: 'daily' });
    const { status, body } = await choose(me, choice);
    const [schedule] = body.items;
    expect([status, schedule]).toEqual([
      200,
      { currency: 'USD', methodId: me.methodId, nextOn: schedule.nextOn, ...shown },
    ]);
    expect(await look(me)).toEqual(schedule);
    const end = { currency: 'USD', interval: 'none' };
    for (const again of [1, 2]) {
      const ended = await edges.call('PUT', PATH, { as: me.as, body: end });
      expect([again, ended.status, ended.body.items]).toEqual([again, 200, []]);
    }
  });

  it.each([
    ['an interval that there is not', { interval: 'hourly' }, 400, 'VALIDATION_FAILED'],
    ['no day', { interval: 'weekly' }, 400, 'VALIDATION_FAILED'],
    ['an eighth day', { interval: 'weekly', day: 8 }, 400, 'VALIDATION_FAILED'],
    ['a day that not every month has', { interval: 'monthly', day: 29 }, 400, 'VALIDATION_FAILED'],
    ['half a day', { interval: 'monthly', day: 1.5 }, 400, 'VALIDATION_FAILED'],
    ['a day of every day', { interval: 'daily', day: 1 }, 400, 'VALIDATION_FAILED'],
    ['a threshold of nothing', { interval: 'threshold', threshold: usd('0.00') }, 400, 'VALIDATION_FAILED'],
    ['an unknown currency', { interval: 'daily', currency: 'XXX' }, 400, 'VALIDATION_FAILED'],
    [
      'a threshold in another currency',
      { interval: 'threshold', threshold: { amount: '5.00', currency: 'EUR' } },
      422,
      'CURRENCY_MISMATCH',
    ],
    [
      'a method that nobody has',
      { interval: 'daily', methodId: '00000000-0000-7000-8000-000000000001' },
      404,
      'NOT_FOUND',
    ],
  ])('refuses %s and keeps what was', async (_, choice, status, code) => {
    const me = await partner();
    await choose(me, { interval: 'daily' });
    const answer = await choose(me, choice);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await look(me)).toMatchObject({ interval: 'daily' });
  });

  it('refuses the method of another person, and a rail that does not carry the currency', async () => {
    const [me, near] = [await partner(), await partner()];
    const other = await choose({ ...me, methodId: near.methodId }, { interval: 'daily' });
    expect([other.status, other.body.code]).toEqual([404, 'NOT_FOUND']);
    const { body } = await edges.call('POST', '/v1/payout-methods', {
      as: me.as,
      body: { kind: 'sepa', details: { account: 'DE12345678' } },
    });
    const unreached = await choose({ ...me, methodId: body.id }, { interval: 'daily' });
    expect([unreached.status, unreached.body.code]).toEqual([422, 'RAIL_UNREACHABLE']);
    expect((await choose({ ...me, methodId: body.id }, { interval: 'daily', currency: 'EUR' })).status).toBe(200);
  });
});

describe('The scheduler', () => {
  it('pays all that is there in whole cents on its day, once, and leaves the rest', async () => {
    const me = await partner('100.00');
    await books.earn(me.tenantId, me.personId, '0.001234');
    await choose(me, { interval: 'daily' });
    await round();
    expect([await payouts(me), (await look(me)).last]).toEqual([[], undefined]);
    tomorrow();
    await Promise.all([round(), round(), round()]);
    await round();
    expect(await payouts(me)).toEqual(['100.00']);
    expect((await books.balance(me.tenantId, me.personId))?.availableMicros).toBe(1_234n);
    const { last, nextOn } = await look(me);
    expect(last).toMatchObject({ outcome: 'paid', at: books.clock.now().toISOString() });
    expect(nextOn).toBe(new Date(books.clock.now().getTime() + DAY_MS).toISOString().slice(0, 10));
    expect(await books.published(last.payoutId)).toEqual(['PayoutRequested']);
    tomorrow();
    await round();
    expect([await payouts(me), (await look(me)).last]).toMatchObject([['100.00'], { outcome: 'below_minimum' }]);
    expect(await books.breaks(me.tenantId)).toEqual([]);
  });

  it('pays a day once, also when the choice is made again on that day', async () => {
    const me = await partner('10.00');
    await choose(me, { interval: 'threshold', threshold: usd('5.00') });
    await round();
    await books.earn(me.tenantId, me.personId, '10.00');
    await choose(me, { interval: 'threshold', threshold: usd('1.00') });
    await round();
    expect(await payouts(me)).toEqual(['10.00']);
    tomorrow();
    await round();
    expect(await payouts(me)).toEqual(['10.00', '10.00']);
  });

  it('looks at a threshold every hour, until it is reached', async () => {
    const me = await partner('49.99');
    await choose(me, { interval: 'threshold', threshold: usd('50.00') });
    await round();
    expect([await payouts(me), (await look(me)).last.outcome]).toEqual([[], 'below_threshold']);
    await books.earn(me.tenantId, me.personId, '0.01');
    await round();
    expect(await payouts(me)).toEqual([]);
    books.clock.advance(HOUR_MS);
    await round();
    expect(await payouts(me)).toEqual(['50.00']);
  });

  it('tells why it did not pay, and pays for the same day once that is over', async () => {
    const me = await partner();
    const staff = await edges.person(me.tenantId, books.newPerson(), ['finance']);
    const decide = (path: string, body: object, method = 'POST') =>
      edges.call(method, path, { as: staff, body: { reason: 'x', ...body } });
    await choose(me, { interval: 'monthly', day: 1 });
    const { nextOn } = await look(me);
    books.clock.advance(new Date(`${nextOn}T00:00:00Z`).getTime() - books.clock.now().getTime());
    const becomes = async (outcome: string) => {
      await round();
      expect(await look(me)).toMatchObject({ nextOn, last: { outcome } });
      books.clock.advance(HOUR_MS);
    };
    await decide('/v1/payout-policy/stop', { stopped: true }, 'PUT');
    await becomes('stopped');
    await decide('/v1/payout-policy/stop', { stopped: false }, 'PUT');
    await decide(`/v1/people/${me.personId}/payout-freeze`, {});
    await becomes('frozen');
    await decide(`/v1/people/${me.personId}/payout-unfreeze`, {});
    await books.suspend(me.tenantId, me.personId);
    await becomes('frozen');
    await books.suspend(me.tenantId, me.personId, false);
    expect(await payouts(me)).toEqual([]);
    await round();
    expect(await payouts(me)).toEqual(['100.00']);
    expect((await look(me)).nextOn > nextOn).toBe(true);
  });

  it('waits for a method that is held, and gives up one that was deleted', async () => {
    const me = await partner('0.00');
    await books.earn(me.tenantId, me.personId, '20.00', 'EUR');
    const add = (account: string) =>
      edges.call('POST', '/v1/payout-methods', { as: me.as, body: { kind: 'sepa', details: { account } } });
    await add('DE12345678');
    const { body: changed } = await add('DE12345679');
    await choose({ ...me, methodId: changed.id }, { interval: 'daily', currency: 'EUR' });
    tomorrow();
    await round();
    expect((await look(me)).last.outcome).toBe('method_held');
    books.clock.advance(2 * DAY_MS);
    await round();
    expect(await payouts(me)).toEqual(['20.00']);
    await edges.call('DELETE', `/v1/payout-methods/${changed.id}`, { as: me.as });
    await books.earn(me.tenantId, me.personId, '20.00', 'EUR');
    tomorrow();
    await round();
    expect([await payouts(me), (await look(me)).last.outcome]).toEqual([['20.00'], 'method_deleted']);
  });

  it('begins nothing new once it is told to stop, and has lost nothing', async () => {
    const me = await partner('30.00');
    await choose(me, { interval: 'daily' });
    tomorrow();
    await round(AbortSignal.abort());
    expect(await payouts(me)).toEqual([]);
    await round();
    expect(await payouts(me)).toEqual(['30.00']);
  });

  it('pays many in one round, each once, also when two replicas look at the same time', async () => {
    const tenantId = books.newTenant();
    const people = await Promise.all(Array.from({ length: 40 }, () => partner('7.00', tenantId)));
    await Promise.all(people.map((me) => choose(me, { interval: 'daily' })));
    tomorrow();
    await Promise.all([round(), round()]);
    const { rows } = await books.pool.query<{ n: number; people: number; sum: string }>(
      `SELECT count(*)::int AS n, count(DISTINCT person_id)::int AS people, sum(amount_micros) AS sum
       FROM payout WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(rows).toEqual([{ n: 40, people: 40, sum: String(40n * micros('7.00')) }]);
    expect(await books.breaks(tenantId)).toEqual([]);
  });
});

describe('What schedules have paid', () => {
  it('stands for good', async () => {
    for (const sql of ['UPDATE payout_schedule_run SET due_on = due_on', 'DELETE FROM payout_schedule_run']) {
      const code = await books.pool.query(sql).then(
        () => 'done',
        (error) => error.code,
      );
      expect([sql, code]).toEqual([sql, '42501']);
    }
  });
});
