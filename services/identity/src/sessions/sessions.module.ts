import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { isDisposableDomain } from '../fingerprints/disposable-domains.adapter.js';
import { fingerprintsOf } from '../fingerprints/fingerprints.js';
import { asUserId } from '../ids.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { SealedOnce } from '../secrets/sealed-once.adapter.js';
import { TenantStore } from '../tenants/tenant.store.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { UserStore } from '../users/user.store.js';
import { Auth, type AuthBooks } from './auth.js';
import { AuthHttp } from './auth.http.js';
import { OwnSessions } from './own-sessions.js';
import { SessionStore } from './session.store.js';

const attempts = counter('dailydoco_login_attempts_total');

function auth(runtime: Runtime): Auth {
  const { pool, clock, newId, passwords, loginLimits, keyRing, askReferral, sealer } = runtime;
  const once = new SealedOnce(runtime);
  const books = (tx: DatabaseTransaction): AuthBooks => ({
    registration: new TenantStore(tx, runtime),
    sessions: new SessionStore(tx, runtime),
    users: new UserStore(tx, runtime),
  });
  return new Auth({
    once: (call, work) => once.run(call, (tx) => work(books(tx))),
    signer: keyRing,
    passwords,
    prove: {
      findByEmail: (email) => new UserStore(pool, runtime).findByEmail(email),
      passwords,
      limits: loginLimits,
      attempted: (outcome) => attempts.add(1, { outcome }),
    },
    askReferral,
    fingerprint: (given) =>
      fingerprintsOf(
        { tenantKey: (tenantId) => sealer.digest(tenantId, 'fingerprint key'), isDisposable: isDisposableDomain },
        given,
      ),
    clock,
    newUserId: () => asUserId(newId()),
  });
}

@Module({
  imports: [TenantsModule],
  providers: [
    { provide: Auth, useFactory: auth, inject: [RUNTIME] },
    {
      provide: OwnSessions,
      useFactory: (runtime: Runtime) =>
        new OwnSessions(
          (work) => inDatabaseTransaction(runtime.pool, (tx) => work(new SessionStore(tx, runtime))),
          runtime.clock,
        ),
      inject: [RUNTIME],
    },
  ],
  controllers: [AuthHttp],
  exports: [OwnSessions],
})
export class SessionsModule {}
