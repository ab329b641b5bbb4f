import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { SealedOnce } from '../secrets/sealed-once.adapter.js';
import { UserStore } from '../users/user.store.js';
import { Recovery } from './recover-access.js';
import { RecoveryHttp } from './recovery.http.js';
import { RecoveryStore } from './recovery.store.js';

function recovery(runtime: Runtime): Recovery {
  const { pool, clock, passwords, loginLimits } = runtime;
  const once = new SealedOnce(runtime);
  return new Recovery({
    findByEmail: (email) => new UserStore(pool, runtime).findByEmail(email),
    once: (call, work) => once.run(call, (tx) => work(new RecoveryStore(tx, runtime))),
    hashPassword: (password) => passwords.hash(password),
    limit: (email) => loginLimits.take({ account: `mail ${email}`, address: `mail ${email}` }),
    clock,
  });
}

@Module({
  providers: [{ provide: Recovery, useFactory: recovery, inject: [RUNTIME] }],
  controllers: [RecoveryHttp],
})
export class RecoveryModule {}
