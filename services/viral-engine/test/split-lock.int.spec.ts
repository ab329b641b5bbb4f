import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { eventually } from '@dailydoco/testing';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import type { Earner } from '../src/commissions/split.js';
import { asPurchaseId, type TenantId, type UserId } from '../src/ids.js';
import { changeMemberStatus } from '../src/members/change-member.js';
import { commitPurchaseGroup } from '../src/purchases/commit-purchase-group.js';
import type { PurchaseRecord } from '../src/purchases/purchase.js';
import type { MemberRef } from '../src/purchases/group-keys.js';
import { PurchaseGroupStore } from '../src/purchases/purchase-group.store.js';
import { PurchaseStore } from '../src/purchases/purchase.store.js';
import { type Engine, START, startEngine } from './engine.js';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

/** A group that stops where the decision has been read and nothing is written yet. */
class PausedGroup extends PurchaseGroupStore {
  readonly #pause: Pause;

  constructor(sql: DatabaseTransaction, pause: Pause) {
    super(sql, engine.tools);
    this.#pause = pause;
  }

  override async readEarners(people: readonly MemberRef[]): Promise<Map<string, Earner>> {
    const earners = await super.readEarners(people);
    await this.#pause.wait();
    return earners;
  }
}

class Pause {
  readonly #reached = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  /** Called by who pauses. */
  wait(): Promise<void> {
    this.#reached.resolve();
    return this.#over.promise;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  end(): void {
    this.#over.resolve();
  }
}

const somebodyWaits = () =>
  eventually(async () => {
    const { rowCount } = await engine.pool.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(rowCount).toBe(1);
  });

async function buy(
  tenantId: TenantId,
  buyerId: UserId,
  group: (sql: DatabaseTransaction) => PurchaseGroupStore,
): Promise<PurchaseRecord> {
  const item = {
    id: asPurchaseId(engine.newId()),
    order: engine.order(tenantId, buyerId),
    receivedAt: START,
    idempotency: undefined,
    ignoreWebsiteOwner: false,
    traceparent: undefined,
  };
  const [outcome] = await inDatabaseTransaction(engine.pool, (tx) =>
    commitPurchaseGroup(group(tx), [item], { now: START, newId: engine.newId }),
  );
  if (outcome?.kind !== 'recorded') throw new Error('not recorded');
  return outcome.purchase;
}

describe('A suspension', () => {
  it('waits for the split that has read the member as active', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    const pause = new Pause();
    const purchase = buy(tenantId, buyer!, (sql) => new PausedGroup(sql, pause));
    await pause.reached;
    let isSuspended = false;
    const suspension = engine.setStatus(tenantId, referrer!, 'suspended').then(() => (isSuspended = true));
    // Which of the two is answered first once both are committed is nobody's promise.
    await somebodyWaits();
    expect(isSuspended).toBe(false);
    pause.end();
    await Promise.all([purchase, suspension]);
    expect((await purchase).commissions).toHaveLength(1);
  });

  it('keeps splits waiting until it is committed, and they see it then', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    const pause = new Pause();
    const suspension = engine.withMembers(async (members) => {
      await changeMemberStatus(members, { tenantId, userId: referrer!, status: 'suspended', at: START });
      await pause.wait();
    });
    await pause.reached;
    const purchase = buy(tenantId, buyer!, (sql) => new PurchaseGroupStore(sql, engine.tools));
    await somebodyWaits();
    pause.end();
    await suspension;
    expect((await purchase).commissions).toEqual([]);
  });

  it('keeps a release waiting, which then passes the member over', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    const { id } = await engine.record(engine.order(tenantId, buyer!));
    const now = new Date(START.getTime() + 31 * 86_400_000);
    const pause = new Pause();
    const suspension = engine.withMembers(async (members) => {
      await changeMemberStatus(members, { tenantId, userId: referrer!, status: 'suspended', at: START });
      await pause.wait();
    });
    await pause.reached;
    const release = inDatabaseTransaction(engine.pool, (tx) =>
      releaseDue(new DueStore(tx, engine.outbox), { now, limit: 9 }),
    );
    await somebodyWaits();
    pause.end();
    await Promise.all([suspension, release]);
    const found = await new PurchaseStore(engine.pool).byId(tenantId, id);
    expect(found!.commissions.map(({ status }) => status)).toEqual(['pending']);
  });
});

describe('A change of plans', () => {
  it('waits for the split that has read the plans', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    const pause = new Pause();
    const order: string[] = [];
    const purchase = buy(tenantId, buyer!, (sql) => new PausedGroup(sql, pause)).then(() => order.push('purchase'));
    await pause.reached;
    const change = engine.addPlan(tenantId, { planId: 'standard', levelsBps: [1] }).then(() => order.push('plan'));
    await somebodyWaits();
    pause.end();
    await Promise.all([purchase, change]);
    expect(order).toEqual(['purchase', 'plan']);
  });
});
