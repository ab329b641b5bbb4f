import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { checkBooks, type Engine, START, startEngine, usd } from '../../test/engine.js';
import type { CommissionId, TenantId, UserId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { PurchaseStore } from '../purchases/purchase.store.js';
import { recordRefund } from '../refunds/record-refund.js';
import { RefundStore } from '../refunds/refund.store.js';
import { DueStore } from './due.store.js';
import { decideCommissions } from './decide-commissions.js';
import { DecisionStore } from './decision.store.js';
import { releaseDue, releaseUpdate } from './release-due.js';
import { settleHolds } from './settle-holds.js';

const DAY = 86_400_000;
const day = (n: number) => new Date(START.getTime() + n * DAY);

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

beforeEach(() => engine.clock.set(START));

const inStore = <T>(work: (store: DueStore) => Promise<T>): Promise<T> =>
  inDatabaseTransaction(engine.pool, (tx) => work(new DueStore(tx, engine.outbox)));

const release = (limit = 100) => inStore((store) => releaseDue(store, { now: engine.clock.now(), limit }));

/** Everything there is to hold or lift, in steps as small as they get. */
async function settle(limit = 100): Promise<void> {
  while (await inStore((store) => settleHolds(store, { now: engine.clock.now(), limit })));
}

async function sale(levels = 3): Promise<{ tenantId: TenantId; people: UserId[]; purchase: PurchaseRecord }> {
  const tenantId = engine.newTenant();
  const people = await engine.line(tenantId, levels);
  return { tenantId, people, purchase: await engine.record(engine.order(tenantId, people[0]!)) };
}

const now = async ({ tenantId, id }: PurchaseRecord) => (await new PurchaseStore(engine.pool).byId(tenantId, id))!;
const statuses = async (purchase: PurchaseRecord) => (await now(purchase)).commissions.map(({ status }) => status);

describe('Release', () => {
  it('comes when the hold is over, not a millisecond before, in one event per purchase', async () => {
    const { purchase } = await sale();
    engine.clock.set(new Date(day(30).getTime() - 1));
    await release();
    expect(await statuses(purchase)).toEqual(['pending', 'pending', 'pending']);
    engine.clock.set(day(30));
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'available', 'available']);
    const events = await engine.eventsOf(purchase);
    expect(events.map(({ name }) => name)).toEqual(['PurchaseRecorded', 'CommissionsAccrued', 'CommissionsReleased']);
    expect(events[2]!.payload.changes!.map(({ deltaMicros }) => deltaMicros)).toEqual([0n, 0n, 0n]);
    await release();
    expect(await engine.eventsOf(purchase)).toHaveLength(3);
  });

  it('also comes for what was due at the split already, and not with the split', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await engine.addPlan(tenantId, { planId: 'standard', holdDays: 0 });
    const purchase = await engine.record(engine.order(tenantId, buyer!));
    expect(await statuses(purchase)).toEqual(['pending']);
    await release();
    expect(await statuses(purchase)).toEqual(['available']);
  });

  it('works through more than a batch, and shares the work of many replicas without doing any of it twice', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 2);
    const purchases: PurchaseRecord[] = [];
    for (let n = 0; n < 30; n += 1) purchases.push(await engine.record(engine.order(tenantId, buyer!)));
    engine.clock.set(day(31));
    const replica = async () => {
      while ((await release(4)) > 0);
    };
    await Promise.all([replica(), replica(), replica(), replica()]);
    await replica();
    for (const purchase of purchases) {
      expect(await statuses(purchase)).toEqual(['available', 'available']);
      expect(await engine.eventsOf(purchase)).toHaveLength(3);
    }
  });

  it('passes over what somebody else has in hand, and comes back for it', async () => {
    const { purchase } = await sale();
    engine.clock.set(day(40));
    await inDatabaseTransaction(engine.pool, async (tx) => {
      await tx.query('SELECT 1 FROM purchase_state WHERE purchase_id = $1 FOR NO KEY UPDATE', [purchase.id]);
      await release();
      expect(await statuses(purchase)).toEqual(['pending', 'pending', 'pending']);
    });
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'available', 'available']);
  });

  it('never reaches a suspended person, even before the holds were settled, and is not held up by them', async () => {
    const { tenantId, people, purchase } = await sale();
    engine.clock.set(day(30));
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    expect(await release(1)).toBeGreaterThan(0);
    while ((await release(1)) > 0);
    expect(await statuses(purchase)).toEqual(['pending', 'available', 'available']);
  });
});

describe('When a purchase falls due', () => {
  const dueAt = async ({ tenantId, id }: PurchaseRecord): Promise<Date | null | undefined> => {
    const { rows } = await engine.pool.query<{ due_at: Date | null }>(
      'SELECT due_at FROM purchase_state WHERE tenant_id = $1 AND purchase_id = $2',
      [tenantId, id],
    );
    return rows[0]?.due_at;
  };
  const hold = (id: CommissionId, tenantId: TenantId, kind: 'hold' | 'lift') =>
    inDatabaseTransaction(engine.pool, (tx) =>
      decideCommissions(
        new DecisionStore(tx, engine.outbox),
        { tenantId, commissionIds: [id], decision: { kind, cause: 'dispute' }, reason: 'spec', decidedBy: 'spec' },
        { now: engine.clock.now(), newId: engine.newId },
      ),
    );

  it('is known from the split on, and nothing once all is released', async () => {
    const { purchase } = await sale();
    expect(await dueAt(purchase)).toEqual(day(30));
    engine.clock.set(day(30));
    await release();
    expect(await dueAt(purchase)).toBeNull();
    const tenantId = engine.newTenant();
    const [alone] = await engine.line(tenantId, 0);
    expect(await dueAt(await engine.record(engine.order(tenantId, alone!)))).toBeNull();
  });

  it('follows what was held and lifted: nothing is left, then what is due later', async () => {
    const { tenantId, purchase } = await sale(1);
    const [entry] = purchase.commissions;
    await hold(entry!.id, tenantId, 'hold');
    engine.clock.set(day(30));
    expect(await release()).toBe(1);
    expect(await release()).toBe(0);
    expect(await dueAt(purchase)).toBeNull();
    expect((await now(purchase)).changedAt).toEqual(day(0));
    engine.clock.set(day(40));
    await hold(entry!.id, tenantId, 'lift');
    expect(await dueAt(purchase)).toEqual(day(70));
    engine.clock.set(day(70));
    await release();
    expect(await statuses(purchase)).toEqual(['available']);
  });

  it('is told by the database where a version that does not know the queue writes', async () => {
    const { tenantId, people, purchase } = await sale(1);
    await engine.pool.query('UPDATE purchase_state SET due_at = NULL WHERE tenant_id = $1', [tenantId]);
    const [{ id } = {}] = purchase.commissions;
    const set = (state: string) =>
      engine.pool.query(`UPDATE commission SET ${state} WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
    await set("status = 'held', hold_causes = '{finance}', held_since = now()");
    expect(await dueAt(purchase)).toBeNull();
    await set(`status = 'pending', hold_causes = '{}', held_since = NULL, available_at = '${day(35).toISOString()}'`);
    expect(await dueAt(purchase)).toEqual(day(35));
    await set(`available_at = '${day(33).toISOString()}'`);
    expect(await dueAt(purchase)).toEqual(day(33));

    const later = await engine.record(engine.order(tenantId, people[0]!));
    await engine.pool.query('UPDATE purchase_state SET due_at = DEFAULT WHERE purchase_id = $1', [later.id]);
    // Stored by the millisecond, rounded: it may be the next one.
    expect((await dueAt(later))!.getTime()).toBeLessThanOrEqual(Date.now() + 1);
  });
});

describe('A release in one statement', () => {
  const refund = (purchase: PurchaseRecord, requested: ReturnType<typeof usd>) =>
    inDatabaseTransaction(engine.pool, (tx) =>
      recordRefund(
        new RefundStore(tx, engine.outbox),
        {
          tenantId: purchase.tenantId,
          purchaseId: purchase.id,
          externalId: engine.newId(),
          reason: 'requested',
          requested,
        },
        { now: engine.clock.now(), newId: engine.newId },
      ),
    );
  const decide = ({ tenantId, commissions }: PurchaseRecord, kind: 'hold' | 'forfeit', ...levels: number[]) =>
    inDatabaseTransaction(engine.pool, (tx) =>
      decideCommissions(
        new DecisionStore(tx, engine.outbox),
        {
          tenantId,
          commissionIds: commissions.filter(({ level }) => levels.includes(level)).map(({ id }) => id),
          decision: kind === 'hold' ? { kind, cause: 'dispute' } : { kind },
          reason: 'spec',
          decidedBy: 'spec',
        },
        { now: engine.clock.now(), newId: engine.newId },
      ),
    );

  it('does exactly what the rule says, whatever became of the purchases before', async () => {
    const { tenantId, people, purchase } = await sale(4);
    const purchases = [purchase];
    for (let n = 1; n < 9; n += 1) {
      engine.clock.set(day(n % 4));
      purchases.push(await engine.record(engine.order(tenantId, people[n % 2]!)));
    }
    await refund(purchases[1]!, usd('10.00'));
    await refund(purchases[2]!, usd('79.00'));
    await decide(purchases[8]!, 'hold', 1, 2);
    await decide(purchases[4]!, 'forfeit', 2);
    await decide(purchases[5]!, 'hold', 1, 2, 3, 4);
    await engine.setStatus(tenantId, people[3]!, 'suspended');
    engine.clock.set(day(32));
    const before = await Promise.all(purchases.map(now));
    const suspended = new Set([people[3]!]);
    const ruled = before.map((each) => releaseUpdate(each, { now: day(32), suspended }));
    expect(ruled.map(({ isEmpty }) => isEmpty)).toEqual([false, false, true, true, false, true, false, true, false]);
    while ((await release(3)) > 0);
    for (const [index, { purchase: expected, changes, events }] of ruled.entries()) {
      expect(await now(expected)).toEqual(expected);
      const { rows } = await engine.pool.query(
        `SELECT commission_id, delta_micros, c.net_micros, c.available_at, from_status, to_status, reason, changed_at
         FROM commission_change c JOIN commission e ON e.tenant_id = c.tenant_id AND e.id = c.commission_id
         WHERE c.tenant_id = $1 AND c.purchase_id = $2 AND purchase_sequence > $3 ORDER BY e.level`,
        [tenantId, expected.id, before[index]!.sequence],
      );
      expect(rows).toEqual(
        changes.map((change) => ({
          commission_id: change.commissionId,
          delta_micros: change.deltaMicros,
          net_micros: change.netMicros,
          available_at: change.availableAt,
          from_status: change.fromStatus,
          to_status: change.toStatus,
          reason: change.reason,
          changed_at: change.changedAt,
        })),
      );
      const told = (await engine.eventsOf(expected)).slice(Number(before[index]!.sequence));
      const moved = (fact: object) => ('moves' in fact ? (fact.moves as { commissionId: string }[]) : []);
      expect(told.map(({ key, payload }) => [key, payload.purchaseSequence, payload.changes!.length])).toEqual(
        events.map(({ buyerId, sequence, fact }) => [buyerId, sequence, moved(fact).length]),
      );
      expect(told.flatMap(({ payload }) => payload.changes!.map(({ commissionId }) => commissionId))).toEqual(
        events.flatMap(({ fact }) => moved(fact).map(({ commissionId }) => commissionId)),
      );
    }
  });

  it('numbers no purchase anew that has come to another sequence than the one it was locked at', async () => {
    const { purchase } = await sale();
    engine.clock.set(day(30));
    const wrongly = inStore(async (store) => {
      const due = await store.lockDue({ now: day(30), limit: 100, lane: 0, lanes: 1 });
      expect(due).toEqual([expect.objectContaining({ purchaseId: purchase.id, sequence: 3n })]);
      return store.release(
        due.map((each) => ({ ...each, sequence: 4n })),
        day(30),
      );
    });
    await expect(wrongly).rejects.toThrow('1 purchases released, 0 of them numbered');
    expect(await statuses(purchase)).toEqual(['pending', 'pending', 'pending']);
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'available', 'available']);
  });

  it('stands in nobody’s way: meanwhile purchases are recorded, others released, and only a refund of the same waits', async () => {
    const { tenantId, people, purchase } = await sale();
    engine.clock.set(day(1));
    const later = await engine.record(engine.order(tenantId, people[0]!));
    engine.clock.set(day(31));
    let waiting: Promise<unknown> | undefined;
    await inStore(async (store) => {
      expect(await releaseDue(store, { now: day(30), limit: 1 })).toBe(1);
      await engine.record(engine.order(tenantId, people[0]!));
      while ((await release()) > 0);
      await refund(later, usd('1.00'));
      expect(await statuses(later)).toEqual(['available', 'available', 'available']);
      waiting = refund(purchase, usd('79.00'));
      expect(await statuses(purchase)).toEqual(['pending', 'pending', 'pending']);
    });
    await waiting;
    expect(await statuses(purchase)).toEqual(['reversed', 'reversed', 'reversed']);
    expect((await engine.eventsOf(purchase)).map(({ name }) => name).slice(2)).toEqual([
      'CommissionsReleased',
      'RefundRecorded',
      'CommissionsReversed',
    ]);
  });
});

describe('A suspension', () => {
  it('holds the pending entries, and reactivation lifts them later by the time held', async () => {
    const { tenantId, people, purchase } = await sale();
    engine.clock.set(day(10));
    await engine.setStatus(tenantId, people[2]!, 'suspended');
    engine.clock.set(new Date(day(10).getTime() + 5_000));
    await settle();
    expect(await statuses(purchase)).toEqual(['pending', 'held', 'pending']);
    engine.clock.set(day(50));
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'held', 'available']);
    await engine.setStatus(tenantId, people[2]!, 'active');
    await settle();
    const [, lifted] = (await now(purchase)).commissions;
    // Held from day 10 to day 50: due on day 70 instead of day 30, however late the settling came by.
    expect(lifted).toMatchObject({ status: 'pending', availableAt: day(70), holdCauses: [], heldSince: undefined });
    engine.clock.set(day(70));
    await release();
    expect(await statuses(purchase)).toEqual(['available', 'available', 'available']);
    expect((await engine.eventsOf(purchase)).map(({ name, payload }) => payload['reason'] ?? name)).toEqual([
      'PurchaseRecorded',
      'CommissionsAccrued',
      'beneficiary_suspended',
      'CommissionsReleased',
      'lifted',
      'CommissionsReleased',
    ]);
  });

  it('leaves what is available alone, and new splits pay the suspended nothing', async () => {
    const { tenantId, people, purchase } = await sale();
    engine.clock.set(day(30));
    await release();
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    await settle();
    expect(await statuses(purchase)).toEqual(['available', 'available', 'available']);
    const later = await engine.record(engine.order(tenantId, people[0]!));
    expect(later.commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([people[2], people[3]]);
  });

  it('reaches every pending entry of many purchases, in small steps shared by many replicas', async () => {
    const { tenantId, people } = await sale();
    const purchases: PurchaseRecord[] = [];
    for (let n = 0; n < 25; n += 1) purchases.push(await engine.record(engine.order(tenantId, people[0]!)));
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    await Promise.all([settle(3), settle(3), settle(3)]);
    await settle();
    for (const purchase of purchases) expect(await statuses(purchase)).toEqual(['held', 'pending', 'pending']);
    const { rows } = await engine.pool.query('SELECT 1 FROM member WHERE tenant_id = $1 AND hold_sweep_due', [
      tenantId,
    ]);
    expect(rows).toEqual([]);
  });

  it('goes on where the last step came to, short of what somebody else has in hand, and begins anew with another status', async () => {
    const { tenantId, people, purchase } = await sale();
    const purchases = [purchase];
    for (let n = 1; n < 6; n += 1) purchases.push(await engine.record(engine.order(tenantId, people[0]!)));
    const person = people[1]!;
    const sweptTo = async () => {
      const { rows } = await engine.pool.query<{ hold_sweep_due: boolean; hold_swept_to: string | null }>(
        'SELECT hold_sweep_due, hold_swept_to FROM member WHERE tenant_id = $1 AND user_id = $2',
        [tenantId, person],
      );
      return [rows[0]!.hold_sweep_due, rows[0]!.hold_swept_to];
    };
    const step = (limit: number) => inStore((store) => settleHolds(store, { now: engine.clock.now(), limit }));
    const entry = (n: number) => purchases[n]!.commissions[0]!.id;

    await engine.setStatus(tenantId, person, 'suspended');
    expect(await step(2)).toBe(true);
    expect(await sweptTo()).toEqual([true, entry(1)]);
    await inDatabaseTransaction(engine.pool, async (tx) => {
      await tx.query('SELECT 1 FROM purchase_state WHERE purchase_id = $1 FOR NO KEY UPDATE', [purchases[3]!.id]);
      expect(await step(100)).toBe(true);
      expect(await sweptTo()).toEqual([true, entry(2)]);
      expect(await step(100)).toBe(false);
    });
    const first = async () => (await Promise.all(purchases.map(statuses))).map(([status]) => status);
    expect(await first()).toEqual(['held', 'held', 'held', 'pending', 'held', 'held']);

    await engine.setStatus(tenantId, person, 'active');
    expect(await sweptTo()).toEqual([true, null]);
    expect(await step(3)).toBe(true);
    await engine.setStatus(tenantId, person, 'suspended');
    await settle();
    expect(await sweptTo()).toEqual([false, null]);
    expect(await first()).toEqual(purchases.map(() => 'held'));
  });

  it('and a refund of a held entry shrinks it and leaves it held; a full one closes the hold', async () => {
    const { tenantId, people, purchase } = await sale();
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    await settle();
    const refund = (amount: string) =>
      inDatabaseTransaction(engine.pool, (tx) =>
        recordRefund(
          new RefundStore(tx, engine.outbox),
          {
            tenantId,
            purchaseId: purchase.id,
            externalId: engine.newId(),
            reason: 'requested',
            requested: usd(amount),
          },
          { now: engine.clock.now(), newId: engine.newId },
        ),
      );
    await refund('39.50');
    expect((await now(purchase)).commissions[0]).toMatchObject({ status: 'held', netMicros: 7_900_000n });
    await refund('39.50');
    expect((await now(purchase)).commissions[0]).toMatchObject({
      status: 'reversed',
      netMicros: 0n,
      heldSince: undefined,
    });
    await engine.setStatus(tenantId, people[1]!, 'active');
    await settle();
    expect(await statuses(purchase)).toEqual(['reversed', 'reversed', 'reversed']);
  });

  it('that ends before it was settled holds nothing', async () => {
    const { tenantId, people, purchase } = await sale();
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    await engine.setStatus(tenantId, people[1]!, 'active');
    await settle();
    expect(await statuses(purchase)).toEqual(['pending', 'pending', 'pending']);
    expect(await engine.eventsOf(purchase)).toHaveLength(2);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
