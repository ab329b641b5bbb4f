import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient } from '@dailydoco/grpc';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { TenantId } from '../src/ids.js';
import { attributePurchases } from '../src/purchases/purchases.module.js';
import { type Edges, sale, SECRET, startEdges } from './edges.js';
import { type Engine, startEngine } from './engine.js';
import { beneficiaries, Referring } from './referring.js';

let engine: Engine;
let edges: Edges;
let referring: Referring;
const client = () =>
  createGrpcClient(ReferralServiceService, { address: edges.grpcAddress, service: 'identity', serviceSecret: SECRET });
let grpc: ReturnType<typeof client>;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  referring = new Referring(engine, edges);
  grpc = client();
});

afterAll(async () => {
  grpc.close();
  await edges.stop();
  await engine.stop();
});

const check = (tenantId: TenantId, clickId: string) =>
  grpc.checkReferral({ referralCode: '', visitorId: '', clickId }, { tenantId });

describe('A click', () => {
  it('counts for as many days as the default plan says that is in force at the registration', async () => {
    const { tenantId, ada, asAdmin } = await referring.world();
    const { clickId } = await referring.follow(await engine.codeOf(tenantId, ada));
    const clickedAt = engine.clock.now();
    const after = (days: number, ms = 0) => new Date(clickedAt.getTime() + days * 86_400_000 + ms);
    const body = {
      id: 'standard',
      levelsBps: [1000],
      attributionWindowDays: 60,
      effectiveFrom: after(31).toISOString(),
    };
    const added = await edges.call('POST', '/v1/plans', { as: asAdmin, body });
    expect([added.status, added.body.attributionWindowDays]).toEqual([201, 60]);
    const referrers = async (...moments: Date[]) => {
      const registered = await Promise.all(moments.map((at) => referring.register(tenantId, { clickId }, at)));
      return registered.map(({ referrer }) => referrer);
    };
    engine.clock.set(after(60));
    expect(await check(tenantId, clickId)).toEqual({ applies: true, referrerId: ada });
    // What is learnt late is decided as of its own time.
    expect(await referrers(after(30), after(30, 1), after(31), after(60))).toEqual([ada, undefined, ada, ada]);
    engine.clock.advance(1);
    expect(await check(tenantId, clickId)).toEqual({ applies: false, referrerId: '' });
    expect(await referrers(after(60, 1))).toEqual([undefined]);
  });

  it('told with a first purchase counts for as many days as the plan says that decides it', async () => {
    const { tenantId, ada, asAdmin, key } = await referring.world();
    const body = { id: 'usage', levelsBps: [1000], streams: ['usage'], attributionWindowDays: 7 };
    expect((await edges.call('POST', '/v1/plans', { as: asAdmin, body })).status).toBe(201);
    const { clickId } = await referring.follow(await engine.codeOf(tenantId, ada));
    const week = 7 * 86_400_000;
    engine.clock.advance(week);
    const { buyerId: _, ...unmapped } = sale('', { stream: 'usage', clickId });
    const [inTime, late] = [engine.newId(), engine.newId()];
    await edges.call('POST', '/v1/purchases', { as: key, body: { ...unmapped, customerId: inTime } });
    const buyers = await Promise.all([1, 2, 3, 4, 5].map(() => engine.join(tenantId)));
    expect(beneficiaries(await referring.buy(key, buyers[0]!, { stream: 'usage', clickId }))).toEqual([ada]);
    engine.clock.advance(1);
    expect(beneficiaries(await referring.buy(key, buyers[1]!, { stream: 'usage', clickId }))).toEqual([]);
    expect(beneficiaries(await referring.buy(key, buyers[2]!, { stream: 'subscription', clickId }))).toEqual([ada]);
    const later = { ...unmapped, externalId: engine.newId(), customerId: late };
    await edges.call('POST', '/v1/purchases', { as: key, body: later });
    await edges.call('POST', '/v1/customers', { as: key, body: { customerId: inTime, userId: buyers[3] } });
    await edges.call('POST', '/v1/customers', { as: key, body: { customerId: late, userId: buyers[4] } });
    const attribution = attributePurchases(edges.runtime);
    while (await attribution.runOnce());
    expect(await Promise.all(buyers.slice(3).map((buyer) => referring.referrerOf(tenantId, buyer)))).toEqual([
      ada,
      undefined,
    ]);
  });
});
