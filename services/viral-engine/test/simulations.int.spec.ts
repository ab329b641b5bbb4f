import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asPlanId } from '../src/ids.js';
import { STANDARD } from '../src/plans/shipped-plans.js';
import { simulatePlan } from '../src/simulations/simulations.module.js';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

const PERIOD = { from: START.toISOString(), to: new Date(START.getTime() + 3_600_000).toISOString() };

/** A tenant with a line of people, an admin, and ways to buy and to simulate. */
async function tenant(levels: number) {
  const { tenantId, people, key } = await edges.tenant(levels);
  const admin = await edges.person(tenantId, people.at(-1)!, ['admin']);
  const buy = async (other: object = {}) =>
    (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, other) })).body;
  const simulate = (plan: object, other: object = {}) =>
    edges.call('POST', '/v1/plans:simulate', {
      as: admin,
      body: { plan: { id: 'proposed', ...plan }, ...PERIOD, ...other },
    });
  return { tenantId, people, key, admin, buy, simulate };
}

async function rowsOfEveryTable(): Promise<unknown> {
  const { rows } = await engine.pool.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' ORDER BY 1",
  );
  const counts: [string, bigint][] = [];
  for (const { name } of rows) {
    const counted = await engine.pool
      .query<{ n: bigint }>(`SELECT count(*) AS n FROM "${name}"`)
      .catch(() => undefined);
    if (counted?.rows[0] !== undefined) counts.push([name, counted.rows[0].n]);
  }
  return counts;
}

describe('POST /v1/plans:simulate', () => {
  it('tells what the plan itself would have paid, limits included, and writes nothing', async () => {
    const plan = {
      levelsBps: [1000, 500, 300],
      qualification: [{ level: 3, minActiveReferrals: 1 }],
      beneficiaryCaps: { day: [usd('20.00')] },
      companyCap: { period: 'month', mode: 'pro_rata', amounts: [usd('40.00')] },
    };
    const amounts = ['79.00', '33.33', '150.00', '120.00', '9.99'];
    const was = await tenant(4);
    for (const amount of amounts) await was.buy({ amount: usd(amount) });
    const before = await rowsOfEveryTable();
    const { status, body } = await was.simulate(plan);
    expect(status).toBe(200);
    expect(await rowsOfEveryTable()).toEqual(before);

    const would = await tenant(4);
    await edges.call('POST', '/v1/plans', { as: would.admin, body: { id: 'standard', ...plan } });
    const paid = new Map<number, number>();
    for (const amount of amounts) {
      for (const { level, amount: share } of (await would.buy({ amount: usd(amount) })).commissions) {
        paid.set(level, Math.round(1e6 * ((paid.get(level) ?? 0) / 1e6 + Number(share.amount))));
      }
    }
    const [usdTotals] = body.currencies;
    expect(body.purchases).toBe(5);
    expect(usdTotals).toMatchObject({ currency: 'USD', purchases: 5, revenue: usd('392.32') });
    const byLevel = new Map<number, number>(
      usdTotals.proposed.byLevel.map((each: { level: number; amount: { amount: string } }) => [
        each.level,
        Math.round(1e6 * Number(each.amount.amount)),
      ]),
    );
    for (const level of [1, 2, 3]) expect([level, byLevel.get(level)]).toEqual([level, paid.get(level)]);
    expect(usdTotals.losing).toBe(4);
    expect(usdTotals.losses[0]).toMatchObject({ beneficiaryId: was.people[1], now: usd('78.464') });
  });

  it('reaches above what was stored where the proposed plan does, by the present referrers', async () => {
    const { tenantId, people, buy, simulate } = await tenant(4);
    await engine.addPlan(tenantId, { planId: 'standard', levelsBps: [1000] });
    await buy({ amount: usd('100.00') });
    const { body } = await simulate({ levelsBps: [1000, 1000, 1000, 1000] });
    expect(body.currencies[0]).toMatchObject({ gaining: 3, losing: 0, unchanged: 1 });
    const gaining = body.currencies[0].gains.map((each: { beneficiaryId: string }) => each.beneficiaryId);
    expect(gaining.toSorted()).toEqual(people.slice(2).toSorted());
  });

  it('replays the purchases of the streams and tags that the plan names, of the period, and of the own tenant', async () => {
    const { buy, simulate } = await tenant(1);
    const other = await tenant(1);
    await other.buy({ stream: 'usage' });
    await buy({ stream: 'usage' });
    await buy({ stream: 'subscription', productTag: 'pro' });
    await buy();
    const count = async (plan: object, period: object = {}) =>
      (await simulate({ levelsBps: [100], ...plan }, period)).body.purchases;
    expect(await count({})).toBe(3);
    expect(await count({ streams: ['usage'] })).toBe(1);
    expect(await count({ streams: ['usage'], productTags: ['pro'] })).toBe(2);
    expect(await count({}, { to: START.toISOString(), from: '2026-05-31T00:00:00Z' })).toBe(0);
  });

  it('ends when whoever asked has left, and the next may ask', async () => {
    const was = await tenant(2);
    await was.buy();
    const simulation = simulatePlan(engine);
    const { tenantId } = was;
    const order = { tenantId, proposed: { ...STANDARD, planId: asPlanId('proposed') }, top: 1 };
    const period = { from: START, to: new Date(START.getTime() + 3_600_000) };
    const leaving = new AbortController();
    const left = simulation.simulate({ ...order, ...period, signal: leaving.signal });
    leaving.abort();
    await expect(left).rejects.toMatchObject({ reason: 'CANCELLED' });
    expect(await simulation.simulate({ ...order, ...period })).toMatchObject({ purchases: 1 });
  });

  it('is refused in the fields’ own words, and to all but admins', async () => {
    const { tenantId, people, simulate, key } = await tenant(0);
    const outcome = async (plan: object, other: object = {}) => {
      const { status, body } = await simulate({ levelsBps: [100], ...plan }, other);
      return [status, body.errors?.[0]?.path];
    };
    expect(await outcome({ levelsBps: [] })).toEqual([400, 'plan.levelsBps']);
    expect(await outcome({ colour: 'red' })).toEqual([400, 'plan.colour']);
    expect(await outcome({}, { to: PERIOD.from })).toEqual([400, 'to']);
    expect(await outcome({}, { top: 0 })).toEqual([400, 'top']);
    expect(await outcome({}, { from: 'yesterday' })).toEqual([400, 'from']);
    const body = { plan: { id: 'p', levelsBps: [100] }, ...PERIOD };
    const finance = await edges.person(tenantId, people[0]!, ['finance']);
    for (const as of [finance, key]) {
      expect((await edges.call('POST', '/v1/plans:simulate', { as, body })).status).toBe(403);
    }
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
