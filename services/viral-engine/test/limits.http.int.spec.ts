import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, startEngine } from './engine.js';

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

const LIMITS = {
  qualification: [{ level: 2, minActiveReferrals: 1 }],
  beneficiaryCaps: { day: [usd('5.00'), { amount: '900.00', currency: 'JPY' }], lifetime: [usd('99.00')] },
  companyCap: { period: 'month', mode: 'pro_rata', amounts: [usd('8.00')] },
};

/** A tenant whose default plan pays 10 % and 5 % under limits. */
async function limited() {
  const { tenantId, people, key } = await edges.tenant(3);
  const admin = await edges.person(tenantId, people[3]!, ['admin', 'finance']);
  const body = { id: 'standard', levelsBps: [1000, 500, 100], ...LIMITS };
  const added = await edges.call('POST', '/v1/plans', { as: admin, body });
  const buy = async () => (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) })).body;
  return { tenantId, people, admin, added, buy };
}

describe('A plan with limits', () => {
  it('is answered and listed with all of them, and one without says that it has none', async () => {
    const { admin, added } = await limited();
    const expected = {
      qualification: [{ level: 2, minOwnPurchases: 0, minActiveReferrals: 1 }],
      beneficiaryCaps: {
        day: [{ amount: '900.00', currency: 'JPY' }, usd('5.00')],
        month: [],
        lifetime: [usd('99.00')],
      },
      companyCap: { period: 'month', mode: 'pro_rata', amounts: [usd('8.00')] },
    };
    expect([added.status, added.body]).toMatchObject([201, expected]);
    const { body } = await edges.call('GET', '/v1/plans', { as: admin });
    const [shipped, limitedVersion] = body.items[0].versions;
    expect(limitedVersion).toEqual(added.body);
    expect(shipped).toMatchObject({
      qualification: [],
      beneficiaryCaps: { day: [], month: [], lifetime: [] },
      companyCap: null,
    });
  });

  it.each<[string, object, string]>([
    ['a level it has not', { qualification: [{ level: 4, minOwnPurchases: 1 }] }, 'qualification.0.level'],
    ['a level that asks nothing', { qualification: [{ level: 1 }] }, 'qualification.0'],
    ['half a purchase', { qualification: [{ level: 1, minOwnPurchases: 0.5 }] }, 'qualification.0.minOwnPurchases'],
    ['a period nobody knows', { companyCap: { ...LIMITS.companyCap, period: 'week' } }, 'companyCap.period'],
    ['a mode nobody knows', { companyCap: { ...LIMITS.companyCap, mode: 'fair' } }, 'companyCap.mode'],
    ['no amount', { companyCap: { ...LIMITS.companyCap, amounts: [] } }, 'companyCap.amounts'],
    ['an amount of zero', { beneficiaryCaps: { day: [usd('0.00')] } }, 'beneficiaryCaps.day.0.amount'],
    ['a negative amount', { beneficiaryCaps: { day: [usd('-1.00')] } }, 'beneficiaryCaps.day.0.amount'],
    [
      'one currency twice',
      { beneficiaryCaps: { month: [usd('1.00'), usd('2.00')] } },
      'beneficiaryCaps.month.1.currency',
    ],
    [
      'a currency that is none',
      { beneficiaryCaps: { day: [{ amount: '1', currency: 'XXX' }] } },
      'beneficiaryCaps.day.0.currency',
    ],
    ['a period that caps have not', { beneficiaryCaps: { week: [usd('1.00')] } }, 'beneficiaryCaps.week'],
  ])('is refused with %s, and nothing is written', async (_, wrong, path) => {
    const { tenantId, people } = await edges.tenant(0);
    const as = await edges.person(tenantId, people[0]!, ['admin']);
    const { status, body } = await edges.call('POST', '/v1/plans', {
      as,
      body: { id: 'wrong', levelsBps: [1000, 500, 100], ...wrong },
    });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
    const { body: plans } = await edges.call('GET', '/v1/plans', { as });
    expect(plans.items.map(({ id }: { id: string }) => id)).toEqual(['standard', 'ultraplan']);
  });
});

describe('A commission under limits', () => {
  const cut = (amount: string) => ({ rule: 'company_cap', amount: usd(amount) });
  const day = { rule: 'beneficiary_day', amount: usd('2.90') };

  it('says what was cut, in every answer', async () => {
    const { tenantId, people, buy } = await limited();
    const { commissions, total, house } = await buy();
    // 7.90 (by the day: 5.00), 3.95 and 0.79 are 9.74, of which 8.00 are left.
    expect(commissions.map(({ level, amount, cuts }: Record<string, unknown>) => [level, amount, cuts])).toEqual([
      [1, usd('4.106776'), [day, cut('0.893224')]],
      [2, usd('3.244353'), [cut('0.705647')]],
      [3, usd('0.64887'), [cut('0.14113')]],
    ]);
    expect([total, house]).toEqual([usd('7.999999'), usd('71.000001')]);
    const own = await edges.person(tenantId, people[1]!);
    const { body } = await edges.call('GET', '/v1/commissions', { as: own });
    expect(body.items[0].cuts).toEqual(commissions[0].cuts);
  });

  it('is explained by each limit: to finance in full, to its owner without what is another person’s', async () => {
    const { tenantId, people, admin, buy } = await limited();
    const { commissions } = await buy();
    const explained = async (as: string) =>
      (await edges.call('GET', `/v1/commissions/${commissions[1].id}`, { as })).body;
    const told = await explained(admin);
    expect(told).toMatchObject({ recomputed: true, amount: usd('3.244353'), cuts: [cut('0.705647')] });
    const asked = { minOwnPurchases: 0, minActiveReferrals: 1 };
    expect(told.steps.slice(0, 3)).toMatchObject([
      {
        qualification: null,
        uncapped: usd('7.90'),
        cuts: [day, cut('0.893224')],
        room: { day: usd('5.00'), month: null, lifetime: usd('99.00') },
      },
      { qualification: { ...asked, ownPurchases: 0, activeReferrals: 1 }, unpaid: null, thisCommission: true },
      { room: { day: usd('5.00') }, amount: usd('0.64887') },
    ]);
    const company = {
      step: 'company_cap',
      period: 'month',
      mode: 'pro_rata',
      cap: usd('8.00'),
      closed: false,
      applied: true,
    };
    expect(told.steps.at(-1)).toEqual({ ...company, left: usd('8.00'), sum: usd('9.74') });
    const mine = await explained(await edges.person(tenantId, people[2]!));
    expect(mine.steps.map(({ room }: { room?: object }) => room === null)).toEqual([true, false, true, false, false]);
    expect(mine.steps[1].qualification).toEqual({ ...asked, ownPurchases: 0, activeReferrals: 1 });
    expect(mine.steps.at(-1).left).toBeNull();
  });

  it('of another level that was not qualified for, or cut to nothing, tells that', async () => {
    const { tenantId, people, key } = await edges.tenant(3);
    const admin = await edges.person(tenantId, people[3]!, ['admin', 'finance']);
    const limits = {
      qualification: [{ level: 2, minOwnPurchases: 1 }],
      beneficiaryCaps: { day: [usd('10.00')] },
    };
    const plan = { id: 'standard', levelsBps: [2000, 500, 1000], ...limits };
    await edges.call('POST', '/v1/plans', { as: admin, body: plan });
    const buy = async (amount: string) =>
      (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, { amount: usd(amount) }) })).body;
    await buy('50.00');
    const { commissions } = await buy('50.00');
    expect(commissions.map(({ level }: { level: number }) => level)).toEqual([3]);
    const { body } = await edges.call('GET', `/v1/commissions/${commissions[0].id}`, { as: admin });
    expect(body.steps.slice(0, 3)).toMatchObject([
      {
        unpaid: null,
        uncapped: usd('10.00'),
        amount: usd('0.00'),
        cuts: [{ rule: 'beneficiary_day', amount: usd('10.00') }],
      },
      { unpaid: 'not_qualified', amount: usd('0.00'), cuts: [] },
      { unpaid: null, amount: usd('5.00'), cuts: [], room: { day: usd('5.00') } },
    ]);
    expect(body.recomputed).toBe(true);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
