import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { InstallationModule } from './installation/installation.module.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { RUNTIME, type Runtime } from './runtime.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { SigningKeysModule } from './signing-keys/signing-keys.module.js';
import { TenantsModule } from './tenants/tenants.module.js';
import { UsersModule } from './users/users.module.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [
        runtimeModule(RUNTIME, runtime),
        TenantsModule,
        SessionsModule,
        UsersModule,
        RecoveryModule,
        ApiKeysModule,
        SigningKeysModule,
        InstallationModule,
      ],
    };
  }
}
