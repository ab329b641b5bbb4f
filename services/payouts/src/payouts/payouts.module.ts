import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import { destinations } from '../methods/methods.module.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { BatchReadStore } from './batch.store.js';
import { Batches } from './batches.js';
import { PayoutBatchesHttp } from './payout-batches.http.js';
import { measureDecisions, measureReviewed } from './payout-measures.module.js';
import { PayoutReadStore } from './payout-reads.store.js';
import { PayoutReviews } from './payout-reviews.js';
import { PayoutReviewsHttp } from './payout-reviews.http.js';
import { PayoutStore } from './payout.store.js';
import { Payouts } from './payouts.js';
import { PayoutsGrpc } from './payouts.grpc.js';
import { PayoutsHttp } from './payouts.http.js';
import { ReviewStore } from './review.store.js';

const booksOf = (runtime: Runtime, tx: DatabaseTransaction) => ({
  ledger: new LedgerStore(tx, runtime),
  outbox: runtime.outbox,
  withholding: runtime.withholding,
});

function payouts(runtime: Runtime): Payouts {
  const { pool, idempotency, clock, newId, config, rails } = runtime;
  return new Payouts({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new PayoutStore(tx, booksOf(runtime, tx)))),
    reads: new PayoutReadStore(pool, (work) => inDatabaseTransaction(pool, work, { isolation: 'repeatable read' })),
    clock,
    newId,
    cancelWindowMs: config.PAYOUT_CANCEL_WINDOW_MS,
    reach: rails,
  });
}

function payoutReviews(runtime: Runtime): PayoutReviews {
  const { pool, idempotency, clock } = runtime;
  return new PayoutReviews({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new ReviewStore(tx, booksOf(runtime, tx)))),
    decided: ({ changed, closed }) => {
      measureReviewed(changed);
      if (closed !== undefined) measureDecisions([closed.finding], closed.decision);
    },
    clock,
  });
}

function batches(runtime: Runtime): Batches {
  const { pool, rails, clock } = runtime;
  return new Batches({ store: new BatchReadStore(pool), rails, destinations: destinations(runtime), clock });
}

@Module({
  providers: [
    { provide: Payouts, useFactory: payouts, inject: [RUNTIME] },
    { provide: PayoutReviews, useFactory: payoutReviews, inject: [RUNTIME] },
    { provide: Batches, useFactory: batches, inject: [RUNTIME] },
  ],
  controllers: [PayoutsHttp, PayoutsGrpc, PayoutReviewsHttp, PayoutBatchesHttp],
})
export class PayoutsModule {}
