import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { LedgerModule } from './ledger/ledger.module.js';
import { MethodsModule } from './methods/methods.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { RUNTIME, type Runtime } from './runtime.js';
import { SchedulesModule } from './schedules/schedules.module.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [
        runtimeModule(RUNTIME, runtime),
        LedgerModule,
        MethodsModule,
        PoliciesModule,
        SchedulesModule,
        PayoutsModule,
      ],
    };
  }
}
