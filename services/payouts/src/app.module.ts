import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { LedgerModule } from './ledger/ledger.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { StripeEventsModule } from './rails/stripe/stripe-events.module.js';
import { RUNTIME, type Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [runtimeModule(RUNTIME, runtime), LedgerModule, PayoutsModule, StripeEventsModule],
    };
  }
}
