import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { events, type EventType, type ReceivedEvent } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { disputesConsumer } from '../src/disputes/disputes.consumer.js';
import type { PayoutMethodId, TenantId, UserId } from '../src/ids.js';
import type { Payout } from '../src/payouts/payout.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { addBankAccount, findingsOf } from './findings.js';

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

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const found = (...payouts: Payout[]): Promise<string[][]> => findingsOf(books, 'risk', payouts);

/** A person who was paid 40 of 1000 USD a month ago, and has rested since. */
async function paidPerson(tenantId: TenantId): Promise<{ personId: UserId; methodId: PayoutMethodId }> {
  const personId = books.newPerson();
  await books.earn(tenantId, personId, '1000.00');
  const methodId = await books.addMethod(tenantId, personId);
  await books.request({ tenantId, personId, methodId, amount: '40.00' });
  await books.work();
  await books.work();
  books.clock.advance(30 * DAY_MS);
  return { personId, methodId };
}

describe('Payouts are looked at', () => {
  it('by what the books and the methods say, many at once', async () => {
    const tenantId = books.newTenant();
    const usual = await paidPerson(tenantId);
    const changed = await paidPerson(tenantId);
    const newMethod = await books.addMethod(tenantId, changed.personId);
    const first = { personId: books.newPerson() };
    await books.earn(tenantId, first.personId, '9000.00');
    const firstMethod = await books.addMethod(tenantId, first.personId);
    const ask = (personId: UserId, methodId: PayoutMethodId, amount: string) =>
      books.request({ tenantId, personId, methodId, amount });
    const payouts = [
      await ask(usual.personId, usual.methodId, '30.00'),
      await ask(changed.personId, newMethod, '900.00'),
      await ask(first.personId, firstMethod, '8000.00'),
    ];
    // 900 are less than the 1000 that a changed method is allowed, but more than five times the average week.
    expect(await found(...payouts)).toEqual([[], [], ['first_payout_large']]);
    await set(tenantId, {
      method_changed: { hundreds: 900 },
      velocity: { hundreds: 900 },
      first_payout_large: { hundreds: 8001 },
    });
    expect(await found(...payouts)).toEqual([[], ['method_changed', 'velocity'], []]);
  });

  it('for money that was taken back, and for a balance that was below zero', async () => {
    const tenantId = books.newTenant();
    const { personId, methodId } = await paidPerson(tenantId);
    const lives = await Promise.all([1, 2, 3].map(() => books.earn(tenantId, personId, '500.00')));
    books.clock.advance(HOUR_MS);
    for (const life of lives) life.refund(life.amountMicros);
    await books.live(...lives);
    const payout = await books.request({ tenantId, personId, methodId, amount: '30.00' });
    expect(await found(payout)).toEqual([['recent_reversals']]);

    const overdrawn = await paidPerson(tenantId);
    const life = await books.earn(tenantId, overdrawn.personId, '100.00');
    await books.request({ tenantId, ...overdrawn, amount: '1050.00' });
    life.refund(life.amountMicros);
    await books.live(life);
    await books.earn(tenantId, overdrawn.personId, '200.00');
    const next = await books.request({ tenantId, ...overdrawn, amount: '30.00' });
    expect(await found(next)).toEqual([expect.arrayContaining(['negative_balance'])]);
    books.clock.advance(14 * DAY_MS);
    const later = await books.request({ tenantId, ...overdrawn, amount: '30.00' });
    expect((await found(later)).flat()).not.toContain('negative_balance');
  });

  it('for the age of the money, where the tenant wants that: the oldest is spent first', async () => {
    const tenantId = books.newTenant();
    await set(tenantId, { earnings_too_young: { enabled: true, hours: 24, percent: 50 } });
    const { personId, methodId } = await paidPerson(tenantId);
    await books.earn(tenantId, personId, '500.00');
    const old = await books.request({ tenantId, personId, methodId, amount: '910.00' });
    const mixed = await books.request({ tenantId, personId, methodId, amount: '100.00' });
    // 50 of the 100 are of the old money; the rest became available just now.
    expect(await found(old, mixed)).toEqual([
      expect.not.arrayContaining(['earnings_too_young']),
      expect.arrayContaining(['earnings_too_young']),
    ]);
    books.clock.advance(24 * HOUR_MS);
    const rested = await books.request({ tenantId, personId, methodId, amount: '100.00' });
    expect((await found(rested)).flat()).not.toContain('earnings_too_young');
  });

  it('for what its person disputes and has available already, until that is decided, in whatever order it is told', async () => {
    const tenantId = books.newTenant();
    const { personId, methodId } = await paidPerson(tenantId);
    const payout = await books.request({ tenantId, personId, methodId, amount: '30.00' });
    const common = { commissionId: newId(), purchaseId: newId(), userId: personId, openedAt: books.clock.now() };
    const tell = (told: { type: EventType; payload: unknown }[], tenant = tenantId) => {
      const place = { topic: 'viral.events.v1', partition: 0, offset: 0n } as const;
      const batch = told.map(({ type, payload }): ReceivedEvent => {
        return { id: newId(), type, tenantId: tenant, key: personId, occurredAt: books.clock.now(), payload, ...place };
      });
      return inDatabaseTransaction(books.pool, (tx) => disputesConsumer().applyBatch(tx, batch));
    };
    const opened = (disputeId: string, hold = 'already_available') => ({
      type: events.disputeOpened,
      payload: { ...common, disputeId, hold, kind: 'amount' },
    });
    const decided = (disputeId: string) => ({
      type: events.disputeDecided,
      payload: { ...common, disputeId, hold: 'already_available', outcome: 'rejected', decidedAt: books.clock.now() },
    });
    const [first, second] = [newId(), newId()];
    await tell([opened(newId(), 'held'), decided(second), opened(second)]);
    await tell([opened(newId())], books.newTenant());
    expect(await found(payout)).toEqual([[]]);
    await tell([opened(first), opened(first)]);
    expect(await found(payout)).toEqual([['open_disputes']]);
    await tell([decided(first)]);
    expect(await found(payout)).toEqual([[]]);
  });

  it('for an account that several people of the tenant have as theirs', async () => {
    const [tenantId, other] = [books.newTenant(), books.newTenant()];
    const tenEuros = { amount: '10.00', currency: 'EUR' };
    const asked: Payout[] = [];
    for (const here of [other, tenantId, tenantId, tenantId]) {
      const personId = books.newPerson();
      await books.earn(here, personId, '100.00', 'EUR');
      const methodId = await addBankAccount(books, {
        tenantId: here,
        personId,
        name: 'Ann Lee',
        account: 'one and the same',
      });
      asked.push(await books.request({ tenantId: here, personId, methodId, ...tenEuros }));
      const own = await addBankAccount(books, { tenantId: here, personId, name: 'Ann Lee', account: personId });
      if (asked.length === 4) asked.push(await books.request({ tenantId: here, personId, methodId: own, ...tenEuros }));
    }
    expect(await found(...asked)).toEqual([[], ['shared_method'], ['shared_method'], ['shared_method'], []]);
  });

  it('for their number within a day, those of other people and failed ones not counted', async () => {
    const tenantId = books.newTenant();
    const [many, other] = [await paidPerson(tenantId), await paidPerson(tenantId)];
    const payouts: Payout[] = [];
    for (let n = 0; n < 10; n += 1) payouts.push(await books.request({ tenantId, ...many, amount: '1.00' }));
    expect(await found(...payouts)).toEqual([...Array.from({ length: 9 }, () => []), ['velocity']]);
    expect(await found(await books.request({ tenantId, ...other, amount: '1.00' }))).toEqual([[]]);
    books.clock.advance(DAY_MS);
    expect(await found(await books.request({ tenantId, ...many, amount: '1.00' }))).toEqual([[]]);
  });
});

/** Sets rules directly; the edge's specs are below. */
async function set(tenantId: TenantId, rules: object): Promise<void> {
  const as = await edges.person(tenantId, books.newPerson(), ['admin']);
  const { status } = await edges.call('PUT', '/v1/risk/rules', { as, body: { rules, reason: 'a spec' } });
  expect(status).toBe(200);
}

describe('PUT /v1/risk/rules', () => {
  it('sets a version of the own tenant; what is left out is standard', async () => {
    const [tenantId, other] = [books.newTenant(), books.newTenant()];
    await set(tenantId, { shared_method: { people: 2 } });
    await set(tenantId, { velocity: { enabled: false } });
    const read = async (tenant: TenantId) => {
      const as = await edges.person(tenant, books.newPerson(), ['support']);
      const { body } = await edges.call('GET', '/v1/risk/rules', { as });
      const rules: { rule: string; enabled: boolean; settings: object }[] = body.rules;
      return [body.version, ...rules.filter(({ rule }) => rule === 'velocity' || rule === 'shared_method')];
    };
    const standard = { meaning: expect.any(String), enabled: true, decided: 0, upheld: 0, precision: null };
    const velocity = { ...standard, rule: 'velocity', settings: { payouts: 10, times: 5, hundreds: 1_000 } };
    const shared = { ...standard, rule: 'shared_method', settings: { people: 3 } };
    expect(await read(tenantId)).toEqual([2, shared, { ...velocity, enabled: false }]);
    expect(await read(other)).toEqual([0, shared, velocity]);
  });

  it.each([
    ['a number out of bounds', { rules: { shared_method: { people: 1 } }, reason: 'x' }, 'rules.shared_method.people'],
    ['a fraction', { rules: { velocity: { times: 2.5 } }, reason: 'x' }, 'rules.velocity.times'],
    ['a rule that there is not', { rules: { luck: {} }, reason: 'x' }, 'rules.luck'],
    ['a setting that there is not', { rules: { velocity: { luck: 1 } }, reason: 'x' }, 'rules.velocity.luck'],
    ['no reason', {}, 'reason'],
    ['an empty reason', { reason: ' ' }, 'reason'],
  ])('refuses %s', async (_, body, path) => {
    const as = await edges.person(books.newTenant(), books.newPerson(), ['admin']);
    const answer = await edges.call('PUT', '/v1/risk/rules', { as, body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  it('is for administrators, and to be read by finance and support', async () => {
    const tenantId = books.newTenant();
    for (const [role, read, write] of [
      ['partner', 403, 403],
      ['support', 200, 403],
      ['finance', 200, 403],
      ['owner', 200, 200],
    ] as const) {
      const as = await edges.person(tenantId, books.newPerson(), [role]);
      expect([role, (await edges.call('GET', '/v1/risk/rules', { as })).status]).toEqual([role, read]);
      const { status } = await edges.call('PUT', '/v1/risk/rules', { as, body: { reason: 'a spec' } });
      expect([role, status]).toEqual([role, write]);
    }
  });
});
