import { setImmediate } from 'node:timers/promises';
import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { PurchaseHistoryStore } from './purchase-history.store.js';
import { SimulatePlan } from './simulate-plan.js';
import { SimulationsHttp } from './simulations.http.js';

/** A simulation sees one moment of the database and can write nothing there. */
export function simulatePlan({ pool }: Pick<Runtime, 'pool'>): SimulatePlan {
  return new SimulatePlan({
    withHistory: (work) =>
      inDatabaseTransaction(
        pool,
        async (tx) => {
          await tx.query('SET TRANSACTION READ ONLY');
          return work(new PurchaseHistoryStore(tx));
        },
        { isolation: 'repeatable read', maxAttempts: 1 },
      ),
    giveWay: () => setImmediate(),
  });
}

@Module({
  providers: [{ provide: SimulatePlan, useFactory: simulatePlan, inject: [RUNTIME] }],
  controllers: [SimulationsHttp],
})
export class SimulationsModule {}
