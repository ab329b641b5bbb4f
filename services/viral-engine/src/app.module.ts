import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { ClicksModule } from './clicks/clicks.module.js';
import { CommissionsModule } from './commissions/commissions.module.js';
import { CouponsModule } from './coupons/coupons.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { FraudModule } from './fraud/fraud.module.js';
import { DisputesModule } from './disputes/disputes.module.js';
import { LinksModule } from './links/links.module.js';
import { NetworkModule } from './network/network.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { PlansModule } from './plans/plans.module.js';
import { PurchasesModule } from './purchases/purchases.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { RefundsModule } from './refunds/refunds.module.js';
import { TransparencyModule } from './transparency/transparency.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { RUNTIME, type Runtime } from './runtime.js';
import { SimulationsModule } from './simulations/simulations.module.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [
        runtimeModule(RUNTIME, runtime),
        PlansModule,
        SimulationsModule,
        PurchasesModule,
        CustomersModule,
        RefundsModule,
        WebhooksModule,
        CommissionsModule,
        FraudModule,
        DisputesModule,
        ReferralsModule,
        NetworkModule,
        LinksModule,
        CouponsModule,
        ClicksModule,
        TransparencyModule,
        NotificationsModule,
      ],
    };
  }
}
