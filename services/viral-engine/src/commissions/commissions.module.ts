import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { CommissionDecisions } from './commission-decisions.js';
import { CommissionStore } from './commission.store.js';
import { CommissionsHttp } from './commissions.http.js';
import { DecisionStore } from './decision.store.js';
import { DecisionsHttp } from './decisions.http.js';
import { FindCommissions } from './find-commissions.js';

function decisions({ pool, outbox, idempotency, clock, newId }: Runtime): CommissionDecisions {
  return new CommissionDecisions({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new DecisionStore(tx, outbox))),
    clock,
    newId,
  });
}

@Module({
  providers: [
    { provide: CommissionDecisions, useFactory: decisions, inject: [RUNTIME] },
    {
      provide: FindCommissions,
      useFactory: ({ pool, prisma }: Runtime) => new FindCommissions(new CommissionStore(pool, prisma)),
      inject: [RUNTIME],
    },
  ],
  controllers: [CommissionsHttp, DecisionsHttp],
})
export class CommissionsModule {}
