import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { settleHolds } from '../src/commissions/settle-holds.js';
import { asPurchaseId, type PurchaseId, type TenantId } from '../src/ids.js';
import { commitPurchaseGroup } from '../src/purchases/commit-purchase-group.js';
import type { PurchaseOrder } from '../src/purchases/purchase.js';
import type { PurchaseItem, PurchaseOutcome } from '../src/purchases/purchase-group.js';
import { PurchaseGroupStore } from '../src/purchases/purchase-group.store.js';
import { recordRefund } from '../src/refunds/record-refund.js';
import { RefundStore } from '../src/refunds/refund.store.js';
import { restoreChargeback } from '../src/refunds/restore-chargeback.js';
import { checkBooks, type Engine, startEngine, usd } from './engine.js';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

/** A replica's writer; `buyers` are met in ever other orders, so that groups would deadlock if they locked as they come. */
function replica(): GroupWriter<PurchaseItem, PurchaseOutcome> {
  return new GroupWriter<PurchaseItem, PurchaseOutcome>({
    name: 'purchases',
    maxGroup: 20,
    maxWaitMs: 1,
    concurrency: 2,
    commit: (items) =>
      inDatabaseTransaction(
        engine.pool,
        (tx) =>
          commitPurchaseGroup(new PurchaseGroupStore(tx, engine.tools), items, {
            now: engine.clock.now(),
            newId: engine.newId,
          }),
        // A deadlock would be retried in silence; here it must not happen at all.
        { maxAttempts: 1 },
      ),
  });
}

const submit = (writer: GroupWriter<PurchaseItem, PurchaseOutcome>, order: PurchaseOrder) =>
  writer.submit({
    id: asPurchaseId(engine.newId()),
    order,
    receivedAt: engine.clock.now(),
    idempotency: undefined,
    ignoreWebsiteOwner: false,
    traceparent: undefined,
  });

/** Refunds a part as a chargeback, and wins every second one back. */
async function disturb(tenantId: TenantId, purchaseId: PurchaseId, win: boolean): Promise<void> {
  const { pool, outbox, clock, newId } = engine;
  const order = { tenantId, purchaseId, externalId: newId(), reason: 'chargeback' as const, requested: usd('7.77') };
  const { refund } = await inDatabaseTransaction(pool, (tx) =>
    recordRefund(new RefundStore(tx, outbox), order, { now: clock.now(), newId }),
  );
  if (!win) return;
  await inDatabaseTransaction(pool, (tx) =>
    restoreChargeback(new RefundStore(tx, outbox), { tenantId, refundId: refund.id, at: clock.now() }),
  );
}

describe('Everything at once', () => {
  it('deadlocks nowhere and keeps the books', async () => {
    const tenantId = engine.newTenant();
    const people = await engine.line(tenantId, 8);
    await engine.addPlan(tenantId, { planId: 'standard', holdDays: 0 });
    const writers = [replica(), replica()];
    const orders = Array.from({ length: 300 }, (_, n) => engine.order(tenantId, people[n % people.length]!));
    const running = { purchases: true };

    const buying = Promise.all(
      // Every sale is told to both replicas, in opposite orders.
      [orders, orders.toReversed()].flatMap((told, index) =>
        told.map(async (order, n) => {
          const outcome = await submit(writers[index]!, order);
          if (outcome.kind !== 'recorded') throw new Error(JSON.stringify(outcome));
          if (n % 5 === 0) await disturb(tenantId, outcome.purchase.id, n % 2 === 0);
          return outcome;
        }),
      ),
    ).finally(() => (running.purchases = false));
    const changing = (async () => {
      for (let n = 0; running.purchases; n += 1) {
        await engine.setStatus(tenantId, people[n % people.length]!, 'suspended');
        await engine.setStatus(tenantId, people[n % people.length]!, 'active');
      }
    })();
    const working = [1, 2].map(async () => {
      while (running.purchases) {
        const now = engine.clock.now();
        await inDatabaseTransaction(engine.pool, (tx) =>
          settleHolds(new DueStore(tx, engine.outbox), { now, limit: 7 }),
        );
        await inDatabaseTransaction(engine.pool, (tx) =>
          releaseDue(new DueStore(tx, engine.outbox), { now, limit: 7 }),
        );
      }
    });

    const outcomes = await buying;
    await Promise.all([changing, ...working]);
    expect(outcomes.filter(({ created }) => created)).toHaveLength(300);
    const { purchases, wrong } = await checkBooks(engine);
    expect(wrong).toEqual([]);
    expect(purchases).toBe(300);
    for (const writer of writers) await writer.close();
  });

  it('and every purchase of a suspended buyer is recorded all the same', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    await engine.setStatus(tenantId, buyer!, 'suspended');
    const { commissions } = await engine.record(engine.order(tenantId, buyer!));
    expect(commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([referrer]);
    await expect(disturb(tenantId, asPurchaseId(engine.newId()), false)).rejects.toBeInstanceOf(DomainError);
  });
});
