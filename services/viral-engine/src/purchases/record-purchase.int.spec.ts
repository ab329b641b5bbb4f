import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { currencyOf, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import { checkBooks, type Engine, START, startEngine, usd } from '../../test/engine.js';
import { asPlanId, asUserId, asWebsiteId } from '../ids.js';
import { Members, type UserDirectory } from '../members/ensure-member.js';
import { MemberStore } from '../members/member.store.js';
import { Websites, type WebsiteDirectory } from '../websites/learn-website.js';
import { WebsiteStore } from '../websites/website.store.js';
import { commitPurchaseGroup, recoverPurchaseGroup } from './commit-purchase-group.js';
import type { PurchaseOrder, PurchaseRecord } from './purchase.js';
import type { PurchaseItem, PurchaseOutcome } from './purchase-group.js';
import { PurchaseGroupStore } from './purchase-group.store.js';
import { lostGroupReads, PurchaseStore } from './purchase.store.js';
import { unattributedWriter } from './purchases.module.js';
import { RecordPurchase } from './record-purchase.js';

let engine: Engine;
let writer: GroupWriter<PurchaseItem, PurchaseOutcome>;
let recordPurchase: RecordPurchase;
/** How many items each database transaction had. */
const groups: number[] = [];
let users: UserDirectory['findUser'];
let sites: WebsiteDirectory['findWebsite'];

beforeAll(async () => {
  engine = await startEngine();
  const { pool, clock, newId, tools, outbox } = engine;
  const purchases = new PurchaseStore(pool);
  writer = new GroupWriter<PurchaseItem, PurchaseOutcome>({
    name: 'purchases',
    maxGroup: 100,
    maxWaitMs: 5,
    concurrency: 3,
    commit: (items) => {
      groups.push(items.length);
      return inDatabaseTransaction(pool, (tx) =>
        commitPurchaseGroup(new PurchaseGroupStore(tx, tools), items, { now: clock.now(), newId }),
      );
    },
    resolveAfterLostCommit: (items) => recoverPurchaseGroup(lostGroupReads(pool, tools.catalogues), items),
  });
  recordPurchase = new RecordPurchase({
    writer,
    members: new Members({
      directory: { findUser: (userId) => users(userId) },
      withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new MemberStore(tx, { outbox, newId }))),
      clock,
      randomBytes: tools.randomBytes,
    }),
    websites: new Websites({
      directory: { findWebsite: (tenantId, websiteId) => sites(tenantId, websiteId) },
      book: new WebsiteStore(pool),
      clock,
    }),
    unattributed: unattributedWriter({ pool, idempotency: tools.idempotency }),
    isRecorded: (tenantId, externalId) => purchases.isRecorded(tenantId, externalId),
    clock,
    newId,
  });
  users = () => Promise.resolve(undefined);
  sites = () => Promise.resolve(undefined);
});

afterAll(async () => {
  await writer.close();
  await engine.stop();
});

async function record(
  order: PurchaseOrder,
  mayBackdate = false,
): Promise<{ created: boolean; purchase: PurchaseRecord }> {
  const recorded = await recordPurchase.record(order, { mayBackdate });
  if (recorded.kind !== 'recorded') throw new Error(`nothing is ${recorded.kind} without a key or a customer`);
  return recorded;
}

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    (error: unknown) => (error instanceof DomainError ? error.reason : error),
  );

describe('A purchase', () => {
  it('pays seven levels, and says so in two events under its buyer', async () => {
    const tenantId = engine.newTenant();
    const [buyer, ...upline] = await engine.line(tenantId, 8);
    const { created, purchase } = await record(engine.order(tenantId, buyer!));
    expect(created).toBe(true);
    expect(purchase.commissions.map((entry) => [entry.beneficiaryId, entry.level, entry.grossMicros])).toEqual(
      [15_800_000n, 11_850_000n, 7_900_000n, 6_320_000n, 3_950_000n, 2_370_000n, 1_580_000n].map((gross, index) => [
        upline[index],
        index + 1,
        gross,
      ]),
    );
    expect(purchase.commissions[0]!.availableAt).toEqual(new Date(START.getTime() + 30 * 86_400_000));
    const events = await engine.eventsOf(purchase);
    expect(events.map(({ name, key, payload }) => [name, key, payload.purchaseSequence])).toEqual([
      ['PurchaseRecorded', buyer, 1n],
      ['CommissionsAccrued', buyer, 2n],
    ]);
  });

  it('is read back exactly as it was answered', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 3);
    const { purchase } = await record(engine.order(tenantId, buyer!, { metadata: { invoice: 'ä-1', lines: [1, 2] } }));
    const store = new PurchaseStore(engine.pool);
    const found = await store.byId(tenantId, purchase.id);
    expect(found).toEqual(purchase);
    expect(await store.metadataOf(purchase)).toEqual({ invoice: 'ä-1', lines: [1, 2] });
  });

  it('keeps its metadata sealed: no row of it can be read without the key, and none with it once that is deleted', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 0);
    const { purchase } = await record(engine.order(tenantId, buyer!, { metadata: { name: 'Ada Lovelace' } }));
    const { rows } = await engine.pool.query(
      'SELECT encode(sealed, $2) AS sealed FROM purchase_metadata WHERE purchase_id = $1',
      [purchase.id, 'escape'],
    );
    expect(rows[0].sealed).not.toContain('Ada');
    await engine.pool.query('DELETE FROM buyer_key WHERE tenant_id = $1', [tenantId]);
    expect(await new PurchaseStore(engine.pool).metadataOf(purchase)).toBeUndefined();
  });

  it('without an upline is recorded with one event', async () => {
    const tenantId = engine.newTenant();
    const buyer = await engine.join(tenantId);
    const { purchase } = await record(engine.order(tenantId, buyer));
    expect(purchase).toMatchObject({
      commissions: [],
      totalMicros: 0n,
      sequence: 1n,
      plan: { id: 'standard', version: 1 },
    });
    expect((await engine.eventsOf(purchase)).map(({ name }) => name)).toEqual(['PurchaseRecorded']);
  });

  it('of the largest amount pays to the micro', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 7);
    const amount = { amountMicros: MAX_PURCHASE_MICROS, currency: currencyOf('USD') };
    const { purchase } = await record(engine.order(tenantId, buyer!, { amount }));
    expect(purchase.commissions[0]!.grossMicros).toBe(200_000_000_000_000n);
    expect(purchase.totalMicros).toBe(630_000_000_000_000n);
  });
});

describe('The same purchase told again', () => {
  it('fifty times at once is one purchase', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 7);
    const order = engine.order(tenantId, buyer!);
    const answers = await Promise.all(Array.from({ length: 50 }, () => record(order)));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ purchase }) => purchase.id)).size).toBe(1);
    const { rows } = await engine.pool.query(
      'SELECT count(*)::int AS purchases, (SELECT count(*)::int FROM commission c WHERE c.tenant_id = $1) AS commissions FROM purchase p WHERE p.tenant_id = $1',
      [tenantId],
    );
    expect(rows).toEqual([{ purchases: 1, commissions: 7 }]);
  });

  it('with other content is a conflict, also beside the first in one group', async () => {
    const tenantId = engine.newTenant();
    const buyer = await engine.join(tenantId);
    const order = engine.order(tenantId, buyer);
    const outcomes = await Promise.all([
      reasonOf(record(order)),
      reasonOf(record({ ...order, amount: usd('80.00') })),
      reasonOf(record({ ...order, stream: 'usage' })),
    ]);
    expect(outcomes).toEqual(['fine', 'PURCHASE_CONFLICT', 'PURCHASE_CONFLICT']);
    expect(await reasonOf(record({ ...order, amount: usd('80.00') }))).toBe('PURCHASE_CONFLICT');
  });

  it("under another tenant's roof is another purchase", async () => {
    const [one, other] = [engine.newTenant(), engine.newTenant()];
    const externalId = 'same';
    const first = await record(engine.order(one, await engine.join(one), { externalId }));
    const second = await record(engine.order(other, await engine.join(other), { externalId }));
    expect([first.created, second.created]).toEqual([true, true]);
  });

  it('long afterwards is still the same, although it could not be told for the first time any more', async () => {
    const tenantId = engine.newTenant();
    const buyer = await engine.join(tenantId);
    const order = engine.order(tenantId, buyer, { occurredAt: engine.clock.now() });
    const { purchase } = await record(order);
    engine.clock.advance(48 * 3_600_000);
    try {
      expect(await record(order)).toMatchObject({ created: false, purchase: { id: purchase.id } });
      expect(await reasonOf(record({ ...order, externalId: 'never told' }))).toBe('SCOPE_MISSING');
      expect((await record({ ...order, externalId: 'with the scope' }, true)).created).toBe(true);
    } finally {
      engine.clock.set(START);
    }
  });
});

describe('One bad purchase in a group', () => {
  it('is refused alone: the others commit', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 7);
    const orders = Array.from({ length: 40 }, () => engine.order(tenantId, buyer!));
    // What validation would have caught, had it not been left out here: a text that Postgres cannot store.
    orders[17] = engine.order(tenantId, buyer!, { externalId: 'nul\u0000' });
    groups.length = 0;
    const outcomes = await Promise.all(orders.map((order) => reasonOf(record(order))));
    expect(outcomes.filter((outcome) => outcome === 'fine')).toHaveLength(39);
    expect(outcomes[17]).not.toBe('fine');
    // The group came first as a whole, then halved down to the guilty one.
    expect(Math.max(...groups)).toBe(40);
    expect(groups).toContain(1);
  });
});

describe('A buyer of whom no event has told yet', () => {
  it('is asked for once and registered on the spot, under the right referrer', async () => {
    const tenantId = engine.newTenant();
    const referrer = await engine.join(tenantId);
    const { rows } = await engine.pool.query<{ code: string }>('SELECT code FROM referral_code WHERE owner_id = $1', [
      referrer,
    ]);
    const userId = asUserId(engine.newId());
    let asked = 0;
    users = (wanted) => {
      asked += 1;
      expect(wanted).toBe(userId);
      return Promise.resolve({
        tenantId,
        userId,
        status: 'active',
        referralCode: rows[0]!.code,
        visitorId: undefined,
        registeredAt: START,
      });
    };
    const answers = await Promise.all(Array.from({ length: 10 }, () => record(engine.order(tenantId, userId))));
    expect(asked).toBe(1);
    expect(answers.every(({ purchase }) => purchase.commissions[0]?.beneficiaryId === referrer)).toBe(true);
  });

  it.each([
    ['nobody knows', () => Promise.resolve(undefined), 'BUYER_UNKNOWN'],
    ['identity cannot be asked about', () => Promise.reject(new DomainError('UNAVAILABLE')), 'UNAVAILABLE'],
  ] as const)('%s', async (_, answer, reason) => {
    const tenantId = engine.newTenant();
    users = answer;
    const order = engine.order(tenantId, asUserId(engine.newId()));
    expect(await reasonOf(record(order))).toBe(reason);
    expect(await new PurchaseStore(engine.pool).byExternalId(tenantId, order.externalId)).toBeUndefined();
  });

  it('is nobody to this tenant when another one has the user', async () => {
    const [mine, other] = [engine.newTenant(), engine.newTenant()];
    const userId = asUserId(engine.newId());
    users = () =>
      Promise.resolve({
        tenantId: other,
        userId,
        status: 'active',
        referralCode: undefined,
        visitorId: undefined,
        registeredAt: START,
      });
    expect(await reasonOf(record(engine.order(mine, userId)))).toBe('BUYER_UNKNOWN');
  });
});

describe('A purchase through a website', () => {
  const websiteId = () => asWebsiteId(engine.newId());

  it('pays its owner a bonus beside the levels, also when website and owner were unknown a moment ago', async () => {
    const tenantId = engine.newTenant();
    const [buyer, level1] = await engine.line(tenantId, 1);
    const ownerId = asUserId(engine.newId());
    const site = websiteId();
    users = (userId) =>
      Promise.resolve({
        tenantId,
        userId,
        status: 'active',
        referralCode: undefined,
        visitorId: undefined,
        registeredAt: START,
      });
    sites = () => Promise.resolve({ tenantId, websiteId: site, ownerId });
    const { purchase } = await record(engine.order(tenantId, buyer!, { websiteId: site, amount: usd('100.00') }));
    expect(purchase.commissions.map((entry) => [entry.kind, entry.beneficiaryId, entry.grossMicros])).toEqual([
      ['website_bonus', ownerId, 5_000_000n],
      ['level', level1, 20_000_000n],
    ]);
  });

  it('pays no bonus for an owner whom nobody knows', async () => {
    const tenantId = engine.newTenant();
    const buyer = await engine.join(tenantId);
    const site = websiteId();
    users = () => Promise.resolve(undefined);
    sites = () => Promise.resolve({ tenantId, websiteId: site, ownerId: asUserId(engine.newId()) });
    const { purchase } = await record(engine.order(tenantId, buyer, { websiteId: site }));
    expect(purchase).toMatchObject({ websiteId: site, commissions: [] });
  });

  it.each([
    ['nobody knows', () => Promise.resolve(undefined), 'WEBSITE_UNKNOWN'],
    ['cannot be asked about', () => Promise.reject(new DomainError('UNAVAILABLE')), 'UNAVAILABLE'],
  ] as const)('that %s is refused', async (_, answer, reason) => {
    const tenantId = engine.newTenant();
    const buyer = await engine.join(tenantId);
    sites = answer;
    const order = engine.order(tenantId, buyer, { websiteId: websiteId() });
    expect(await reasonOf(record(order))).toBe(reason);
    expect(await new PurchaseStore(engine.pool).byExternalId(tenantId, order.externalId)).toBeUndefined();
  });
});

describe('Plans at the moment of a purchase', () => {
  it('are those of the tenant as they stand at the commit, through every cache', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    const shares = async (stream: string) =>
      (await record(engine.order(tenantId, buyer!, { stream, amount: usd('100.00') }))).purchase.commissions[0]
        ?.grossMicros;
    expect(await shares('usage')).toBe(20_000_000n);
    await engine.addPlan(tenantId, { planId: 'usage', levelsBps: [100], streams: ['usage'] });
    expect(await shares('usage')).toBe(1_000_000n);
    expect(await shares('other')).toBe(20_000_000n);
    await engine.addPlan(tenantId, {
      planId: 'standard',
      levelsBps: [300],
      effectiveFrom: new Date(START.getTime() + 1),
    });
    expect(await shares('other')).toBe(20_000_000n);
    engine.clock.advance(1);
    expect(await shares('other')).toBe(3_000_000n);
    engine.clock.set(START);
    const elsewhere = engine.newTenant();
    const [stranger] = await engine.line(elsewhere, 1);
    const { purchase } = await record(engine.order(elsewhere, stranger!, { stream: 'usage' }));
    expect(purchase.plan).toEqual({ id: asPlanId('standard'), version: 1 });
  });

  it('pay the first purchase of a buyer only, whatever comes at the same time', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await engine.addPlan(tenantId, { planId: 'once', recurring: 'first', streams: ['once'] });
    const orders = Array.from({ length: 30 }, () => engine.order(tenantId, buyer!, { stream: 'once' }));
    const answers = await Promise.all(orders.map((order) => record(order)));
    expect(answers.filter(({ purchase }) => purchase.commissions.length > 0)).toHaveLength(1);
    const again = await record(engine.order(tenantId, buyer!, { stream: 'once' }));
    expect(again.purchase).toMatchObject({ commissions: [], plan: { id: 'once' }, snapshot: { covered: false } });
  });

  it('pay within so many months of the first', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await engine.addPlan(tenantId, {
      planId: 'year',
      recurring: { months: 1 },
      streams: ['year'],
      effectiveFrom: START,
    });
    const paidAt = async (occurredAt: Date) =>
      (await record(engine.order(tenantId, buyer!, { stream: 'year', occurredAt }), true)).purchase.commissions.length;
    expect(await paidAt(START)).toBe(1);
    engine.clock.set(new Date('2026-07-02T00:00:00.000Z'));
    expect(await paidAt(new Date('2026-07-01T11:59:59.999Z'))).toBe(1);
    expect(await paidAt(new Date('2026-07-01T12:00:00.000Z'))).toBe(0);
    engine.clock.set(START);
  });
});

describe('A suspension', () => {
  it('is wholly before or wholly after every purchase that races it', async () => {
    const tenantId = engine.newTenant();
    const people = await engine.line(tenantId, 7);
    const suspended = people[3]!;
    const racing = Array.from({ length: 120 }, () => record(engine.order(tenantId, people[0]!)));
    const before = await Promise.all(racing.slice(0, 20));
    await engine.setStatus(tenantId, suspended, 'suspended');
    const after = await Promise.all(Array.from({ length: 20 }, () => record(engine.order(tenantId, people[0]!))));
    const paysSuspended = ({ purchase }: { purchase: PurchaseRecord }) =>
      purchase.commissions.some(({ beneficiaryId }) => beneficiaryId === suspended);
    expect(before.every(paysSuspended)).toBe(true);
    expect(after.some(paysSuspended)).toBe(false);
    // Whatever each of the racers saw, its snapshot and its commissions tell the same.
    for (const { purchase } of await Promise.all(racing)) {
      const snapshot = purchase.snapshot.upline.find(({ userId }) => userId === suspended);
      expect(snapshot?.status === 'active').toBe(paysSuspended({ purchase }));
    }
    // And what it committed after the suspension paid the suspended nothing.
    const { rows } = await engine.pool.query(
      `SELECT count(*)::int AS late FROM commission c JOIN member m ON m.tenant_id = c.tenant_id AND m.user_id = c.beneficiary_id
       JOIN purchase p ON p.tenant_id = c.tenant_id AND p.id = c.purchase_id
       WHERE c.tenant_id = $1 AND c.beneficiary_id = $2 AND p.xmin::text::bigint > m.xmin::text::bigint`,
      [tenantId, suspended],
    );
    expect(rows).toEqual([{ late: 0 }]);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    const { purchases, wrong } = await checkBooks(engine);
    expect(wrong).toEqual([]);
    expect(purchases).toBeGreaterThan(200);
  });
});
