import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { ClickIds } from '../clicks/click-ids.js';
import { AttributePurchases } from '../customers/attribute-purchases.js';
import { AttributionStore } from '../customers/attribution.store.js';
import { CustomerUsers } from '../customers/customer.store.js';
import { recordUnattributed } from '../customers/record-unattributed.js';
import { UnattributedReadStore, UnattributedStore } from '../customers/unattributed.store.js';
import { PaymentFingerprints } from '../fraud/payment-fingerprints.js';
import { membersOf } from '../members/members.module.js';
import { firstPurchaseConversion } from '../referrals/referrals.module.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { Websites } from '../websites/learn-website.js';
import { WebsiteStore } from '../websites/website.store.js';
import { commitPurchaseGroup, recoverPurchaseGroup } from './commit-purchase-group.js';
import { FindPurchase } from './find-purchase.js';
import type { PurchaseItem, PurchaseOutcome } from './purchase-group.js';
import { PurchaseGroupStore } from './purchase-group.store.js';
import { PurchaseStateStore } from './purchase-states.store.js';
import { lostGroupReads, PurchaseStore } from './purchase.store.js';
import { PurchasesGrpc } from './purchases.grpc.js';
import { PurchasesHttp } from './purchases.http.js';
import { ReconciliationGrpc, STATE_READS } from './reconciliation.grpc.js';
import type { Learning } from './learn-missing.js';
import { RecordPurchase, type UnattributedWriter } from './record-purchase.js';

/** The one writer of purchases: concurrent callers share database transactions. */
export function purchaseWriter(runtime: Runtime): GroupWriter<PurchaseItem, PurchaseOutcome> {
  const { config, pool, clock, newId, lifecycle } = runtime;
  const lost = lostGroupReads(pool, runtime.catalogues);
  const writer = new GroupWriter<PurchaseItem, PurchaseOutcome>({
    name: 'purchases',
    maxGroup: config.PURCHASE_GROUP_MAX,
    enough: config.PURCHASE_GROUP_ENOUGH,
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
    resolveAfterLostCommit: (items) => recoverPurchaseGroup(lost, items),
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

function learning(runtime: Runtime): Learning {
  const { pool, sites, clock } = runtime;
  return {
    members: membersOf(runtime),
    websites: new Websites({ directory: sites, book: new WebsiteStore(pool), clock }),
  };
}

/** Records the purchases of customers who are nobody yet. */
export function unattributedWriter({ pool, idempotency }: Pick<Runtime, 'pool' | 'idempotency'>): UnattributedWriter {
  const users = new CustomerUsers(pool);
  const reads = new UnattributedReadStore(pool);
  return {
    findUser: (tenantId, customerId) => users.findUser(tenantId, customerId),
    record: async (item) => {
      const outcome = await inDatabaseTransaction(pool, (tx) =>
        recordUnattributed(new UnattributedStore(tx, idempotency), item),
      );
      if (outcome.kind === 'unattributed') recorded.add(1, { outcome: outcome.created ? 'unattributed' : 'existing' });
      return outcome;
    },
    find: (tenantId, externalId) => reads.byExternalId(tenantId, externalId),
  };
}

/** What attributes purchases once their customers are mapped. */
export function attributePurchases(runtime: Runtime): AttributePurchases {
  const { pool, clock, newId } = runtime;
  return new AttributePurchases({
    ...learning(runtime),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new AttributionStore(tx, runtime))),
    convert: firstPurchaseConversion(runtime),
    clock,
    newId,
  });
}

/** Records purchases: over the edges, by webhooks, from files. One per process, because it has the one writer. */
export function recordPurchaseOf(runtime: Runtime): RecordPurchase {
  const { pool, clock, newId } = runtime;
  const purchases = new PurchaseStore(pool);
  return new RecordPurchase({
    ...learning(runtime),
    writer: purchaseWriter(runtime),
    unattributed: unattributedWriter(runtime),
    isRecorded: (tenantId, externalId) => purchases.isRecorded(tenantId, externalId),
    convert: firstPurchaseConversion(runtime),
    clock,
    newId,
  });
}

@Module({
  providers: [
    { provide: ClickIds, useFactory: ({ clickIds }: Runtime) => clickIds, inject: [RUNTIME] },
    { provide: RecordPurchase, useFactory: recordPurchaseOf, inject: [RUNTIME] },
    {
      provide: FindPurchase,
      useFactory: ({ pool }: Runtime) => new FindPurchase(new PurchaseStore(pool), new UnattributedReadStore(pool)),
      inject: [RUNTIME],
    },
    {
      provide: PaymentFingerprints,
      useFactory: ({ config }: Runtime) => new PaymentFingerprints(Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64')),
      inject: [RUNTIME],
    },
    { provide: STATE_READS, useFactory: ({ pool }: Runtime) => new PurchaseStateStore(pool), inject: [RUNTIME] },
  ],
  controllers: [PurchasesHttp, PurchasesGrpc, ReconciliationGrpc],
})
export class PurchasesModule {}
