import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { FreezeHttp } from './freeze.http.js';
import { Policies } from './policies.js';
import { PolicyHttp } from './policy.http.js';
import { PolicyStore } from './policy.store.js';

function policies({ pool, clock, rails }: Runtime): Policies {
  return new Policies({
    reads: new PolicyStore(pool),
    inTransaction: (tenantId, work) =>
      inDatabaseTransaction(pool, async (tx) => {
        const store = new PolicyStore(tx);
        await store.lock(tenantId);
        return work(store);
      }),
    rails,
    clock,
  });
}

@Module({
  providers: [{ provide: Policies, useFactory: policies, inject: [RUNTIME] }],
  controllers: [PolicyHttp, FreezeHttp],
})
export class PoliciesModule {}
