import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { membersOf } from '../members/members.module.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { CustomerReadStore, CustomerStore } from './customer.store.js';
import { Customers } from './customers.js';
import { CustomersHttp } from './customers.http.js';

function customers(runtime: Runtime): Customers {
  const { pool, idempotency, clock } = runtime;
  return new Customers({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new CustomerStore(tx))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new CustomerStore(tx))),
    reads: new CustomerReadStore(pool),
    members: membersOf(runtime),
    clock,
  });
}

@Module({
  providers: [{ provide: Customers, useFactory: customers, inject: [RUNTIME] }],
  exports: [Customers],
  controllers: [CustomersHttp],
})
export class CustomersModule {}
