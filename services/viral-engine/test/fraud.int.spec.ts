import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { events, isEvent, type ReceivedEvent } from '@dailydoco/events';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { fraudConsumer } from '../src/fraud/fraud.consumer.js';
import { tidyReviews } from '../src/fraud/fraud.module.js';
import { FraudStore } from '../src/fraud/fraud.store.js';
import type { TenantId, UserId } from '../src/ids.js';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

const HOUR = 3_600_000;
const day = (n: number) => new Date(START.getTime() + n * 24 * HOUR);

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

beforeEach(() => engine.clock.set(START));

// ---- What the consumer would be handed: the service's own events, and those of identity.

type Prints = Partial<Record<'email' | 'address' | 'agent' | 'device', string>>;

const print = (text = '') => (text === '' ? Buffer.alloc(0) : Buffer.alloc(16, text));

function registered(tenantId: TenantId, userId: UserId, prints: Prints & { disposable?: true }): ReceivedEvent {
  const { email, address, agent, device, disposable = false } = prints;
  const fingerprints = {
    email: print(email ?? userId),
    emailDisposable: disposable,
    address: print(address),
    agent: print(agent),
    device: print(device),
  };
  const payload = { userId, referralCode: '', visitorId: '', registeredAt: START, fingerprints };
  return received({ type: events.userRegistered, tenantId, key: userId, payload, occurredAt: START });
}

function received(event: Pick<ReceivedEvent, 'type' | 'tenantId' | 'key' | 'payload' | 'occurredAt'>): ReceivedEvent {
  return { ...event, id: engine.newId(), topic: event.type.topic, partition: 0, offset: 0n };
}

let told = 0n;

/** The events that were written since the last call. */
async function written(): Promise<ReceivedEvent[]> {
  const { rows } = await engine.pool.query<{
    id: bigint;
    event_type: string;
    tenant_id: string;
    aggregate_key: string;
    payload: Buffer;
    occurred_at: Date;
  }>(
    'SELECT id, event_type, tenant_id, aggregate_key, payload, occurred_at FROM messaging.outbox WHERE id > $1 ORDER BY id',
    [told],
  );
  told = rows.at(-1)?.id ?? told;
  return rows.map((row) => {
    const type = Object.values(events).find((each) => each.type === row.event_type)!;
    const payload = type.codec.decode(row.payload);
    return received({ type, tenantId: row.tenant_id, key: row.aggregate_key, payload, occurredAt: row.occurred_at });
  });
}

const HANDLED = [events.userRegistered, events.memberJoined, events.commissionsAccrued, events.commissionsReversed];

/** One batch of the consumer, as a replica would apply it. */
async function apply(batch: readonly ReceivedEvent[]): Promise<void> {
  const { clock, outbox, newId } = engine;
  const consumer = fraudConsumer({ book: (sql) => new FraudStore(sql, outbox), clock, newId });
  const handled = batch.filter((event) => HANDLED.some(({ type }) => event.type.type === type));
  await inDatabaseTransaction(engine.pool, (tx) => consumer.applyBatch(tx, handled));
}

const score = async (...also: ReceivedEvent[]) => apply([...also, ...(await written())]);

// ---- People and what they see.

/** A buyer with referrers above, and people of finance and support who have nothing to do with them. */
async function story(levels = 2) {
  const tenant = await edges.tenant(levels);
  const { tenantId, people, key } = tenant;
  const as = (...roles: Parameters<Edges['person']>[2][]) => edges.person(tenantId, engine.newId() as UserId, ...roles);
  const [finance, support, admin] = [await as(['finance']), await as(['support']), await as(['admin'])];
  const buy = async (buyerId: UserId, other: object = {}) =>
    (await edges.call('POST', '/v1/purchases', { as: key, body: sale(buyerId, other) })).body;
  const refund = (purchase: { id: string }) =>
    edges.call('POST', `/v1/purchases/${purchase.id}/refunds`, {
      as: key,
      body: { externalId: engine.newId(), reason: 'requested' },
    });
  const reviews = async (status = 'open') =>
    (await edges.call('GET', `/v1/fraud/reviews?status=${status}`, { as: support })).body.items;
  const review = async (id: string) => (await edges.call('GET', `/v1/fraud/reviews/${id}`, { as: support })).body;
  const decide = (id: string, decision: string, by = finance, reason = 'We asked both.') =>
    edges.call('POST', `/v1/fraud/reviews/${id}/decide`, { as: by, body: { decision, reason } });
  const entries = async (purchase: { id: string }): Promise<{ status: string; availableAt: string; net: object }[]> =>
    (await edges.call('GET', `/v1/purchases/${purchase.id}`, { as: key })).body.commissions;
  const statuses = async (purchase: { id: string }) => (await entries(purchase)).map(({ status }) => status);
  const signals = async () =>
    (
      await engine.pool.query(
        'SELECT rule, points, beneficiary_id FROM fraud_signal WHERE tenant_id = $1 ORDER BY found_at, rule, beneficiary_id',
        [tenantId],
      )
    ).rows.map((row) => [row.rule, row.points]);
  const setRules = (body: object) => edges.call('PUT', '/v1/fraud/rules', { as: admin, body });
  const rules = async () => (await edges.call('GET', '/v1/fraud/rules', { as: support })).body;
  const actions = { buy, refund, reviews, review, decide, entries, statuses, signals, setRules, rules };
  return { tenantId, people, key, finance, support, admin, ...actions };
}

const release = () =>
  inDatabaseTransaction(engine.pool, (tx) =>
    releaseDue(new DueStore(tx, engine.outbox), { now: engine.clock.now(), limit: 500 }),
  );

describe('A buyer who shares a device with the referrer', () => {
  it('has the referrer’s entry held, and no other; cleared, it goes on where it was and is released later', async () => {
    const { tenantId, people, buy, reviews, review, decide, entries, statuses, support } = await story();
    const purchase = await buy(people[0]!);
    engine.clock.set(day(1));
    await score(
      registered(tenantId, people[0]!, { device: 'phone' }),
      registered(tenantId, people[1]!, { device: 'phone' }),
      registered(tenantId, people[2]!, { device: 'other' }),
    );
    expect(await statuses(purchase)).toEqual(['held', 'pending']);
    const [open, ...more] = await reviews();
    expect(more).toEqual([]);
    expect(open).toMatchObject({
      status: 'open',
      purchaseId: purchase.id,
      buyerId: people[0],
      beneficiaryId: people[1],
      score: 60,
      threshold: 60,
      openedAt: day(1).toISOString(),
      decision: null,
    });
    expect(await review(open.id)).toMatchObject({
      signals: [
        {
          rule: 'self_referral',
          points: 60,
          reason: 'The buyer and the beneficiary have in common: the same device.',
          evidence: { memberIds: [people[0], people[1]], purchaseIds: [] },
          tuningVersion: 0,
        },
      ],
      commissions: [{ id: purchase.commissions[0].id, status: 'held' }],
    });
    engine.clock.set(day(40));
    await release();
    expect(await statuses(purchase)).toEqual(['held', 'available']);
    const decided = await decide(open.id, 'cleared', support);
    expect([decided.status, decided.body.status, decided.body.decision.reason]).toEqual([
      200,
      'cleared',
      'We asked both.',
    ]);
    // Held from day 1 to day 40: due on day 69 instead of day 30.
    expect((await entries(purchase))[0]).toMatchObject({ status: 'pending', availableAt: day(69).toISOString() });
    engine.clock.set(day(69));
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'available']);
    expect((await engine.eventsOf(purchase)).map(({ name, payload }) => payload['reason'] ?? name)).toEqual([
      'PurchaseRecorded',
      'CommissionsAccrued',
      'fraud_review',
      'CommissionsReleased',
      'lifted',
      'CommissionsReleased',
    ]);
  });

  it('is forfeited once finance confirms it: not by support, not by who earns from it, and only once', async () => {
    const { tenantId, people, buy, reviews, decide, entries, support, finance } = await story();
    const purchase = await buy(people[0]!);
    await score(registered(tenantId, people[0]!, { email: 'one' }), registered(tenantId, people[1]!, { email: 'one' }));
    const [{ id }] = await reviews();
    const refused = async (by: string) => {
      const { status, body } = await decide(id, 'confirmed', by);
      return [status, body.code];
    };
    expect(await refused(support)).toEqual([403, 'FORBIDDEN']);
    expect(await refused(await edges.person(tenantId, people[1]!, ['finance']))).toEqual([403, 'FORBIDDEN']);
    expect(await refused(await edges.person(tenantId, people[0]!, ['owner']))).toEqual([403, 'FORBIDDEN']);
    expect(await refused(await edges.person(tenantId, people[2]!))).toEqual([403, 'FORBIDDEN']);
    expect((await entries(purchase))[0]).toMatchObject({ status: 'held' });

    const call = { as: finance, body: { decision: 'confirmed', reason: 'One person.' }, key: engine.newId() };
    const path = `/v1/fraud/reviews/${id}/decide`;
    const answers = [await edges.call('POST', path, call), await edges.call('POST', path, call)];
    expect(answers.map(({ status, headers }) => [status, headers.get('idempotency-replayed')])).toEqual([
      [200, null],
      [200, 'true'],
    ]);
    expect(answers[1]!.body).toEqual(answers[0]!.body);
    expect(await entries(purchase)).toMatchObject([{ status: 'forfeited', net: usd('0.00') }, { status: 'pending' }]);
    const again = await decide(id, 'cleared');
    expect([again.status, again.body.code]).toEqual([409, 'REVIEW_CLOSED']);
    expect((await reviews('confirmed')).map((each: { id: string }) => each.id)).toEqual([id]);
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });

  it('is decided by one of two who decide at once', async () => {
    const { tenantId, people, buy, reviews, decide } = await story();
    await buy(people[0]!);
    await score(registered(tenantId, people[0]!, { device: 'x' }), registered(tenantId, people[1]!, { device: 'x' }));
    const [{ id }] = await reviews();
    const answers = await Promise.all([decide(id, 'cleared'), decide(id, 'confirmed'), decide(id, 'cleared')]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  });
});

describe('What is found', () => {
  it('below the threshold is kept as evidence, and holds nothing', async () => {
    const { tenantId, people, buy, reviews, statuses, signals } = await story();
    await score(
      registered(tenantId, people[0]!, { address: 'home', agent: 'a', disposable: true }),
      registered(tenantId, people[1]!, { address: 'home', agent: 'b' }),
    );
    const purchase = await buy(people[0]!);
    await score();
    expect(await signals()).toEqual([
      ['disposable_email', 20],
      ['self_referral', 10],
    ]);
    expect(await statuses(purchase)).toEqual(['pending', 'pending']);
    expect(await reviews()).toEqual([]);
  });

  it('is found once, however often and by however many replicas a purchase is scored', async () => {
    const { tenantId, people, buy, reviews, signals } = await story();
    await score(registered(tenantId, people[0]!, { device: 'x' }), registered(tenantId, people[1]!, { device: 'x' }));
    const purchases = [await buy(people[0]!), await buy(people[0]!), await buy(people[0]!)];
    const batch = await written();
    const accrued = batch.filter((event) => isEvent(event, events.commissionsAccrued));
    await Promise.all([apply(accrued), apply(accrued.toReversed()), apply(accrued)]);
    await apply(accrued);
    expect(await signals()).toHaveLength(3);
    expect(await reviews()).toHaveLength(3);
    for (const purchase of purchases) {
      const names = (await engine.eventsOf(purchase)).map(({ name }) => name);
      expect(names).toEqual(['PurchaseRecorded', 'CommissionsAccrued', 'CommissionsHeld']);
    }
  });

  it('about what a person has cleared does not hold it again', async () => {
    const { tenantId, people, buy, reviews, decide, statuses, signals } = await story();
    const purchase = await buy(people[0]!, { paymentFingerprint: 'card' });
    await buy(people[1]!, { paymentFingerprint: 'card' });
    await score();
    const [{ id }] = await reviews();
    await decide(id, 'cleared');
    await score(registered(tenantId, people[0]!, { disposable: true }));
    expect((await signals()).map(([rule]) => rule)).toContain('disposable_email');
    expect(await statuses(purchase)).toEqual(['pending', 'pending']);
    expect(await reviews()).toEqual([]);
  });

  it('goes by the cards that both have paid with, also where another tenant has the same', async () => {
    const [mine, theirs] = [await story(), await story()];
    const purchase = await mine.buy(mine.people[0]!, { paymentFingerprint: 'card' });
    await theirs.buy(theirs.people[1]!, { paymentFingerprint: 'card' });
    await score();
    expect(await mine.statuses(purchase)).toEqual(['pending', 'pending']);
    await mine.buy(mine.people[1]!, { paymentFingerprint: 'card' });
    const next = await mine.buy(mine.people[0]!);
    await score();
    expect(await mine.statuses(next)).toEqual(['held', 'pending']);
    expect(await theirs.signals()).toEqual([]);
  });
});

describe('A ring', () => {
  it('of two who buy through each other’s websites is found with its first purchase, and both are held', async () => {
    const { tenantId, buy, statuses, reviews, review } = await story();
    const [one, other] = [await engine.join(tenantId), await engine.join(tenantId)];
    const sites = [engine.newId(), engine.newId()];
    await engine.pool.query(
      'INSERT INTO website (tenant_id, website_id, owner_id, learnt_at) VALUES ($1, $2, $4, now()), ($1, $3, $5, now())',
      [tenantId, ...sites, one, other],
    );
    const first = await buy(one, { websiteId: sites[1] });
    await score();
    expect(await statuses(first)).toEqual(['pending']);
    const second = await buy(other, { websiteId: sites[0] });
    await score();
    expect([await statuses(first), await statuses(second)]).toEqual([['held'], ['held']]);
    const held = (await reviews()).find(({ purchaseId }: { purchaseId: string }) => purchaseId === first.id);
    expect((await review(held.id)).signals).toMatchObject([
      { rule: 'ring', evidence: { memberIds: [one, other], purchaseIds: [second.id] } },
    ]);
  });

  it('of several buyers below who are one is found with the third of them', async () => {
    const { tenantId, people, buy, statuses } = await story(1);
    const referrer = people[1]!;
    const buyers = [people[0]!, await engine.join(tenantId, referrer), await engine.join(tenantId, referrer)];
    const own = buyers.map((userId) => registered(tenantId, userId, { device: 'farm' }));
    await score(own[0]!, own[1]!);
    const before = await buy(buyers[0]!);
    await score();
    expect(await statuses(before)).toEqual(['pending']);
    const after = await buy(buyers[1]!);
    await score(own[2]!);
    // The third registration has the purchases of its own buyer scored again; what comes next is scored with it.
    const next = await buy(buyers[2]!);
    await score();
    expect([await statuses(after), await statuses(next)]).toEqual([['held'], ['held']]);
  });
});

describe('What the referrals of a beneficiary do', () => {
  it('counts: a chain that grew within hours, with a mailbox to be thrown away, under a tenant’s own threshold', async () => {
    const { tenantId, people, buy, statuses, signals, setRules } = await story(4);
    expect(
      (await setRules({ threshold: 40, rules: { deep_chain: { levels: 4 } }, reason: 'A campaign.' })).body,
    ).toMatchObject({
      version: 1,
      threshold: 40,
    });
    await score(registered(tenantId, people[0]!, { disposable: true }));
    const purchase = await buy(people[0]!);
    await score();
    expect(await signals()).toEqual([
      ['deep_chain', 20],
      ['deep_chain', 20],
      ['deep_chain', 20],
      ['deep_chain', 20],
      ['disposable_email', 20],
    ]);
    expect(await statuses(purchase)).toEqual(['held', 'pending', 'pending', 'pending']);
  });

  it('counts: refunds of whole purchases, clicks without registrations, registrations in a row', async () => {
    const { tenantId, people, buy, refund, statuses, signals, setRules } = await story(1);
    const [buyer, referrer] = [people[0]!, people[1]!];
    await setRules({
      rules: {
        click_flooding: { clicks: 20, registrationsPerThousand: 1000, points: 20 },
        refund_pattern: { refunds: 3 },
        velocity: { registrations: 3, windowHours: 3, points: 1 },
      },
      reason: 'Small numbers.',
    });
    for (let n = 0; n < 3; n += 1) await refund(await buy(buyer));
    await engine.pool.query(
      `INSERT INTO click (tenant_id, id, visitor_id, code, referrer_id, clicked_at)
       SELECT $1, gen_random_uuid(), gen_random_uuid(), 'code', $2, $3::timestamptz FROM generate_series(1, 20)`,
      [tenantId, referrer, START],
    );
    await score();
    engine.clock.set(new Date(START.getTime() + HOUR));
    const purchase = await buy(buyer);
    await score();
    expect((await signals()).slice(-2)).toEqual([
      ['click_flooding', 20],
      ['refund_pattern', 40],
    ]);
    expect(await statuses(purchase)).toEqual(['held']);
    await engine.join(tenantId, referrer);
    await engine.join(tenantId, referrer);
    engine.clock.set(new Date(START.getTime() + 3 * HOUR));
    await buy(buyer);
    await score();
    expect((await signals()).at(-1)).toEqual(['velocity', 1]);
  });
});

describe('A review', () => {
  it('closes by itself when refunds leave nothing, and when finance forfeits without it', async () => {
    const { tenantId, people, buy, refund, reviews, finance } = await story();
    await score(registered(tenantId, people[0]!, { device: 'x' }), registered(tenantId, people[1]!, { device: 'x' }));
    const [refunded, forfeited] = [await buy(people[0]!), await buy(people[0]!)];
    await score();
    expect(await reviews()).toHaveLength(2);
    await refund(refunded);
    await score();
    expect((await reviews()).map((each: { purchaseId: string }) => each.purchaseId)).toEqual([forfeited.id]);
    const path = `/v1/commissions/${forfeited.commissions[0].id}/forfeit`;
    expect((await edges.call('POST', path, { as: finance, body: { reason: 'Known.' } })).status).toBe(200);
    await tidyReviews(engine);
    expect(await reviews()).toEqual([]);
    expect((await reviews('moot')).map((each: { decision: object }) => each.decision)).toMatchObject([
      { decision: 'moot', decidedBy: 'fraud' },
      { decision: 'moot', decidedBy: 'fraud' },
    ]);
  });

  it('teaches how often each rule is right', async () => {
    const { tenantId, people, buy, reviews, decide, rules } = await story();
    await score(registered(tenantId, people[0]!, { device: 'x' }), registered(tenantId, people[1]!, { device: 'x' }));
    for (let n = 0; n < 4; n += 1) await buy(people[0]!);
    await score();
    const [a, b, c] = await reviews();
    await decide(a.id, 'confirmed');
    await decide(b.id, 'confirmed');
    await decide(c.id, 'cleared');
    const told: { rule: string }[] = (await rules()).rules;
    expect(told.filter(({ rule }) => ['self_referral', 'velocity'].includes(rule))).toMatchObject([
      { rule: 'self_referral', enabled: true, decided: 3, confirmed: 2, precision: 2 / 3 },
      { rule: 'velocity', enabled: true, decided: 0, confirmed: 0, precision: null },
    ]);
  });

  it('is listed page by page, oldest first', async () => {
    const { tenantId, people, buy, reviews, support } = await story();
    await score(registered(tenantId, people[0]!, { device: 'x' }), registered(tenantId, people[1]!, { device: 'x' }));
    for (let n = 0; n < 3; n += 1) {
      await buy(people[0]!);
      await score();
    }
    const all = (await reviews()).map(({ id }: { id: string }) => id);
    const page = (token = '') => edges.call('GET', `/v1/fraud/reviews?pageSize=2${token}`, { as: support });
    const first = (await page()).body;
    const second = (await page(`&pageToken=${first.nextPageToken}`)).body;
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all);
    expect(second.nextPageToken).toBeUndefined();
  });
});

describe('Bad input', () => {
  it.each<[string, object, string]>([
    ['no decision', { reason: 'x' }, 'decision'],
    ['a decision that is none', { decision: 'moot', reason: 'x' }, 'decision'],
    ['no reason', { decision: 'cleared' }, 'reason'],
    ['an empty reason', { decision: 'cleared', reason: ' ' }, 'reason'],
    ['a long reason', { decision: 'cleared', reason: 'x'.repeat(501) }, 'reason'],
    ['an unknown field', { decision: 'cleared', reason: 'x', colour: 'red' }, 'colour'],
  ])('%s is refused', async (_, body, path) => {
    const { finance } = await story(0);
    const answer = await edges.call('POST', `/v1/fraud/reviews/${engine.newId()}/decide`, { as: finance, body });
    expect([answer.status, answer.body.errors[0].path]).toEqual([400, path]);
  });

  it.each<[string, object, string]>([
    ['no reason', {}, 'reason'],
    ['a threshold of zero', { threshold: 0, reason: 'x' }, 'threshold'],
    ['a threshold above all scores', { threshold: 101, reason: 'x' }, 'threshold'],
    ['a rule that is none', { rules: { luck: {} }, reason: 'x' }, 'rules.luck'],
    ['a number that the rule has not', { rules: { ring: { windowHours: 3 } }, reason: 'x' }, 'rules.ring.windowHours'],
    ['a number out of bounds', { rules: { ring: { windowDays: 91 } }, reason: 'x' }, 'rules.ring.windowDays'],
    ['a fraction', { rules: { velocity: { points: 1.5 } }, reason: 'x' }, 'rules.velocity.points'],
  ])('of rules: %s is refused, and nothing is set', async (_, body, path) => {
    const { setRules, rules } = await story(0);
    const answer = await setRules(body);
    expect([answer.status, answer.body.errors?.[0].path]).toEqual([400, path]);
    expect((await rules()).version).toBe(0);
  });

  it('nobody but finance and support sees reviews, and none but administrators sets rules', async () => {
    const { tenantId, people, finance, key } = await story(0);
    const partner = await edges.person(tenantId, people[0]!);
    for (const as of [partner, key]) {
      expect((await edges.call('GET', '/v1/fraud/reviews', { as })).status).toBe(403);
      expect((await edges.call('GET', '/v1/fraud/rules', { as })).status).toBe(403);
    }
    expect((await edges.call('PUT', '/v1/fraud/rules', { as: finance, body: { reason: 'x' } })).status).toBe(403);
    const unknown = await edges.call('GET', `/v1/fraud/reviews/${engine.newId()}`, { as: finance });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
