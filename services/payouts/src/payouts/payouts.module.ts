import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { PayoutReadStore, PayoutStore } from './payout.store.js';
import { Payouts } from './payouts.js';
import { PayoutsHttp } from './payouts.http.js';

function payouts(runtime: Runtime): Payouts {
  const { pool, idempotency, outbox, clock, newId, config } = runtime;
  return new Payouts({
    once: (call, work) =>
      idempotency.run(pool, call, (tx) => work(new PayoutStore(tx, { ledger: new LedgerStore(tx, runtime), outbox }))),
    reads: new PayoutReadStore(pool),
    clock,
    newId,
    cancelWindowMs: config.PAYOUT_CANCEL_WINDOW_MS,
  });
}

@Module({
  providers: [{ provide: Payouts, useFactory: payouts, inject: [RUNTIME] }],
  controllers: [PayoutsHttp],
})
export class PayoutsModule {}
