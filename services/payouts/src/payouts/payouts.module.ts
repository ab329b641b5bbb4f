import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { PayoutMethodStore } from './payout-method.store.js';
import { PayoutMethods } from './payout-method.js';
import { PayoutMethodsHttp } from './payout-methods.http.js';
import { PayoutReadStore, PayoutStore } from './payout.store.js';
import { Payouts } from './payouts.js';
import { PayoutsHttp } from './payouts.http.js';

function payouts(runtime: Runtime): Payouts {
  const { pool, idempotency, outbox, clock, newId, config, rails, withholding } = runtime;
  return new Payouts({
    once: (call, work) =>
      idempotency.run(pool, call, (tx) => work(new PayoutStore(tx, { ledger: new LedgerStore(tx, runtime), outbox }))),
    reads: new PayoutReadStore(pool),
    clock,
    newId,
    cancelWindowMs: config.PAYOUT_CANCEL_WINDOW_MS,
    reach: rails,
    withholding,
  });
}

function payoutMethods({ pool, idempotency, clock, newId }: Runtime): PayoutMethods {
  return new PayoutMethods({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new PayoutMethodStore(tx))),
    store: new PayoutMethodStore(pool),
    clock,
    newId,
  });
}

@Module({
  providers: [
    { provide: Payouts, useFactory: payouts, inject: [RUNTIME] },
    { provide: PayoutMethods, useFactory: payoutMethods, inject: [RUNTIME] },
  ],
  controllers: [PayoutsHttp, PayoutMethodsHttp],
})
export class PayoutsModule {}
