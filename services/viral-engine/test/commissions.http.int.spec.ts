import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

describe('/v1/commissions', () => {
  it('lists the own ones newest first, stable under inserts, and finance anybody’s', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const post = async () =>
      (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) })).body.commissions[0].id;
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift(await post());
    const own = await edges.person(tenantId, people[1]!);
    const first = await edges.call('GET', '/v1/commissions?pageSize=2', { as: own });
    await post();
    const second = await edges.call('GET', `/v1/commissions?pageSize=9&pageToken=${first.body.nextPageToken}`, {
      as: own,
    });
    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(ids);
    const finance = await edges.person(tenantId, people[0]!, ['finance']);
    const all = await edges.call('GET', `/v1/commissions?beneficiaryId=${people[1]}`, { as: finance });
    expect(all.body.items).toHaveLength(6);
    expect((await edges.call('GET', '/v1/commissions', { as: finance })).body.items).toEqual([]);
    const support = await edges.person(tenantId, people[0]!, ['support']);
    for (const as of [support, await edges.person(tenantId, people[0]!)]) {
      expect((await edges.call('GET', `/v1/commissions?beneficiaryId=${people[1]}`, { as })).status).toBe(403);
    }
    expect((await edges.call('GET', `/v1/commissions?beneficiaryId=${people[1]}`, { as: own })).status).toBe(200);
    expect((await edges.call('GET', '/v1/commissions?pageToken=nonsense', { as: own })).status).toBe(400);
    expect((await edges.call('GET', '/v1/commissions', { as: key })).status).toBe(403);
  });

  it('explains one: inputs, plan version, each step, each change', async () => {
    const { tenantId, people, key } = await edges.tenant(3);
    await engine.setStatus(tenantId, people[2]!, 'suspended');
    const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
    await edges.call('POST', `/v1/purchases/${purchase.id}/refunds`, {
      as: key,
      body: { externalId: engine.newId(), amount: usd('7.90'), reason: 'chargeback' },
    });
    const id = purchase.commissions[1].id;
    const finance = await edges.person(tenantId, people[0]!, ['finance']);
    const { body: told } = await edges.call('GET', `/v1/commissions/${id}`, { as: finance });
    expect(told).toMatchObject({
      id,
      level: 3,
      amount: usd('7.90'),
      reversed: usd('0.79'),
      net: usd('7.11'),
      recomputed: true,
      inputs: { purchaseId: purchase.id, buyerId: people[0], amount: usd('79.00'), refunded: usd('7.90') },
      plan: { id: 'standard', version: 1, levelsBps: [2000, 1500, 1000, 800, 500, 300, 200] },
    });
    const steps = told.steps.map(
      (step: { level?: number; beneficiaryId?: string; unpaid?: string; amount?: object }) => [
        step.level,
        step.beneficiaryId,
        step.unpaid,
      ],
    );
    expect(steps).toEqual([
      [1, people[1], null],
      [2, people[2], 'not_active'],
      [3, people[3], null],
      [4, null, 'nobody'],
      [5, null, 'nobody'],
      [6, null, 'nobody'],
      [7, null, 'nobody'],
      [undefined, undefined, undefined],
    ]);
    expect(told.steps.at(-1)).toEqual({
      step: 'cap',
      maxPayoutBps: 7000,
      cap: usd('55.30'),
      sum: usd('23.70'),
      applied: false,
    });
    expect(told.changes).toEqual([
      expect.objectContaining({
        from: 'pending',
        to: 'pending',
        delta: { amount: '-0.79', currency: 'USD' },
        net: usd('7.11'),
        reason: 'chargeback',
        purchaseSequence: '4',
      }),
    ]);
    const own = await edges.person(tenantId, people[3]!);
    const { body: mine } = await edges.call('GET', `/v1/commissions/${id}`, { as: own });
    expect(mine.inputs).toMatchObject({ buyerId: null, externalId: null });
    expect(mine.steps.map((step: { beneficiaryId?: string }) => step.beneficiaryId)).toEqual([
      null,
      null,
      people[3],
      null,
      null,
      null,
      null,
      undefined,
    ]);
    const other = await edges.person(tenantId, people[1]!);
    expect((await edges.call('GET', `/v1/commissions/${id}`, { as: other })).status).toBe(403);
    expect((await edges.call('GET', `/v1/commissions/${engine.newId()}`, { as: finance })).status).toBe(404);
  });
});

describe('/v1/plans', () => {
  it('lists what ships, takes new versions and another default, and refuses overlaps and the past', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const admin = await edges.person(tenantId, people[1]!, ['admin']);
    const { body: shipped } = await edges.call('GET', '/v1/plans', { as: admin });
    expect(shipped.items.map((plan: { id: string; isDefault: boolean }) => [plan.id, plan.isDefault])).toEqual([
      ['standard', true],
      ['ultraplan', false],
    ]);
    const usage = { id: 'usage', levelsBps: [100], streams: ['usage'] };
    const added = await edges.call('POST', '/v1/plans', { as: admin, body: usage, key: 'plan' });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      id: 'usage',
      version: 1,
      effectiveFrom: START.toISOString(),
      holdDays: 30,
      recurring: 'all',
    });
    expect((await edges.call('POST', '/v1/plans', { as: admin, body: usage, key: 'plan' })).body).toEqual(added.body);
    const outcome = async (body: object) => {
      const answer = await edges.call('POST', '/v1/plans', { as: admin, body });
      return [answer.status, answer.body.code];
    };
    expect(await outcome({ ...usage, id: 'rival' })).toEqual([409, 'PLAN_OVERLAP']);
    expect(await outcome({ ...usage, effectiveFrom: '2026-05-31T00:00:00Z' })).toEqual([422, 'PLAN_EFFECTIVE_IN_PAST']);
    expect(await outcome({ ...usage, levelsBps: [10_001] })).toEqual([400, 'VALIDATION_FAILED']);
    expect(await outcome({ ...usage, colour: 'red' })).toEqual([400, 'VALIDATION_FAILED']);
    const next = await edges.call('POST', '/v1/plans', {
      as: admin,
      body: { ...usage, effectiveFrom: '2026-07-01T00:00:00Z', recurring: { months: 12 } },
    });
    expect(next.body).toMatchObject({ version: 2, recurring: { months: 12 } });
    const chosen = await edges.call('PUT', '/v1/plans/default', { as: admin, body: { planId: 'ultraplan' } });
    expect([chosen.status, chosen.body.id, chosen.body.isDefault]).toEqual([200, 'ultraplan', true]);
    expect((await edges.call('PUT', '/v1/plans/default', { as: admin, body: { planId: 'nothing' } })).status).toBe(404);
    const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
    expect(purchase.plan).toEqual({ id: 'ultraplan', version: 1 });
    const { body: page } = await edges.call('GET', '/v1/plans?pageSize=2', { as: admin });
    const { body: rest } = await edges.call('GET', `/v1/plans?pageSize=2&pageToken=${page.nextPageToken}`, {
      as: admin,
    });
    expect([...page.items, ...rest.items].map((plan: { id: string }) => plan.id)).toEqual([
      'standard',
      'ultraplan',
      'usage',
    ]);
    const finance = await edges.person(tenantId, people[1]!, ['finance']);
    expect((await edges.call('GET', '/v1/plans', { as: finance })).status).toBe(403);
  });
});

describe('Archiving a plan', () => {
  it('keeps it from deciding purchases that occur from now on, until it has a new version', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const admin = await edges.person(tenantId, people[1]!, ['admin']);
    const usage = { id: 'usage', levelsBps: [100], streams: ['usage'] };
    const post = (path: string, body?: object) => edges.call('POST', path, { as: admin, ...(body && { body }) });
    const planOf = async (occurredAt?: string) => {
      const body = sale(people[0]!, { stream: 'usage', ...(occurredAt && { occurredAt }) });
      return (await edges.call('POST', '/v1/purchases', { as: key, body })).body.plan;
    };
    await post('/v1/plans', usage);
    expect(await planOf()).toEqual({ id: 'usage', version: 1 });
    engine.clock.set(new Date(START.getTime() + 60_000));
    const archived = await post('/v1/plans/usage/archive');
    expect([archived.status, archived.body.versions[0].archivedAt]).toEqual([200, '2026-06-01T12:01:00.000Z']);
    expect((await post('/v1/plans/usage/archive')).body).toEqual(archived.body);
    expect(await planOf()).toEqual({ id: 'standard', version: 1 });
    expect(await planOf('2026-06-01T12:00:59.999Z')).toEqual({ id: 'usage', version: 1 });
    const choice = await edges.call('PUT', '/v1/plans/default', { as: admin, body: { planId: 'usage' } });
    expect([choice.status, choice.body.code]).toEqual([409, 'CONFLICT']);
    const again = await post('/v1/plans', usage);
    expect([again.status, again.body.archivedAt]).toEqual([201, null]);
    expect(await planOf()).toEqual({ id: 'usage', version: 2 });
  });

  it('is refused for the default plan, an unknown one, and to all but admins', async () => {
    const { tenantId, people } = await edges.tenant(0);
    const admin = await edges.person(tenantId, people[0]!, ['admin']);
    const outcome = async (id: string, as: string) => {
      const { status, body } = await edges.call('POST', `/v1/plans/${id}/archive`, { as });
      return [status, body.code];
    };
    expect(await outcome('standard', admin)).toEqual([409, 'CONFLICT']);
    expect(await outcome('nothing', admin)).toEqual([404, 'NOT_FOUND']);
    expect(await outcome('Not-A-Slug', admin)).toEqual([400, 'VALIDATION_FAILED']);
    expect((await outcome('ultraplan', await edges.person(tenantId, people[0]!, ['finance'])))[0]).toBe(403);
    expect((await outcome('ultraplan', admin))[0]).toBe(200);
    const other = await edges.tenant(0);
    const stranger = await edges.person(other.tenantId, other.people[0]!, ['admin']);
    const { body } = await edges.call('GET', '/v1/plans', { as: stranger });
    expect(body.items[1].versions[0].archivedAt).toBeNull();
  });
});

describe('A product tag', () => {
  it('chooses its plan before the stream does, and is told with the purchase', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const admin = await edges.person(tenantId, people[1]!, ['admin', 'finance']);
    const add = (body: object) => edges.call('POST', '/v1/plans', { as: admin, body: { levelsBps: [100], ...body } });
    expect((await add({ id: 'usage', streams: ['usage'] })).body).toMatchObject({ productTags: [] });
    expect((await add({ id: 'pro', productTags: ['pro-1', 'pro-2'] })).body).toMatchObject({
      streams: [],
      productTags: ['pro-1', 'pro-2'],
    });
    const rival = await add({ id: 'rival', productTags: ['pro-2'] });
    expect([rival.status, rival.body.code]).toEqual([409, 'PLAN_OVERLAP']);
    expect(rival.body.detail).toContain('product tag pro-2');
    const buy = async (other: object) =>
      (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, other) })).body;
    const tagged = await buy({ stream: 'usage', productTag: 'pro-1' });
    expect(tagged).toMatchObject({ productTag: 'pro-1', plan: { id: 'pro' } });
    expect(await buy({ stream: 'usage', productTag: 'basic' })).toMatchObject({ plan: { id: 'usage' } });
    expect(await buy({})).toMatchObject({ productTag: null, plan: { id: 'standard' } });
    const found = await edges.call('GET', `/v1/purchases/${tagged.id}`, { as: key });
    expect(found.body.productTag).toBe('pro-1');
    const { body } = await edges.call('GET', `/v1/commissions/${tagged.commissions[0].id}`, { as: admin });
    expect(body.inputs.productTag).toBe('pro-1');
    const wrong = await edges.call('POST', '/v1/purchases', {
      as: key,
      body: sale(people[0]!, { productTag: 'Not a slug' }),
    });
    expect([wrong.status, wrong.body.errors[0].path]).toEqual([400, 'productTag']);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
