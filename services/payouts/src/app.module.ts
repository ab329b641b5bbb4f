import { type DynamicModule, Module } from '@nestjs/common';
import { LedgerModule } from './ledger/ledger.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { RuntimeModule } from './runtime.module.js';
import type { Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [RuntimeModule.with(runtime), LedgerModule, PayoutsModule] };
  }
}
