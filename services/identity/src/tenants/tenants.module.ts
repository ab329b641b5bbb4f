import { Module } from '@nestjs/common';
import { asTenantId, asUserId } from '../ids.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { SealedOnce } from '../secrets/sealed-once.adapter.js';
import { TenantOfHost } from './tenant-of-host.js';
import { TenantStore } from './tenant.store.js';
import { Tenants } from './tenants.js';
import { TenantsHttp } from './tenants.http.js';

function tenants(runtime: Runtime): Tenants {
  const { pool, clock, newId, passwords } = runtime;
  const once = new SealedOnce(runtime);
  return new Tenants({
    once: (call, work) => once.run(call, (tx) => work(new TenantStore(tx, runtime))),
    findDefaultTenant: () => new TenantStore(pool, runtime).findDefaultTenant(),
    hashPassword: (password) => passwords.hash(password),
    clock,
    newTenantId: () => asTenantId(newId()),
    newUserId: () => asUserId(newId()),
  });
}

@Module({
  providers: [
    { provide: Tenants, useFactory: tenants, inject: [RUNTIME] },
    {
      provide: TenantOfHost,
      useFactory: (runtime: Runtime) => new TenantOfHost(new TenantStore(runtime.pool, runtime), runtime.clock),
      inject: [RUNTIME],
    },
  ],
  controllers: [TenantsHttp],
  exports: [TenantOfHost],
})
export class TenantsModule {}
