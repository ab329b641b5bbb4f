import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { events, type ReceivedEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { asMoveId, asPurchaseId, asUserId, type RefundId, type TenantId, type UserId } from '../src/ids.js';
import { countMembers } from '../src/network/count-members.js';
import { movePerson } from '../src/network/move-person.js';
import { MoveStore } from '../src/network/move.store.js';
import { NetworkCountStore } from '../src/network/network-count.store.js';
import { NetworkStore } from '../src/network/network.store.js';
import { countWon, patrolPurchases } from '../src/network/patrol-purchases.js';
import { PatrolStore } from '../src/network/patrol.store.js';
import { networkConsumer } from '../src/network/purchases.consumer.js';
import { compareCounts, repairCounts } from '../src/network/recount.js';
import { RecountStore } from '../src/network/recount.store.js';
import { dayOf, growthOn, joinPoints, levelWeight, salePoints } from '../src/network/viral-score.js';
import { recordRefund } from '../src/refunds/record-refund.js';
import { RefundStore } from '../src/refunds/refund.store.js';
import { restoreChargeback } from '../src/refunds/restore-chargeback.js';
import { type Edges, startEdges } from './edges.js';
import { type Engine, START, startEngine } from './engine.js';

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

const countAll = (limit = 3) =>
  inDatabaseTransaction(engine.pool, (tx) => countMembers(new NetworkCountStore(tx), limit));

/** Hands the consumer what the outbox holds of a tenant, from the first event on: a replay of all of it. */
async function deliver(tenantId: TenantId): Promise<void> {
  const { rows } = await engine.pool.query<{ event_type: string; payload: Buffer }>(
    'SELECT event_type, payload FROM messaging.outbox WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
  const consumer = networkConsumer();
  const received = rows.flatMap((row) => {
    const type = consumer.handles.find((each) => each.type === row.event_type);
    return type === undefined
      ? []
      : [{ tenantId, type, payload: type.codec.decode(row.payload) } as unknown as ReceivedEvent];
  });
  await inDatabaseTransaction(engine.pool, (tx) => consumer.applyBatch(tx, received));
}

const differences = (tenantId: TenantId) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    compareCounts(new RecountStore(tx), { tenantId, now: engine.clock.now(), most: 10 }),
  );

const move = (tenantId: TenantId, userId: UserId, referrerId: UserId | undefined) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    movePerson(
      new MoveStore(tx, engine.outbox),
      { tenantId, userId, referrerId, movedBy: 'user:admin', reason: 'spec' },
      { now: START, newMoveId: () => asMoveId(engine.newId()) },
    ),
  );

async function refund(tenantId: TenantId, purchaseId: string, micros?: bigint): Promise<RefundId> {
  const order = {
    tenantId,
    purchaseId: asPurchaseId(purchaseId),
    externalId: engine.newId(),
    reason: 'chargeback' as const,
    requested: micros === undefined ? undefined : { amountMicros: micros, currency: currencyOf('USD') },
  };
  const given = { now: engine.clock.now(), newId: engine.newId };
  const recorded = await inDatabaseTransaction(engine.pool, (tx) =>
    recordRefund(new RefundStore(tx, engine.outbox), order, given),
  );
  return recorded.refund.id;
}

const find = async (tenantId: TenantId, userId: UserId) =>
  (await new NetworkStore(engine.pool).find(tenantId, userId))!;

/** What a person would reckon on paper: everybody's referrer, and what everybody bought. */
interface Paper {
  readonly people: { userId: UserId; referrer: number | undefined }[];
  readonly sales: { buyer: number; purchaseId: string; standing: bigint; commissions: bigint; day: number }[];
}

function levelOn({ people }: Paper, above: number, person: number): number | undefined {
  let [level, at] = [0, person as number | undefined];
  while (at !== undefined && at !== above) [level, at] = [level + 1, people[at]!.referrer];
  return at === undefined ? undefined : level;
}

function reckon(paper: Paper, above: number) {
  const [people, revenue, commission] = [
    new Map<number, number>(),
    new Map<number, bigint>(),
    new Map<number, bigint>(),
  ];
  let points = 0n;
  const add = <T extends bigint>(map: Map<number, T>, level: number, more: T) =>
    map.set(level, ((map.get(level) ?? 0n) + more) as T);
  paper.people.forEach((_, person) => {
    const level = levelOn(paper, above, person);
    if (level === undefined || level === 0) return;
    people.set(level, (people.get(level) ?? 0) + 1);
    points += levelWeight(level) * joinPoints(START);
  });
  for (const { buyer, standing, commissions, day } of paper.sales) {
    const level = levelOn(paper, above, buyer);
    if (level === undefined) continue;
    add(revenue, level, standing);
    add(commission, level, commissions);
    points += levelWeight(level) * BigInt(salePoints(standing, currencyOf('USD'))) * growthOn(day);
  }
  const some = (map: Map<number, bigint>) => new Map([...map].filter(([, micros]) => micros !== 0n));
  return { people, revenue: some(revenue), commission: some(commission), points };
}

async function expectPaper(tenantId: TenantId, paper: Paper): Promise<void> {
  for (const [index, { userId }] of paper.people.entries()) {
    const { peopleByLevel, money, weightedPoints } = await find(tenantId, userId);
    const some = (of: 'revenueMicros' | 'commissionMicros') =>
      new Map(money.filter((row) => row[of] !== 0n).map((row) => [row.level, row[of]]));
    expect({
      people: peopleByLevel,
      revenue: some('revenueMicros'),
      commission: some('commissionMicros'),
      points: weightedPoints,
    }).toEqual(reckon(paper, index));
  }
}

/** Commissions of a sale as they stand. */
async function standingCommissions(tenantId: TenantId, purchaseId: string): Promise<bigint> {
  const { rows } = await engine.pool.query<{ net: bigint }>(
    `SELECT coalesce(sum(net_micros), 0)::bigint AS net FROM commission WHERE tenant_id = $1 AND purchase_id = $2`,
    [tenantId, purchaseId],
  );
  return rows[0]!.net;
}

const which = fc.nat({ max: 99 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('join' as const), a: which, b: which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), a: which, b: which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('buy' as const), a: which, b: which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refund' as const), a: which, b: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('count' as const), a: which, b: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deliver' as const), a: which, b: which }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take({ kind, a, b }: Step, tenantId: TenantId, paper: Paper): Promise<void> {
  const { people, sales } = paper;
  const [person, other] = [a % Math.max(1, people.length), b % (people.length + 1)];
  if (kind === 'join') {
    const referrer = other === people.length ? undefined : other;
    const userId = await engine.join(tenantId, referrer === undefined ? undefined : people[referrer]!.userId);
    people.push({ userId, referrer });
  } else if (kind === 'move') {
    const referrer = other === people.length ? undefined : other;
    const { userId } = people[person]!;
    const mayMove =
      people[person]!.referrer !== referrer &&
      (referrer === undefined || levelOn(paper, person, referrer) === undefined);
    const done = move(tenantId, userId, referrer === undefined ? undefined : people[referrer]!.userId);
    expect(
      await done.then(
        () => true,
        () => false,
      ),
    ).toBe(mayMove);
    if (mayMove) people[person] = { userId, referrer };
  } else if (kind === 'buy') {
    const day = START.getTime() - b * 86_400_000;
    const order = engine.order(tenantId, people[person]!.userId, { occurredAt: new Date(day) });
    const { id, amountMicros } = await engine.record(order);
    const commissions = await standingCommissions(tenantId, id);
    sales.push({ buyer: person, purchaseId: id, standing: amountMicros, commissions, day: dayOf(new Date(day)) });
  } else if (kind === 'refund' && sales.length > 0) {
    const sale = sales[a % sales.length]!;
    if (sale.standing === 0n) return;
    const part = b % 2 === 0 ? sale.standing : (sale.standing * BigInt(b)) / 100n;
    await refund(tenantId, sale.purchaseId, part);
    sale.standing -= part;
    sale.commissions = await standingCommissions(tenantId, sale.purchaseId);
  } else if (kind === 'count') await countAll();
  else if (kind === 'deliver') await deliver(tenantId);
}

describe('What stands below everybody', () => {
  it('is what one would reckon on paper, whatever joins, moves, sales and refunds came in which order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 30 }), async (steps) => {
        const tenantId = engine.newTenant();
        const paper: Paper = { people: [], sales: [] };
        for (let n = 0; n < 4; n += 1) await take({ kind: 'join', a: 0, b: n }, tenantId, paper);
        for (const each of steps) await take(each, tenantId, paper);
        const meanwhile = await differences(tenantId);
        expect(meanwhile.filter(({ table }) => table !== 'network_purchase')).toEqual([]);
        await deliver(tenantId);
        await deliver(tenantId);
        while (await countAll());
        await expectPaper(tenantId, paper);
        expect(await differences(tenantId)).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });

  it('is found wrong by a recount, named, and put right', async () => {
    const tenantId = engine.newTenant();
    const [buyer, top] = await engine.line(tenantId, 1);
    await engine.record(engine.order(tenantId, buyer!));
    await deliver(tenantId);
    while (await countAll());
    const before = await find(tenantId, top!);
    const wrongs = [
      'network_level SET people = people + 1',
      'network_money SET revenue_micros = 1',
      'network_score SET points = 1',
    ];
    for (const wrong of wrongs) {
      await engine.pool.query(`UPDATE ${wrong} WHERE tenant_id = $1 AND user_id = $2`, [tenantId, top]);
    }
    const named = await differences(tenantId);
    expect(new Set(named.map(({ table }) => table))).toEqual(
      new Set(['network_level', 'network_money', 'network_score']),
    );
    expect(named.every(({ row }) => row.startsWith(top!))).toBe(true);
    await inDatabaseTransaction(engine.pool, (tx) =>
      repairCounts(new RecountStore(tx), { tenantId, now: engine.clock.now() }),
    );
    expect(await differences(tenantId)).toEqual([]);
    expect(await find(tenantId, top!)).toEqual(before);
  });

  it('is put right by the patrol where no event told of a sale, and of a chargeback won', async () => {
    const tenantId = engine.newTenant();
    const alone = await engine.join(tenantId);
    const { id } = await engine.record(engine.order(tenantId, alone));
    const refundId = await refund(tenantId, id);
    await deliver(tenantId);
    const revenue = async () => (await find(tenantId, alone)).money.map(({ revenueMicros }) => revenueMicros);
    expect(await revenue()).toEqual([]);
    await inDatabaseTransaction(engine.pool, (tx) =>
      restoreChargeback(new RefundStore(tx, engine.outbox), { tenantId, refundId, at: engine.clock.now() }),
    );
    expect(await revenue()).toEqual([]);
    const look = { now: engine.clock.now(), limit: 10 };
    await inDatabaseTransaction(engine.pool, (tx) => countWon(new PatrolStore(tx), look));
    expect(await revenue()).toEqual([79_000_000n]);

    const { id: untold } = await engine.record(engine.order(tenantId, alone));
    const patrol = (now: Date) =>
      inDatabaseTransaction(engine.pool, (tx) => patrolPurchases(new PatrolStore(tx), { now, limit: 10_000 }));
    // Young sales are left to their events; then the end is reached, and the round begins anew a day later.
    await patrol(look.now);
    await patrol(look.now);
    expect(await revenue()).toEqual([79_000_000n]);
    const later = new Date(look.now.getTime() + 86_400_000);
    await patrol(later);
    expect([untold.length, await revenue()]).toEqual([36, [158_000_000n]]);
  });
});

describe('GET /v1/network/{userId}', () => {
  it('tells people, money and score, level by level, to oneself and to administrators', async () => {
    const { tenantId, people } = await edges.tenant(8);
    const [buyer, first, top] = [people[0]!, people[1]!, people[8]!];
    await engine.record(engine.order(tenantId, buyer));
    await engine.record(engine.order(tenantId, top));
    await deliver(tenantId);
    while (await countAll());
    const late = await engine.join(tenantId, top);
    const admin = await edges.person(tenantId, asUserId(engine.newId()), ['admin']);
    const own = await edges.call('GET', `/v1/network/${top}`, { as: await edges.person(tenantId, top) });
    expect(own.status).toBe(200);
    const usd = (amount: string) => [{ amount, currency: 'USD' }];
    const none = { revenue: [], commissions: [] };
    // The eighth gets nothing of the buyer's sale: 63 % go to seven levels.
    expect(own.body).toEqual({
      userId: top,
      referrerId: null,
      status: 'active',
      joinedAt: START.toISOString(),
      directCount: 2,
      networkSize: 9,
      byLevel: [
        { level: 1, count: 2, ...none },
        ...[2, 3, 4, 5, 6, 7].map((level) => ({ level, count: 1, ...none })),
        { level: 8, count: 1, revenue: usd('79.00'), commissions: usd('49.77') },
      ],
      own: { revenue: usd('79.00'), commissions: usd('0.00') },
      downline: { revenue: usd('79.00'), commissions: usd('49.77') },
      viralScore: 198,
    });
    expect((await edges.call('GET', `/v1/network/${top}`, { as: admin })).body).toEqual(own.body);
    const next = await edges.call('GET', `/v1/network/${first}`, { as: admin });
    expect(next.body).toMatchObject({ referrerId: people[2], directCount: 1, networkSize: 1, viralScore: 185 });
    const asLate = await edges.person(tenantId, late);
    expect((await edges.call('GET', `/v1/network/${top}`, { as: asLate })).status).toBe(403);
    expect((await edges.call('GET', `/v1/network/${first}`, { as: await edges.person(tenantId, top) })).status).toBe(
      403,
    );
    expect((await edges.call('GET', `/v1/network/${engine.newId()}`, { as: admin })).body.code).toBe('USER_UNKNOWN');
    expect((await edges.call('GET', `/v1/network/${top}`, { as: edges.apiKey(tenantId) })).status).toBe(403);
  });
});

describe('GET /v1/network/{userId}/children', () => {
  it('lists who stands directly below, page by page, with what stands below them', async () => {
    const tenantId = engine.newTenant();
    const top = await engine.join(tenantId);
    const children: UserId[] = [];
    for (let n = 0; n < 5; n += 1) children.push(await engine.join(tenantId, top));
    const grandchild = await engine.join(tenantId, children[0]);
    await countAll(3);
    const bottom = await engine.join(tenantId, grandchild);
    const asTop = await edges.person(tenantId, top);
    const asAdmin = await edges.person(tenantId, asUserId(engine.newId()), ['admin']);
    const item = (userId: UserId, level: number, directCount: number, networkSize: number) => ({
      userId,
      level,
      joinedMonth: '2026-06',
      directCount,
      networkSize,
    });
    const sorted = children.toSorted();
    const counts = (userId: UserId): [number, number] => (userId === children[0] ? [1, 2] : [0, 0]);
    const page = await edges.call('GET', `/v1/network/${top}/children?pageSize=3`, { as: asTop });
    expect(page.body.items).toEqual(sorted.slice(0, 3).map((userId) => item(userId, 1, ...counts(userId))));
    const rest = await edges.call(
      'GET',
      `/v1/network/${top}/children?pageSize=3&pageToken=${page.body.nextPageToken}`,
      { as: asTop },
    );
    expect(rest.body).toEqual({ items: sorted.slice(3).map((userId) => item(userId, 1, ...counts(userId))) });
    const below = await edges.call('GET', `/v1/network/${grandchild}/children`, { as: asTop });
    expect(below.body.items).toEqual([item(bottom, 3, 0, 0)]);
    const forAdmin = await edges.call('GET', `/v1/network/${grandchild}/children`, { as: asAdmin });
    expect(forAdmin.body.items).toEqual([
      { ...item(bottom, 1, 0, 0), status: 'active', joinedAt: START.toISOString(), viralScore: 0 },
    ]);
    const asChild = await edges.person(tenantId, grandchild);
    for (const userId of [top, children[0]!, children[1]!, engine.newId()]) {
      expect((await edges.call('GET', `/v1/network/${userId}/children`, { as: asChild })).status).toBe(403);
    }
    const unknown = await edges.call('GET', `/v1/network/${engine.newId()}/children`, { as: asAdmin });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'USER_UNKNOWN']);
    const bad = await edges.call('GET', `/v1/network/${top}/children?pageToken=x`, { as: asTop });
    expect(bad.status).toBe(400);
  });
});

describe('The consumer', () => {
  it('hears of every change of a purchase that moves money, and of nothing else', () => {
    expect(
      networkConsumer()
        .handles.map(({ type }) => type.slice(type.lastIndexOf('.') + 1))
        .toSorted(),
    ).toEqual([
      'CommissionsForfeited',
      'CommissionsRestored',
      'CommissionsReversed',
      'PurchaseRecorded',
      'RefundRecorded',
    ]);
    expect(networkConsumer().handles).toContain(events.purchaseRecorded);
  });
});
