import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ChargebackWin, Fact } from '../src/facts/fact.js';
import type { TenantId } from '../src/ids.js';
import { MetricsStore } from '../src/metrics/metrics.store.js';
import { ReadViralMetrics, type Sum, viralMetrics } from '../src/metrics/viral-metrics.js';
import { type Edges, startEdges, told } from './edges.js';
import { type Engine, HOUR, later, START, startEngine, wrongHours } from './engine.js';

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

const admin = (tenantId: TenantId) => edges.person(tenantId, engine.newId(), ['admin']);
const usd = (micros: bigint) => ({ currency: 'USD', micros });
const fact = (tenantId: TenantId, kind: Fact['kind'], other: Partial<Fact> = {}): Fact => ({
  tenantId,
  kind,
  sourceId: engine.newId(),
  sequence: 0n,
  at: START,
  ...other,
});

describe('GET /v1/metrics/viral', () => {
  it('answers zeros for a tenant of whom nothing is known', async () => {
    expect(await edges.metrics(await admin(engine.newTenant()))).toEqual({
      registrations: 0,
      referredRegistrations: 0,
      invitesSent: 0,
      kFactor: 0,
      purchases: 0,
      revenue: [],
      commissions: [],
    });
  });

  it('counts invitations as they are sent, and money net of refunds by currency', async () => {
    const tenantId = engine.newTenant();
    await edges.post(edges.apiKey(tenantId), told({ name: 'invite_sent' }), told({ name: 'invite_opened' }));
    await engine.addFacts([
      fact(tenantId, 'registration'),
      fact(tenantId, 'registration'),
      fact(tenantId, 'referred_registration'),
      fact(tenantId, 'purchase', { money: usd(79_000_000n) }),
      fact(tenantId, 'purchase', { money: { currency: 'EUR', micros: 1n } }),
      fact(tenantId, 'refund', { money: usd(80_500_000n) }),
      fact(tenantId, 'commission', { money: usd(15_800_000n) }),
      fact(tenantId, 'commission', { sequence: 1n, money: usd(-800_000n) }),
    ]);
    expect(await edges.metrics(await admin(tenantId))).toEqual({
      registrations: 2,
      referredRegistrations: 1,
      invitesSent: 1,
      kFactor: 0.5,
      purchases: 2,
      revenue: [
        { amount: '0.000001', currency: 'EUR' },
        { amount: '-1.50', currency: 'USD' },
      ],
      commissions: [{ amount: '15.00', currency: 'USD' }],
    });
    expect(await edges.metrics(await admin(engine.newTenant()))).toMatchObject({ purchases: 0, invitesSent: 0 });
  });

  it('honours the window to the millisecond: from counts, to does not', async () => {
    const tenantId = engine.newTenant();
    await engine.addFacts(
      [-1, 0, 1, 2 * HOUR].map((ms) => fact(tenantId, 'purchase', { at: later(ms), money: usd(1n) })),
    );
    const as = await admin(tenantId);
    const purchases = async (from: number, to: number) =>
      (await edges.metrics(as, { from: later(from), to: later(to) })).purchases;
    expect(await purchases(0, 2 * HOUR)).toBe(2);
    expect(await purchases(-1, 2 * HOUR + 1)).toBe(4);
    expect(await purchases(0, 0)).toBe(0);
    expect(await purchases(0, 1)).toBe(1);
  });

  it.each([
    'from=x',
    'to=2026-06-01',
    'from=2026-06-02T00:00:00Z&to=2026-06-01T00:00:00Z',
    'hours=3',
    'from=1969-12-31T00:00:00Z',
    'to=9999-12-31T23:59:59-12:00',
    'from=0000-01-01T00:00:00Z',
  ])('refuses %s', async (query) => {
    const as = await admin(engine.newTenant());
    expect((await edges.call('GET', `/v1/metrics/viral?${query}`, { as })).status).toBe(400);
  });

  it('is for admins', async () => {
    const tenantId = engine.newTenant();
    const status = async (as?: string) => (await edges.call('GET', '/v1/metrics/viral', { as })).status;
    expect(await status()).toBe(401);
    expect(await status(edges.apiKey(tenantId))).toBe(403);
    expect(await status(await edges.person(tenantId, engine.newId(), ['finance', 'support']))).toBe(403);
    expect(await status(await edges.person(tenantId, engine.newId(), ['owner']))).toBe(200);
  });
});

describe('A chargeback that was won', () => {
  it.each([
    ['refund first', ['refund', 'win']],
    ['win first', ['win', 'refund']],
    ['together', ['both']],
    ['each twice', ['win', 'refund', 'win', 'refund', 'both']],
  ])('gives the amount back at the time it was won: %s', async (_, order) => {
    const tenantId = engine.newTenant();
    const refund = fact(tenantId, 'refund', { money: usd(30n) });
    const win = { tenantId, refundId: refund.sourceId, wonAt: later(3 * HOUR) };
    for (const step of order) {
      await engine.addFacts(step === 'win' ? [] : [refund], step === 'refund' ? [] : [win]);
    }
    const as = await admin(tenantId);
    expect((await edges.metrics(as)).revenue).toEqual([{ amount: '0.00', currency: 'USD' }]);
    expect((await edges.metrics(as, { to: later(3 * HOUR) })).revenue).toEqual([
      { amount: '-0.00003', currency: 'USD' },
    ]);
    expect((await edges.metrics(as, { from: later(3 * HOUR) })).revenue).toEqual([
      { amount: '0.00003', currency: 'USD' },
    ]);
    expect(await wrongHours(engine)).toEqual([]);
  });
});

// A story is a list of facts drawn from few ids and times, so that the same fact comes again and hours are shared.
const tellings = fc.record({
  kind: fc.constantFrom('registration', 'referred_registration', 'purchase', 'refund', 'commission', 'win'),
  source: fc.integer({ min: 0, max: 5 }),
  sequence: fc.integer({ min: 0, max: 1 }),
});
const window = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }));

interface Told {
  readonly facts: Fact[];
  readonly wins: ChargebackWin[];
}

function tell(
  tenantId: TenantId,
  ids: readonly string[],
  { kind, source, sequence }: { kind: string; source: number; sequence: number },
): Told {
  const sourceId = ids[source]!;
  if (kind === 'win') return { facts: [], wins: [{ tenantId, refundId: sourceId, wonAt: later(source * HOUR) }] };
  const sequenced = kind === 'commission' ? BigInt(sequence) : 0n;
  const at = later((source - 3) * 0.4 * HOUR);
  const money = kind.endsWith('registration')
    ? {}
    : {
        money: {
          currency: source % 2 === 0 ? 'USD' : 'EUR',
          micros: BigInt(source + 1) * (sequenced === 1n ? -1n : 1n),
        },
      };
  return { facts: [fact(tenantId, kind as Fact['kind'], { sourceId, sequence: sequenced, at, ...money })], wins: [] };
}

/** What the metrics must be: counted by hand from what was told, each fact once. */
function expected(stories: readonly Told[], from: Date, to: Date) {
  const facts = new Map<string, Fact>();
  for (const each of stories.flatMap((story) => story.facts)) {
    facts.set(`${each.kind} ${each.sourceId} ${each.sequence}`, each);
  }
  for (const { tenantId, refundId, wonAt } of stories.flatMap(({ wins }) => wins)) {
    const refund =
      facts.get(`refund ${refundId} 0`) ??
      stories.flatMap((story) => story.facts).find((each) => each.kind === 'refund' && each.sourceId === refundId);
    if (refund?.money) {
      facts.set(`win ${refundId}`, {
        ...fact(tenantId, 'chargeback_win', { sourceId: refundId, at: wonAt }),
        money: refund.money,
      });
    }
  }
  const sums: Sum[] = [...facts.values()]
    .filter(({ at }) => at >= from && at < to)
    .map(({ kind, money }) => ({ kind, currency: money?.currency ?? '', facts: 1, micros: money?.micros ?? 0n }));
  return viralMetrics(sums);
}

describe('The sums of the hours', () => {
  it('equal a recount, whatever comes twice, in whatever order and batches', async () => {
    const reads = new ReadViralMetrics(new MetricsStore(engine.pool));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(tellings, { maxLength: 12 }), { maxLength: 5 }),
        window,
        async (batches, hours) => {
          const tenantId = engine.newTenant();
          const ids = Array.from({ length: 6 }, () => engine.newId());
          const stories = batches.map((batch) => batch.map((each) => tell(tenantId, ids, each)));
          for (const story of stories) {
            await engine.addFacts(
              story.flatMap(({ facts }) => facts),
              story.flatMap(({ wins }) => wins),
            );
          }
          expect(await wrongHours(engine)).toEqual([]);
          const [from, to] = [later(Math.min(...hours) * 0.7 * HOUR), later(Math.max(...hours) * 0.7 * HOUR)];
          expect(await reads.read(tenantId, { from, to })).toEqual(expected(stories.flat(), from, to));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lose nothing when many add to the same hours at once', async () => {
    const tenantId = engine.newTenant();
    const facts = Array.from({ length: 40 }, (_, n) =>
      fact(tenantId, n % 2 === 0 ? 'purchase' : 'refund', { at: later((n % 4) * HOUR), money: usd(1n) }),
    );
    await Promise.all(Array.from({ length: 10 }, (_, n) => engine.addFacts(n % 2 === 0 ? facts : facts.toReversed())));
    expect(await wrongHours(engine)).toEqual([]);
    expect((await edges.metrics(await admin(tenantId))).purchases).toBe(20);
  });
});
