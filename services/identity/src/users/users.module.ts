import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { SealedOnce } from '../secrets/sealed-once.adapter.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UserStore } from './user.store.js';
import { Users } from './users.js';
import { REGISTRATIONS, UsersGrpc } from './users.grpc.js';
import { UsersHttp } from './users.http.js';

function users(runtime: Runtime): Users {
  const { pool, clock } = runtime;
  const once = new SealedOnce(runtime);
  return new Users({
    find: (tenantId, userId) => new UserStore(pool, runtime).find(tenantId, userId),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new UserStore(tx, runtime))),
    once: (call, work) => once.run(call, (tx) => work(new UserStore(tx, runtime))),
    clock,
  });
}

@Module({
  imports: [SessionsModule],
  providers: [
    { provide: Users, useFactory: users, inject: [RUNTIME] },
    {
      provide: REGISTRATIONS,
      useFactory: (runtime: Runtime) => new UserStore(runtime.pool, runtime),
      inject: [RUNTIME],
    },
  ],
  controllers: [UsersHttp, UsersGrpc],
})
export class UsersModule {}
