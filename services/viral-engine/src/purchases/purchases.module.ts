import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { Members } from '../members/ensure-member.js';
import { MemberStore } from '../members/member.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { Websites } from '../websites/learn-website.js';
import { WebsiteStore } from '../websites/website.store.js';
import { commitPurchaseGroup, recoverPurchaseGroup } from './commit-purchase-group.js';
import { FindPurchase } from './find-purchase.js';
import type { PurchaseItem, PurchaseOutcome } from './purchase-group.js';
import { PurchaseGroupStore } from './purchase-group.store.js';
import { PurchaseStateStore } from './purchase-states.store.js';
import { PurchaseStore } from './purchase.store.js';
import { PurchasesGrpc } from './purchases.grpc.js';
import { PurchasesHttp } from './purchases.http.js';
import { ReconciliationGrpc, STATE_READS } from './reconciliation.grpc.js';
import { RecordPurchase } from './record-purchase.js';

/** The one writer of purchases: concurrent callers share database transactions. */
export function purchaseWriter(runtime: Runtime): GroupWriter<PurchaseItem, PurchaseOutcome> {
  const { config, pool, clock, newId, lifecycle } = runtime;
  const purchases = new PurchaseStore(pool);
  const writer = new GroupWriter<PurchaseItem, PurchaseOutcome>({
    name: 'purchases',
    maxGroup: config.PURCHASE_GROUP_MAX,
    maxWaitMs: config.PURCHASE_GROUP_WAIT_MS,
    maxQueued: config.PURCHASE_QUEUE_MAX,
    concurrency: config.PURCHASE_WRITERS,
    commit: async (items) => {
      const outcomes = await inDatabaseTransaction(pool, (tx) =>
        commitPurchaseGroup(new PurchaseGroupStore(tx, runtime), items, { now: clock.now(), newId }),
      );
      count(outcomes);
      return outcomes;
    },
    resolveAfterLostCommit: (items) => recoverPurchaseGroup(purchases, items),
  });
  lifecycle.onStop('relay', 'purchase-writer', () => writer.close());
  return writer;
}

const recorded = counter('dailydoco_purchases_recorded_total');
const accrued = counter('dailydoco_commissions_accrued_total');

function count(outcomes: readonly PurchaseOutcome[]): void {
  for (const outcome of outcomes) {
    if (outcome.kind !== 'recorded') continue;
    recorded.add(1, { outcome: outcome.created ? 'created' : 'existing' });
    if (!outcome.created) continue;
    for (const { kind } of outcome.purchase.commissions) accrued.add(1, { kind });
  }
}

function recordPurchase(runtime: Runtime): RecordPurchase {
  const { pool, clock, newId, randomBytes, users, sites, outbox } = runtime;
  const purchases = new PurchaseStore(pool);
  return new RecordPurchase({
    writer: purchaseWriter(runtime),
    members: new Members({
      directory: users,
      withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new MemberStore(tx, { outbox, newId }))),
      clock,
      randomBytes,
    }),
    websites: new Websites({ directory: sites, book: new WebsiteStore(pool), clock }),
    isRecorded: (tenantId, externalId) => purchases.isRecorded(tenantId, externalId),
    clock,
    newId,
  });
}

@Module({
  providers: [
    { provide: RecordPurchase, useFactory: recordPurchase, inject: [RUNTIME] },
    {
      provide: FindPurchase,
      useFactory: ({ pool }: Runtime) => new FindPurchase(new PurchaseStore(pool)),
      inject: [RUNTIME],
    },
    { provide: STATE_READS, useFactory: ({ pool }: Runtime) => new PurchaseStateStore(pool), inject: [RUNTIME] },
  ],
  controllers: [PurchasesHttp, PurchasesGrpc, ReconciliationGrpc],
})
export class PurchasesModule {}
