import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { PlanStore } from './plan.store.js';
import { Plans } from './plans.js';
import { PlansHttp } from './plans.http.js';

function plans({ pool, outbox, idempotency, clock }: Runtime): Plans {
  return new Plans({
    read: (tenantId) => inDatabaseTransaction(pool, (tx) => new PlanStore(tx, outbox).read(tenantId)),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new PlanStore(tx, outbox))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new PlanStore(tx, outbox))),
    clock,
  });
}

@Module({
  providers: [{ provide: Plans, useFactory: plans, inject: [RUNTIME] }],
  controllers: [PlansHttp],
})
export class PlansModule {}
