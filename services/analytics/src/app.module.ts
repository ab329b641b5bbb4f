import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { EventsModule } from './events/events.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { RUNTIME, type Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [runtimeModule(RUNTIME, runtime), EventsModule, MetricsModule] };
  }
}
