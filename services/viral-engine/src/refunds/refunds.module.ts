import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { RefundReadStore, RefundStore } from './refund.store.js';
import { Refunds } from './refunds.js';
import { RefundsHttp } from './refunds.http.js';

function refunds({ pool, outbox, idempotency, clock, newId }: Runtime): Refunds {
  return new Refunds({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new RefundStore(tx, outbox))),
    reads: new RefundReadStore(pool),
    clock,
    newId,
  });
}

@Module({
  providers: [{ provide: Refunds, useFactory: refunds, inject: [RUNTIME] }],
  controllers: [RefundsHttp],
})
export class RefundsModule {}
