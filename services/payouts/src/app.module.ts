import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { BankFilesModule } from './bank-files/bank-files.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { MethodsModule } from './methods/methods.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { StripeEventsModule } from './rails/stripe/stripe-events.module.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { RiskModule } from './risk/risk.module.js';
import { RUNTIME, type Runtime } from './runtime.js';
import { SchedulesModule } from './schedules/schedules.module.js';
import { ScreeningModule } from './screening/screening.module.js';
import { StandingModule } from './standing/standing.module.js';
import { TaxModule } from './tax/tax.module.js';

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
        StandingModule,
        StripeEventsModule,
        BankFilesModule,
        ReconciliationModule,
        // What stops payouts before they leave.
        RiskModule,
        ScreeningModule,
        TaxModule,
        NotificationsModule,
      ],
    };
  }
}
